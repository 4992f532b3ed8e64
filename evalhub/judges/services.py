from __future__ import annotations

import uuid
from decimal import Decimal
from itertools import accumulate
from typing import Any

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.choices import MemberKind
from evalhub.accounts.models import Member
from evalhub.accounts.services import add_member
from evalhub.audit.services import record
from evalhub.campaigns.choices import Ask, Origin, TaskType
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.campaigns import close_campaign, create_campaign
from evalhub.jobs.models import Job
from evalhub.jobs.services import queue_job
from evalhub.judges.asking import orders_of, rows_of, to_ask
from evalhub.judges.choices import OnConflict
from evalhub.judges.errors import BadJudge, BarNotMet, StillJudging, UnfitForJudge
from evalhub.judges.models import Judge, JudgeAcceptance, JudgePrompt, Judging
from evalhub.judges.queries import is_keeping, tasks_for, under_way
from evalhub.judges.tallying import half_heard
from evalhub.judges.trusting import BEHIND, failings, is_behind, latest_report
from evalhub.judges.wording import compared, digest_for, instructions_for, told
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.rubrics.models import RubricVersion
from evalhub.runs.demands import demand_use
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import Recipe
from evalhub.runs.services import start_run

JUDGE, MEASURE = "judges.judge", "judges.measure"
MOST_TASKS, MOST_REQUESTS = 10_000, 2_000  # at once; of a server unless more are allowed
MOST_WORDS = 20_000  # characters of instructions
LEAST_BAR, FEWEST_BAR = 0.2, 20  # no bar is lower
TOO_LONG = "a task that is too long is left out and counted"


@transaction.atomic
def create_judge(
    *, name: str, model: LanguageModel, version: RubricVersion, by: Member | None
) -> Judge:
    """A member of its own kind that judges by one rubric, told by a prompt made from its words.

    Raises:
        BadJudge: the version is a draft, of another workspace, or asks nothing but words.
        CannotRun: the model writes no answers.
        NameTaken: the workspace has a member of that name.
    """
    if not name.strip():
        raise BadJudge("Give the judge a name.")
    if version.rubric.workspace_id != model.workspace_id:
        raise BadJudge("The rubric belongs to another workspace.")
    demand_use(model, Recipe.GENERATE)
    workspace = model.workspace
    member = add_member(
        workspace=workspace, pseudonym=name.strip()[:100], roles=[], kind=MemberKind.MODEL, by=by
    )
    judge = Judge.objects.create(
        workspace=workspace, member=member, model=model, rubric=version.rubric, created_by=by
    )
    _record("judge.created", judge, by, model=model.name, rubric=version.rubric.slug)
    write_prompt(judge=judge, version=version, by=by)
    return judge


@transaction.atomic
def write_prompt(
    *, judge: Judge, version: RubricVersion, instructions: str = "", by: Member | None
) -> JudgePrompt:
    """Freeze what the judge is told from now on; whoever relied on it has to accept it anew.

    Args:
        instructions: empty: the rubric's own words.

    Raises:
        BadJudge: the version is a draft, of another rubric, or the instructions are too long.
    """
    if not version.is_frozen:
        raise BadJudge(f"Publish {version} first: a judge needs a frozen version.")
    if version.rubric_id != judge.rubric_id:
        raise BadJudge(f"{judge} judges by {judge.rubric}; make another judge for {version}.")
    said = instructions.strip() or instructions_for(version)
    if len(said) > MOST_WORDS:
        raise BadJudge(f"Instructions take {MOST_WORDS:,} characters; these have {len(said):,}.")
    Judge.objects.select_for_update(no_key=True).get(pk=judge.pk)  # two leads: in turn
    digest = digest_for(version, said)
    last = judge.prompts.order_by("-number").first()
    if last is not None and last.digest == digest:
        return last
    prompt = JudgePrompt.objects.create(
        judge=judge,
        rubric_version=version,
        number=last.number + 1 if last else 1,
        instructions=said,
        digest=digest,
        created_by=by,
    )
    _record("judge.prompt_written", judge, by, number=prompt.number, digest=digest)
    return prompt


