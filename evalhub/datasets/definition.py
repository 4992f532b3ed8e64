"""What a dataset is made of. Every default stands here and in docs/formats.md."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

from evalhub.datasets.augmenting.options import CAP, Never, Way
from evalhub.datasets.augmenting.options import contradiction as of_augmenting
from evalhub.datasets.augmenting.options import in_words as augmenting_in_words
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.cleaning.options import contradiction as of_cleaning
from evalhub.datasets.cleaning.options import in_words as cleaning_in_words
from evalhub.datasets.errors import BadDefinition
from evalhub.judgments.choices import Source

EvidenceKind = Literal[
    "corrections", "demonstrations", "preferences", "rankings", "ratings", "references", "steps"
]
OVERALL_NAME = "overall"  # among weights: the preference that names no criterion
EVIDENCE: list[EvidenceKind] = [  # what people said; references only where they are asked for
    "corrections",
    "demonstrations",
    "preferences",
    "rankings",
    "ratings",
    "steps",
]
SCORED = 2  # answers of a prompt, of which the best may be taken
Share = Annotated[float, Meta(ge=0.5, le=1)]

LEAST_SHARE = {BuildKind.PREFERENCE: 0.5, BuildKind.REWARD: 0.5}
ELSE_LEAST_SHARE = 0.6
Values = dict[str, list[str]]  # of slices: of one key any value counts, of several keys each


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Some of the rows, and how much of the training split they shall be."""

    name: Annotated[str, Meta(min_length=1, max_length=50)]
    collections: list[str] = []  # slugs; empty: any
    slices: Values = {}
    share: Annotated[float, Meta(gt=0, le=1)] | None = None  # None: its part of what is left
    cap: Annotated[int, Meta(ge=1)] | None = None  # rows at most


