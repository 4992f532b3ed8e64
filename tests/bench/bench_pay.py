"""The pages of pay at ten thousand tasks and at a million: server time, CPU of web and PostgreSQL.

    python -m tests.bench.bench_pay [--tasks 10000 1000000] [--turns 5] [--json]

The campaign of `bench_lead`, paid by three rates, of which two begin within an hour. Of a hundred judgments
one was returned, and nine in ten of those were revised. Each page is asked for while nothing is paid, and once
more after a pay run up to five days ago. The zone of the readers is half an hour off, so that no day begins
with an hour of the tallies.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from tests.bench.bench_claim_plan import Crowd
from tests.bench.bench_claim_submit import SETTINGS
from tests.bench.bench_lead import DONE, PEOPLE, served_from, show, timed_page

ZONE = "Asia/Kolkata"
_RETURNED = """
    INSERT INTO judgments_returnedjudgment (uid, created_at, judgment_id, reason, returned_by_id)
        SELECT gen_random_uuid(), now(), id, 'Read it again.', member_id
        FROM judgments_judgment WHERE id % 100 = 0;
    INSERT INTO judgments_judgment (uid, created_at, judged_at, workspace_id, campaign_id, task_id,
                                    member_id, assignment_id, source, submission_id, body_digest,
                                    active_ms, critique, external_id, supersedes_id)
        SELECT gen_random_uuid(), now(), now(), workspace_id, campaign_id, task_id, member_id,
               assignment_id, source, gen_random_uuid(), '', 1000, '', '', id
        FROM judgments_judgment WHERE id % 100 = 0 AND id % 1000 > 0 ORDER BY id;
    ANALYZE judgments_judgment, judgments_returnedjudgment;
"""


def measure(sizes: list[int], turns: int) -> list[dict[str, Any]]:
    found = []
    for tasks in sizes:
        with ExitStack() as stack:
            crowd = Crowd(stack, tasks, DONE, annotators=PEOPLE)
            stack.enter_context(served_from(crowd))
            found.append(_asked(crowd, turns))
    return found


def _asked(crowd: Crowd, turns: int) -> dict[str, Any]:
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.utils import timezone

    from evalhub.accounts.models import Member
    from evalhub.campaigns.jobs import count_large
    from evalhub.campaigns.models import Campaign, PayRate
    from evalhub.judgments.jobs import tally
    from evalhub.judgments.services.pay import close_pay_run

    for statement in _RETURNED.split(";"):
        if statement.strip():
            crowd.wire.execute(statement)
    campaign = Campaign.objects.get(pk=crowd.campaign)
    workspace, now = campaign.workspace, timezone.now()
    people = Member.objects.filter(workspace=workspace)
    people.update(groups=["night"])
    clients: dict[str, Client] = {}
    for name in ("owner", "manager"):
        user = get_user_model().objects.create_user(name, timezone=ZONE)
        Member.objects.create(
            workspace=workspace,
            user=user,
            pseudonym=name,
            roles=[name],
            manages=["night"] if name == "manager" else [],
        )
        clients[name] = Client(headers={"Host": "127.0.0.1"})
        clients[name].force_login(user)
    person = people.get(pk=crowd.member)
    person.user = get_user_model().objects.create_user("person", timezone=ZONE)
    person.save()
    clients["person"] = Client(headers={"Host": "127.0.0.1"})
    clients["person"].force_login(person.user)
    owner = people.get(pseudonym="owner")
    for days, unit in ((20, "task"), (7.03, "hour"), (3.01, "task")):
        PayRate.objects.create(
            campaign=campaign, amount=1, currency="EUR", unit=unit, created_by=owner,
            since=now - timedelta(days=days),
        )  # fmt: skip
    while tally():
        continue
    count_large()
    crowd.wire.execute("VACUUM ANALYZE judgments_tally")
    ever = "?begin=2020-01-01&end=2100-01-01"
    base = f"/w/{workspace.slug}/"
    pages = {
        "an owner's pay": ("owner", f"{base}pay/"),
        "an owner's pay over all time": ("owner", f"{base}pay/{ever}"),
        "a manager's pay": ("manager", f"{base}groups/pay/"),
        "a manager's pay over all time": ("manager", f"{base}groups/pay/{ever}"),
        "an annotator's own work": ("person", f"{base}my-work/"),
    }
    timed = {}
    for when in ("nothing paid", "after a pay run"):
        for name, (who, path) in pages.items():
            timed[f"{name}, {when}"] = timed_page(clients[who], path, turns, crowd.postgres)
        if when == "nothing paid":
            began = time.perf_counter()
            close_pay_run(workspace=workspace, ends_at=now - timedelta(days=5), by=owner)
            closing = time.perf_counter() - began
            crowd.wire.execute("VACUUM ANALYZE judgments_paidjudgment")
    return {"tasks": crowd.tasks, "done_each": crowd.done, "closing_s": closing, "pages": timed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    os.environ.update(SETTINGS)
    rows = measure(chosen.tasks, chosen.turns)
    if not chosen.json:
        show(rows)
    sys.stdout.write(json.dumps(rows) + "\n")


if __name__ == "__main__":
    main()