@transaction.atomic
def start_judging(
    *,
    judge: Judge,
    campaign: Campaign,
    on_conflict: str = OnConflict.TIE,
    most_tasks: int = MOST_TASKS,
    most_requests: int = MOST_REQUESTS,
    most_cost: Decimal | None = None,
    max_new_tokens: int = 512,
    by: Member | None,
) -> Judging:
    """Put a campaign's tasks before a judge, those that people judged first; what it judged is not asked again.

    A comparison is asked in both orders. The judgments go to a campaign of the judge's own.

    Args:
        most_requests: those of tries again too; tasks that do not fit are left for another time.
        most_cost: in what the endpoint's prices are reckoned in; None: no bound.

    Raises:
        UnfitForJudge: another rubric, type or workspace, or nothing is left to judge.
        BadJudge: a bound means nothing.
        StillJudging: it judges the campaign already.
        BadSpec, CannotRun: as of `start_run`.
    """
    prompt = judge.prompts.select_related("rubric_version").order_by("-number")[0]
    _demand_fit(judge, prompt, campaign)
    _demand_bounds(judge, on_conflict, most_tasks, most_requests, most_cost)
    JudgePrompt.objects.select_for_update(no_key=True).get(pk=prompt.pk)
    if is_keeping(prompt, campaign):
        raise StillJudging(
            "What a judging that was cut off had heard is being stored; try again then."
        )
    if under_way(prompt, campaign):
        raise StillJudging(f"{judge} judges “{campaign}” already; wait for it, or cancel its run.")
    tasks, heard = tasks_for(prompt, campaign), half_heard(prompt, campaign)
    requests = accumulate(
        len(orders_of(campaign.type)) - len(heard.get(each.uid, ())) for each in tasks
    )
    fit = min(most_tasks, sum(each <= most_requests for each in requests))
    if not tasks[:fit]:
        raise UnfitForJudge(f"Nothing of “{campaign}” is left for {judge} to judge.")
    uid, own = uuid.uuid4(), _own_campaign(prompt, campaign, by)
    rows = rows_of(
        to_ask(campaign, tasks[:fit]),
        told(prompt.instructions, prompt.rubric_version, campaign.type, own.asks),
        campaign=campaign,
        salt=str(uid),
        has_system=judge.model.kind == ModelKind.ENDPOINT,
        heard=heard,
    )
    options: dict[str, Any] = {"temperature": 0.0, "max_new_tokens": max_new_tokens, "allow_dropped": TOO_LONG}  # fmt: skip
    if judge.model.kind == ModelKind.ENDPOINT:
        options |= {"most_requests": most_requests, "most_cost": float(most_cost or 0)}
    run = start_run(
        workspace=judge.workspace,
        recipe=Recipe.GENERATE,
        model=judge.model,
        inputs={"prompts": store_rows(rows)},
        options=options,
        by=by,
        title=f"{judge} judges {campaign}",
        kind=JUDGE,
        subject_uid=judge.uid,
    )
    judging = Judging.objects.create(
        uid=uid,
        prompt=prompt,
        source=campaign,
        campaign=own,
        run=run,
        on_conflict=on_conflict,
        tasks=len(tasks[:fit]),
        left=len(tasks[fit:]),
        created_by=by,
    )
    _record("judge.judging_started", judge, by, campaign=str(campaign.uid), tasks=judging.tasks)
    return judging


@transaction.atomic
def measure_again(*, judge: Judge, by: Member | None) -> Job:
    """Compare the judge with people anew: they may have judged more meanwhile."""
    prompt = judge.prompts.order_by("-number")[0]
    return queue_job(
        kind=MEASURE,
        title=f"Compare {judge} with people",
        workspace=judge.workspace,
        by=by,
        subject_uid=prompt.uid,
    )


