"""The reports of a campaign of a million judgments by 200 people, and keeping its consensus up to date.

    python -m tests.bench.bench_reports [--judgments 10000 1000000] [--json]

For each size a PostgreSQL of its own with one campaign of comparisons of six models, three judgments a
task, each person right with their own chance, prompts with three slices each, answers of 20 to 220 words. Reported is CPU of our process and of PostgreSQL's, and
this process's peak memory. The reports are made as by the job for all of them, from answers that are read once: whichever is
first pays for the reading. `settle` is the first time, with a fit of everything; `settle again` the next,
which takes that fit; then once more with a fit of everything, when nearly all that is stored changes. The bar: all
reports in 60 CPU s at a million, and each page under 200 ms (median of five turns after one to warm up).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from tests.bench.bench_claim_plan import Crowd
from tests.bench.bench_claim_submit import SETTINGS, cpu_of
from tests.bench.bench_lead import PLAIN, _where
from tests.bench.bench_lead import _timed as page_ms

if TYPE_CHECKING:
    from evalhub.campaigns.models import Campaign

PEOPLE, MODELS, TURNS = 200, 6, 5
_GROUPS = """
    INSERT INTO prompts_promptgroup (uid, created_at, workspace_id, split)
        SELECT gen_random_uuid(), now(), (SELECT min(id) FROM accounts_workspace), 'train'
        FROM prompts_prompt;
    WITH groups AS (SELECT id, row_number() OVER (ORDER BY id DESC) n FROM prompts_promptgroup),
         prompts AS (SELECT id, row_number() OVER (ORDER BY id) n FROM prompts_prompt)
    UPDATE prompts_prompt p
        SET group_id = groups.id,
            slices = jsonb_build_object('language', (ARRAY['de', 'en', 'fr', 'es'])[1 + p.id % 4],
                                        'domain', 'domain ' || p.id % 12, 'source', 'set ' || p.id % 7)
        FROM groups, prompts
        WHERE groups.n = prompts.n AND p.id = prompts.id;
"""
_ANSWERS = """
    WITH placed AS (SELECT completion_id, place FROM campaigns_taskcompletion)
    UPDATE prompts_completion c
    SET content = repeat('word ', (20 + c.id * 7919 %% 200)::int), generation_id = (%s::bigint[])[1 + (c.prompt_id + place * (1 + c.prompt_id / 6 %% 5)) %% 6]
    FROM placed WHERE completion_id = c.id
"""
_ON_A_CRITERION = """
    INSERT INTO judgments_preference (judgment_id, criterion_id, first_id, second_id, margin, both_bad)
        SELECT judgment_id, %s, first_id, second_id, margin, both_bad FROM judgments_preference
"""
# Each person is right with a chance of their own, from .5 to .98; one in ten answers is a tie.
_JUDGED = """
    INSERT INTO judgments_judgment (uid, created_at, judged_at, workspace_id, campaign_id, task_id,
                                    member_id, assignment_id, source, submission_id, body_digest,
                                    active_ms, critique, external_id)
        SELECT gen_random_uuid(), moment, moment, c.workspace_id, a.campaign_id, a.task_id,
               a.member_id, a.id, 'human', gen_random_uuid(), '', 20000 + a.id % 60000, '', ''
        FROM campaigns_assignment a JOIN campaigns_campaign c ON c.id = a.campaign_id
        CROSS JOIN LATERAL (SELECT now() - interval '10 days' * ((a.id * 7919 % 10007) / 10007.0)
                            AS moment) at;
    INSERT INTO judgments_preference (judgment_id, first_id, second_id, margin, both_bad)
        SELECT j.id, a.completion_id, b.completion_id,
               CASE WHEN random() < .1 THEN 0
                    WHEN random() < .5 + .48 * (j.member_id % 100) / 100.0 THEN 2 * (j.task_id % 2) - 1
                    ELSE 1 - 2 * (j.task_id % 2) END, false
        FROM judgments_judgment j
        JOIN campaigns_taskcompletion a ON a.task_id = j.task_id AND a.place = 0
        JOIN campaigns_taskcompletion b ON b.task_id = j.task_id AND b.place = 1;
    VACUUM ANALYZE;
