"""The demo's campaigns: three that wait for people, three that simulated members have judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import CampaignState, TaskType
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.campaigns import (
    Settings,
    close_campaign,
    create_campaign,
    open_campaign,
)
from evalhub.campaigns.services.tasks import add_tasks
from evalhub.demo.simulated import judge_all
from evalhub.prompts.models import Collection, Completion, Prompt
from evalhub.rubrics.models import RubricVersion

Shape = tuple[Prompt, Sequence[Completion]]


@dataclass(frozen=True)
class Plan:
    title: str
    type: TaskType
    shapes: Callable[[Prompt, list[Completion]], list[list[Completion]]]
    third: int | None = None  # of the prompts; None: all of them
    settings: Settings = field(default_factory=Settings)


def _one(prompt: Prompt, answers: list[Completion]) -> list[list[Completion]]:
    return [[Random(prompt.external_id).choice(answers)]]  # noqa: S311  no secret


def _most_different(prompt: Prompt, answers: list[Completion]) -> list[list[Completion]]:
    """The shortest and the longest: answers that differ enough to have a preference."""
    ordered = sorted(answers, key=lambda answer: (len(answer.content), answer.pk))
    return [[ordered[0], ordered[-1]]] if len(ordered) > 1 else []


def _each_of_those(prompt: Prompt, answers: list[Completion]) -> list[list[Completion]]:
    return [[answer] for pair in _most_different(prompt, answers) for answer in pair]


def _all(prompt: Prompt, answers: list[Completion]) -> list[list[Completion]]:
    return [answers] if len(answers) > 2 else []


def _alone(prompt: Prompt, answers: list[Completion]) -> list[list[Completion]]:
    return [[]]


FOR_PEOPLE = (
    Plan("Rate one answer", TaskType.RATING, _one, third=0),
    Plan("Which answer is better?", TaskType.COMPARISON, _most_different, third=1),
    Plan("Put the answers in order", TaskType.RANKING, _all, third=2),
    Plan(
        "Mark and mend an answer",
        TaskType.RATING,
        _one,
        third=1,
        settings={"asks": ["spans", "correction", "critique"]},
    ),
    Plan("Write the answer yourself", TaskType.DEMONSTRATION, _alone, third=2),
)
LABELS = Plan("What kind of question is it?", TaskType.LABEL, _alone, third=0)  # its own rubric
_BY_RULE = (
    "Judged by simulated members: polite before plain before curt, with one slip in ten. "
    "It is here so that a Round can be started before people have judged anything."
)
SIMULATED = (
    Plan(
        "Simulated: ratings",
        TaskType.RATING,
        _each_of_those,
        settings={"overlap": 2, "guidelines": _BY_RULE},
    ),
    Plan(
        "Simulated: comparisons",
        TaskType.COMPARISON,
        _most_different,
        settings={"overlap": 2, "guidelines": _BY_RULE},
    ),
    Plan("Simulated: rankings", TaskType.RANKING, _all, settings={"guidelines": _BY_RULE}),
)


def ensure_campaign(
    plan: Plan, *, collection: Collection, version: RubricVersion, by: Member
) -> Campaign:
    """The workspace's campaign of that title; made and opened when there is none."""
    known = Campaign.objects.of_workspace(collection.workspace).filter(title=plan.title).first()
    if known:
        return known
    with transaction.atomic():
        campaign = create_campaign(
            workspace=collection.workspace,
            title=plan.title,
            rubric_version=version,
            type=plan.type,
            by=by,
            **plan.settings,
        )
        add_tasks(campaign=campaign, items=_shapes(plan, collection), seed=1)
        return open_campaign(campaign=campaign, by=by)


def judge_and_close(
    campaign: Campaign, *, members: Sequence[Member], by: Member, report: Callable[[str], None]
) -> int:
    """Let the simulated members judge what is left, then close; return the judgments made."""
    if campaign.state != CampaignState.OPEN:
        return 0
    made = 0
    for member in members:
        for _ in judge_all(campaign=campaign, by=member):
            made += 1
            report(f"{campaign.title}, {made}")
    close_campaign(campaign=campaign, by=by)
    return made


def _shapes(plan: Plan, collection: Collection) -> Iterator[Shape]:
    prompts = collection.prompts.order_by("external_id").prefetch_related("completions")
    for prompt in prompts if plan.third is None else prompts[plan.third :: 3]:
        answers = sorted(prompt.completions.all(), key=lambda answer: answer.external_id)
        for chosen in plan.shapes(prompt, answers):
            yield prompt, chosen