@transaction.atomic
def accept_judge(*, judge: Judge, least: float, fewest: int, by: Member) -> JudgeAcceptance:
    """Let builds count the judge's judgments, as told by its newest prompt, while the bar is met.

    Args:
        least: what the lower end of alpha with people must reach on every question, 95 %.
        fewest: what the judge and people must both have judged of each.

    Raises:
        BadJudge: the bar is none.
        BarNotMet: with the figures.
    """
    if not (LEAST_BAR <= least <= 1 and fewest >= FEWEST_BAR):
        raise BadJudge(f"A bar is {LEAST_BAR} to 1, over {FEWEST_BAR} or more that both judged.")
    prompt = judge.prompts.select_related("judge__member").order_by("-number")[0]
    report, bar = latest_report(prompt), {"least": least, "fewest": float(fewest)}
    if report is None:
        raise BarNotMet(f"“{prompt}” has not been compared with people; let it judge first.")
    if is_behind(report):
        raise BarNotMet(f"“{prompt}” {BEHIND}.")
    if faults := failings(report.body, bar):
        raise BarNotMet(f"“{prompt}” does not meet the bar: {'; '.join(faults)}.")
    prompt.acceptances.filter(revoked_at=None).update(revoked_at=timezone.now())
    accepted = JudgeAcceptance.objects.create(prompt=prompt, report=report, bar=bar, accepted_by=by)
    _record("judge.accepted", judge, by, prompt=prompt.number, report=str(report.uid), **bar)
    return accepted


@transaction.atomic
def revoke_acceptance(*, judge: Judge, by: Member) -> None:
    """Rely on the judge no more, whatever its prompt; builds that are there stay as they are."""
    standing = JudgeAcceptance.objects.filter(prompt__judge=judge, revoked_at=None)
    if standing.update(revoked_at=timezone.now()):
        _record("judge.acceptance_revoked", judge, by)


def _demand_fit(judge: Judge, prompt: JudgePrompt, campaign: Campaign) -> None:
    if campaign.workspace_id != judge.workspace_id or campaign.origin == Origin.MODEL:
        raise UnfitForJudge("Choose a campaign of people’s in the judge’s workspace.")
    if campaign.type not in (TaskType.RATING, TaskType.COMPARISON):
        raise UnfitForJudge(f"A judge rates and compares; “{campaign}” is a {campaign.type}.")
    if campaign.rubric_version_id != prompt.rubric_version_id:
        raise UnfitForJudge(
            f"“{campaign}” is judged by {campaign.rubric_version}, {judge} by {prompt.rubric_version}: "
            "write the judge a prompt for that version."
        )


def _demand_bounds(
    judge: Judge, on_conflict: str, most_tasks: int, most_requests: int, most_cost: Decimal | None
) -> None:
    if on_conflict not in OnConflict.values:
        raise BadJudge(f"Orders that differ make {' or '.join(OnConflict)}, not {on_conflict!r}.")
    if not 1 <= most_tasks <= MOST_TASKS:
        raise BadJudge(f"1 to {MOST_TASKS:,} tasks are judged at once, not {most_tasks:,}.")
    if most_requests < 1:
        raise BadJudge("Allow one request or more.")
    if most_cost is None:
        return
    if judge.model.kind != ModelKind.ENDPOINT or not judge.model.endpoint.prices:
        raise BadJudge(f"{judge.model} has no prices, so no bound of money can be kept.")
    if most_cost <= 0:
        raise BadJudge("A bound of money is more than 0.")


def _own_campaign(prompt: JudgePrompt, source: Campaign, by: Member | None) -> Campaign:
    """Where the judgments of a prompt on a campaign stand, closed from the first; made when first asked."""
    earlier = prompt.judgings.filter(source=source).select_related("campaign").first()
    if earlier is not None:
        return earlier.campaign
    asks_criteria = Ask.CRITERIA in source.asks and bool(compared(prompt.rubric_version))
    campaign = create_campaign(
        workspace=source.workspace,
        title=f"{prompt}: {source}"[:150],
        rubric_version=prompt.rubric_version,
        type=TaskType(source.type),
        origin=Origin.MODEL,
        asks=[Ask.CRITERIA] if asks_criteria else [],
        preference_steps=3,
        by=by,
    )
    return close_campaign(campaign=campaign, by=by)


def _record(verb: str, judge: Judge, by: Member | None, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=judge.workspace.slug,
        target=f"judge {judge.uid}",
        **details,
    )