class Replay(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Training rows of an earlier build, so that what was learnt from them is not forgotten."""

    build: UUID
    share: Annotated[float, Meta(gt=0, lt=1)]  # of the training rows


class BestOf(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer that a reward model scores highest, to prompts that nobody judged. For SFT."""

    model: UUID
    answers: Annotated[int, Meta(ge=2)] = SCORED  # ones that a prompt must have


class Definition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which judgments become which rows.

    Preference and reward rows take every pair that the evidence decides: direct preferences and rankings are
    votes on a pair; pairs nobody voted on are implied by ratings, and where there are none by how far
    their steps are right; a correction beats its original.
    SFT rows take one answer per prompt: what a person wrote or corrected, the newest; else the best
    rated, if its mean reaches `min_rating`; else, where nobody rated, the winner of the votes with
    `min_consensus`. Unpaired rows take every answer that is rated from `min_rating` up or from
    `max_rating` down, or has won or lost that share. Classification rows take one label per prompt and
    criterion, with the same share. Text rows are the documents of prompts, evaluation rows the prompts of
    the test split.

    `parts`, `temperature`, `replay` and `balance` concern the training split alone: what is measured on
    is never thinned out.

    By `votes` each vote on a pair counts the same. By `reliability` its people's strengths and leanings
    count (Bradley and Terry, fitted to each campaign), so that a single vote is never certain; ratings, labels
    and what people wrote count as far as their authors can be relied on (docs/formats.md). A verdict takes the
    place of what else was said about its task.
    """

    collections: list[str] = []  # slugs; empty: all of the workspace
    campaigns: list[UUID] = []  # empty: all of those collections
    sources: list[Literal["human", "imported", "simulated", "model"]] = field(
        default_factory=lambda: ["human", "imported"]
    )
    evidence: list[EvidenceKind] = field(default_factory=lambda: list(EVIDENCE))
    best_of: BestOf | None = None
    slices: Values = {}  # prompts with these alone
    red_team: Literal["leave_out", "keep"] | None = None  # None: kept in evaluation sets alone
    judged_from: datetime | None = None
    judged_before: datetime | None = None
    rubric_versions: list[UUID] = []  # empty: any
    groups: list[str] = []  # of people; empty: anybody
    min_reliability: Annotated[float, Meta(ge=-1, le=1)] | None = None  # see docs/formats.md
    min_agreement: Annotated[float, Meta(ge=-1, le=1)] | None = None
    # of the lower end of alpha, question by question of each campaign; see docs/formats.md
    min_judgments: Annotated[int, Meta(ge=1)] = 1  # behind a row that is voted or rated
    max_spread: Annotated[float, Meta(ge=0)] | None = None  # standard deviation of ratings, 1 to 5
    criterion: str = ""  # judge by this criterion alone; empty: overall votes, mean of the ratings
    weights: dict[str, Annotated[float, Meta(gt=0)]] = {}
    # instead: the sum of these criteria, each times its weight; "overall" is the overall preference
    consensus: Literal["votes", "reliability"] = "votes"  # how sure answers are: see the docstring
    verdicts: Literal["prefer", "leave_out"] = "prefer"  # of tasks that somebody has decided
    min_consensus: Share | None = None  # share of votes; None: above 0.5 for pairs, else 0.6
    margin: Annotated[float, Meta(gt=0)] = 1.0  # between mean ratings, in points of 1 to 5
    ties: Literal["keep", "leave_out"] = "keep"  # of pairs: a row with p_chosen 0.5
    min_rating: Annotated[float, Meta(ge=1, le=5)] = 4.0  # of SFT rows, and of good unpaired ones
    max_rating: Annotated[float, Meta(ge=1, le=5)] = 2.0  # of bad unpaired ones
    rankings: Literal["all", "adjacent"] = "all"  # which pairs of a ranking
    form: Literal["conversational", "string"] = "conversational"
    model: str = ""  # name or uid of the model whose length limit counts; empty: not checked
    max_tokens: Annotated[int, Meta(ge=0)] = 0  # 0: as many as the model has positions
    near_duplicates: bool = True  # look for them before the build
    licence: str = ""  # of the sources, as far as you know it
    parts: list[Part] = []  # rows of none of them are a part of their own
    temperature: Annotated[float, Meta(ge=1)] = 1.0  # of parts without a share: size ** (1 / this)
    balance: str = ""  # key of a slice: weights are changed so that each value weighs the same
    replay: list[Replay] = []
    cleaning: Cleaning = Cleaning()
    augment: list[Way] = []  # of training rows alone
    augment_cap: Annotated[float, Meta(gt=0, le=1)] = CAP  # of the rows that are not augmented
    augment_never: Never = Never()

    @property
    def counted_sources(self) -> tuple[Source, ...]:
        return tuple(Source(each) for each in sorted(set(self.sources)))

    def keeps_red_team(self, kind: BuildKind) -> bool:
        if self.red_team is None:
            return kind == BuildKind.EVALUATION
        return self.red_team == "keep"

    def least_share(self, kind: BuildKind) -> float:
        if self.min_consensus is not None:
            return self.min_consensus
        return LEAST_SHARE.get(kind, ELSE_LEAST_SHARE)


def definition_of(values: dict[str, Any]) -> Definition:
    """Check `values`; what is not given takes its default.

    Raises:
        BadDefinition: a field is unknown, of the wrong type or out of range.
    """
    try:
        definition = msgspec.convert(values, Definition)
    except msgspec.ValidationError as error:
        raise BadDefinition(f"The definition is wrong: {error}".replace("`", "")) from error
    if wrong := _contradiction(definition):
        raise BadDefinition(f"The definition is wrong: {wrong}")
    return definition


def _contradiction(definition: Definition) -> str:
    """What no build could follow, though each field is right; empty when there is nothing."""
    names = [each.name for each in definition.parts]
    shares = [each.share or 0 for each in definition.parts]
    shares += [each.share for each in definition.replay]
    if definition.criterion and definition.weights:
        return "criterion and weights exclude each other; give the criterion a weight."
    if definition.weights and definition.consensus == "reliability":
        return "weights need consensus votes: people are weighed on one question at a time."
    if len(names) != len(set(names)):
        return "two parts have the same name."
    if sum(shares) > 1 + 1e-9:
        return f"the shares of parts and replay are {sum(shares):.2f} together, more than 1."
    if definition.max_rating >= definition.min_rating:
        return "max_rating must be less than min_rating."
    wrong = of_augmenting(definition.augment, definition.augment_cap)
    return wrong or of_cleaning(definition.cleaning)


def in_words(values: dict[str, Any]) -> list[tuple[str, str]]:
    """A stored definition for a page: each field in its own order, with what it means if empty."""
    empty = {
        "collections": "all",
        "campaigns": "all",
        "criterion": "overall",
        "best_of": "no answer is taken for its score",
        "slices": "any",
        "red_team": "left out, but of evaluation sets",
        "rubric_versions": "any",
        "groups": "anybody",
        "weights": "as the rubric has them",
        "min_consensus": "above 0.5 for pairs, 0.6 for SFT and labels",
        "model": "none: lengths are not checked",
        "max_tokens": "what the model can take",
        "licence": "not stated",
        "augment": "nothing",
        "augment_never": "no prompt",
    }
    return [
        (name.replace("_", " "), _told(name, values[name]) or empty.get(name, ""))
        for name in Definition.__struct_fields__
        if name in values
    ]


def _told(name: str, value: Any) -> str:
    if name == "cleaning":
        return cleaning_in_words(value)
    return augmenting_in_words(value) if name == "augment" else _word(value)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_word(each) for each in value)
    if isinstance(value, dict):
        return "; ".join(f"{name} {_word(each)}" for name, each in value.items() if each)
    return "" if value in (None, 0) else str(value)


def as_json(definition: Definition) -> dict[str, Any]:
    """Every field with its value, so that a frozen build does not hang on later defaults."""
    values: dict[str, Any] = msgspec.to_builtins(definition)
    return values
