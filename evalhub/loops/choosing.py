"""Which of a Round's new answers people are asked about, where the budget does not pay for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import Design, TaskType
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.selection import Keys, shapes_of
from evalhub.campaigns.services.tasks import add_shapes
from evalhub.datasets.definition import definition_of
from evalhub.loops.asking import NextCampaign
from evalhub.loops.errors import StepFailed
from evalhub.loops.opening import affordable, tasks_per_prompt
from evalhub.loops.steps.data import definition
from evalhub.loops.turn import Turn
from evalhub.prompts.models import Completion
from evalhub.valuing.choosing import chosen_by_lot, chosen_by_value
from evalhub.valuing.queries import why_not
from evalhub.valuing.services import ask_by_value, keep_lots

Beat = Callable[[], object]

BY_LOT = 20  # percent of the tasks, where the others are chosen by decision value
ALL, LOT, VALUE = "all", "lot", "value"


@dataclass(frozen=True)
class Choice:
    """What becomes a task each: on some of `of` prompts that had answers enough that differ.

    by_lot: so many of `shapes`, the first ones, a lot chose where the others are by value.
    """

    how: str  # all, lot or value
    shapes: list[Keys]
    of: int
    by_lot: int = 0

    def as_json(self) -> dict[str, Any]:
        prompts = len({prompt for prompt, _ in self.shapes})
        return {
            "how": self.how, "tasks": len(self.shapes), "by_lot": self.by_lot,
            "prompts": prompts, "of": self.of,
        }  # fmt: skip


def choose(turn: Turn, answers: QuerySet[Completion], *, beat: Beat) -> Choice:
    """As many as the budget pays for; nothing is stored.

    Of answers by several settings a pair is drawn by lot. Where the policy asks for decision value, of all pairs of a prompt's answers the one that is worth most, and
    so of the prompts, but for a share by lot; else prompts by lot, spread over slices.

    Raises:
        StepFailed: the budget pays for no prompt, no prompt has answers enough that differ, or nothing
            that the rubric asks has a decision value.
    """
    wanted = turn.policy.campaign
    type_ = TaskType(wanted.type)
    campaign = Campaign(
        workspace=turn.workspace, rubric_version=turn.loop.rubric_version, type=type_
    )  # never stored
    if wanted.decision_value and (why := why_not(campaign)):
        raise StepFailed(f"{why} Set campaign.decision_value to false in the policy, then resume.")
    judgments = affordable(turn, campaign)
    seed = turn.policy.seed + turn.round.number
    design = Design.ALL_PAIRS if wanted.decision_value else Design.FIRST_TWO
    if design == Design.FIRST_TWO and turn.policy.generate.is_grid:
        design = Design.RANDOM  # the first two would always be of the first settings
    shapes = list(shapes_of(answers, type_, workspace=turn.workspace.pk, design=design, seed=seed))
    if not shapes:
        raise StepFailed(
            "The model gave no prompt enough different answers for a task. Raise "
            "generate.temperature or generate.n in the Loop's policy, then resume."
        )
    of = len({prompt for prompt, _ in shapes})
    units = len(shapes) if type_ == TaskType.RATING and wanted.decision_value else of
    each = wanted.overlap * tasks_per_prompt(wanted, turn.policy.generate.answers)
    most = units if judgments is None else min(units, judgments // each)
    if wanted.decision_value and most < len(shapes):
        chosen = chosen_by_value(
            shapes, campaign=campaign, most=most, by_lot=BY_LOT, threshold=_threshold(turn),
            seed=seed, beat=beat,
        )  # fmt: skip
        return Choice(VALUE, chosen.shapes, of, chosen.by_lot)
    if most < units:
        return Choice(LOT, chosen_by_lot(shapes, most=most, seed=seed), of)
    return Choice(ALL, shapes, of)


def fill(turn: Turn, campaign: Campaign, choice: Choice, *, by: Member | None) -> None:
    """Make the tasks, and where the policy says so let them come by decision value."""
    keys = add_shapes(campaign=campaign, shapes=choice.shapes, seed=turn.policy.seed)
    if not turn.policy.campaign.decision_value:
        return
    valuation = ask_by_value(campaign=campaign, by_lot=BY_LOT, threshold=_threshold(turn), by=by)
    if choice.how == VALUE:
        keep_lots(valuation=valuation, tasks=keys, by_lot=set(keys[: choice.by_lot]))


def how_chosen(wanted: NextCampaign, *, answers: int, is_short: bool) -> str:
    """All, lot or value, before anything is written.

    Args:
        answers: to each prompt; of more than two a comparison takes two.
        is_short: the budget does not pay for all.
    """
    if wanted.decision_value and (is_short or (wanted.type == "comparison" and answers > 2)):
        return VALUE
    return LOT if is_short else ALL


def in_words(chosen: dict[str, Any] | None) -> str:
    """How a stored choice was made; empty where nothing had to be chosen, and of Rounds that kept none."""
    if chosen is None:
        return ""
    tasks, of = chosen["tasks"], chosen["of"]
    if chosen["how"] == LOT:
        return f"By lot, spread over slices: {chosen['prompts']:,} of {of:,} prompts."
    if chosen["how"] == VALUE:
        return (
            f"By decision value, but {chosen['by_lot']:,} of {tasks:,} tasks by lot: on "
            f"{chosen['prompts']:,} of {of:,} prompts."
        )
    return ""


def _threshold(turn: Turn) -> float:
    """From how many points the Round's own builds take a rated answer."""
    return definition_of(definition(turn)).min_rating