"""


def measure(sizes: list[int]) -> list[dict[str, Any]]:
    found = []
    for judgments in sizes:
        with ExitStack() as stack:
            done = judgments // PEOPLE
            tasks = judgments // 3 + 2200
            found.append(_measured(Crowd(stack, tasks, done, annotators=PEOPLE)))
    return found


def _measured(crowd: Crowd) -> dict[str, Any]:
    import django
    from django.db import connections

    django.setup()
    connections.close_all()
    connections["default"].settings_dict |= _where(crowd)
    return _asked(crowd)


def _asked(crowd: Crowd) -> dict[str, Any]:
    from django.db import connection

    from evalhub.campaigns.models import Campaign
    from evalhub.judgments.models import Judgment
    from evalhub.prompts.models import Generation
    from evalhub.quality.settling import settle
    from evalhub.registry.models import LanguageModel
    from evalhub.reports.making import REPORTS

    campaign = Campaign.objects.get(pk=crowd.campaign)
    source = LanguageModel.objects.order_by("pk").values("workspace_id", "kind", "source")[0]
    generations = [
        Generation.objects.create(
            workspace=campaign.workspace,
            model=LanguageModel.objects.create(name=f"model-{nth}", **source),
        ).pk
        for nth in range(MODELS)
    ]
    crowd.wire.execute(_ANSWERS, [generations])
    for statement in (_GROUPS + _JUDGED).split(";"):
        if statement.strip():
            crowd.wire.execute(statement)
    connection.ensure_connection()
    made: dict[str, Any] = {}
    timed = _reports(campaign, crowd, made)
    for name in ("settle", "settle again", "settle by a new fit"):
        if name == "settle by a new fit":  # of which every person is a little different
            campaign.reliability_fits.update(answers=1)
        timed[name] = _timed(lambda: settle(campaign), crowd)
    return {
        "judgments": Judgment.objects.count(),
        "cpu_s": timed,
        "pages": _pages(campaign, crowd, made),
        "all_reports_s": sum(timed[kind] for kind in REPORTS),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _reports(campaign: Campaign, crowd: Crowd, made: dict[str, Any]) -> dict[str, float]:
    from evalhub.reports.making import REPORTS, Read

    read = Read(campaign)

    def keep(kind: str, make: Callable[[Read], dict[str, Any]]) -> None:
        made[kind] = make(read)

    return {
        kind: _timed(partial(keep, kind, make), crowd) for kind, make in sorted(REPORTS.items())
    }


def _pages(campaign: Campaign, crowd: Crowd, made: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds of the pages that show all this, and of links into Browse from a compared criterion."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client, override_settings
    from django.utils import timezone

    from evalhub.accounts.models import Member
    from evalhub.jobs.models import Job
    from evalhub.quality.models import UnitConsensus

    workspace = campaign.workspace
    user = get_user_model().objects.create_user("lead")
    lead = Member.objects.create(
        workspace=workspace, user=user, pseudonym="lead", roles=["lead", "owner"]
    )
    for kind, body in made.items():
        job = Job.objects.create(kind="reports.make", title=kind, workspace=workspace)
        campaign.reports.create(
            kind=kind, body=body, made_at=timezone.now(), job=job, created_by=lead
        )
    criterion = campaign.rubric_version.criteria.first()
    crowd.wire.execute(_ON_A_CRITERION, [criterion.pk])
    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(user)
    own = f"/w/{workspace.slug}/campaigns/{campaign.uid}/"
    pages = {kind: f"{own}{kind}/" for kind in made}
    pages |= {"consensus": f"{own}consensus/", "disagreements": f"{own}disputes/"}
    rows = UnitConsensus.objects.filter(campaign=campaign).order_by("-doubt", "pk")
    deep = rows[rows.count() * 9 // 10]
    pages["consensus, far down"] = f"{own}consensus/?after={deep.doubt!r}_{deep.pk}"
    pages["consensus, filtered"] = f"{own}consensus/?question=overall&below=0.7"
    models = made["leaderboard"]["boards"][0]["models"]
    one, other = (each["behind"]["model"] for each in models[:2])
    asked = f"campaign={campaign.uid}&counts=said&question=compared:{criterion.slug}"
    browse = f"/w/{workspace.slug}/browse/judgments/?{asked}&model={one}"
    pages["Browse, a model of a criterion"] = f"{browse}&against=other"
    pages["Browse, two models of a criterion"] = f"{browse}&against={other}"
    pages["Browse, the longer of a criterion"] = f"{browse}&preferred=longer"
    pages["Browse, the first of a criterion"] = f"{browse}&preferred=first"
    pages["Browse, a task"] = browse.split("&question")[0] + f"&task={deep.task.uid}"
    plain = settings.STORAGES | {"staticfiles": {"BACKEND": PLAIN}}
    with override_settings(STORAGES=plain):
        return {name: page_ms(client, path, TURNS, crowd.postgres) for name, path in pages.items()}


def _timed(work: Callable[[], object], crowd: Crowd) -> float:
    """CPU seconds of both processes."""
    before = time.process_time() + cpu_of(crowd.postgres)
    work()
    return time.process_time() + cpu_of(crowd.postgres) - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgments", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.environ.update(SETTINGS)
    rows = measure(chosen.judgments)
    if not chosen.json:
        show(rows)
    sys.stdout.write(json.dumps(rows) + "\n")


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(title="Reports: CPU s")
    names = ["judgments", *rows[0]["cpu_s"], "all reports", "peak MB"]
    for name in names:
        table.add_column(name, justify="right")
    for row in rows:
        figures = [*row["cpu_s"].values(), row["all_reports_s"]]
        table.add_row(
            f"{row['judgments']:,}", *(f"{each:.1f}" for each in figures), f"{row['peak_mb']:.0f}"
        )
    pages = Table("page", *(f"{row['judgments']:,}, wall ms" for row in rows), title="Pages")
    for name in rows[0]["pages"]:
        pages.add_row(name, *(f"{row['pages'][name]['wall_ms']:.0f}" for row in rows))
    for each in (table, pages):
        Console(stderr=True).print(each)


if __name__ == "__main__":
    main()
