"""What a dataset is made of. Every default stands here and in docs/formats.md."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct, field

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.cleaning.options import in_words as cleaning_in_words
from evalhub.datasets.errors import BadDefinition
from evalhub.judgments.choices import Source

EvidenceKind = Literal["corrections", "demonstrations", "preferences", "rankings", "ratings"]
ALL_EVIDENCE: list[EvidenceKind] = [
    "corrections",
    "demonstrations",
    "preferences",
    "rankings",
    "ratings",
]
Share = Annotated[float, Meta(ge=0.5, le=1)]

LEAST_SHARE = {BuildKind.PREFERENCE: 0.5, BuildKind.SFT: 0.6, BuildKind.CLASSIFICATION: 0.6}


class Definition(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which judgments become which rows.

    Preference rows take every pair that the evidence decides: direct preferences and rankings are
    votes on a pair; pairs nobody voted on are implied by ratings; a correction beats its original.
    SFT rows take one answer per prompt: what a person wrote or corrected, the newest; else the best
    rated, if its mean reaches `min_rating`; else, where nobody rated, the winner of the votes with
    `min_consensus`. Classification rows take one label per prompt and criterion, with the same share.

    By `votes` each vote on a pair counts the same. By `reliability` its people's strengths and leanings
    count (Bradley and Terry, fitted to each campaign), so that a single vote is never certain. A verdict
    takes the place of what else was said about its task.
    """

    collections: list[str] = []  # slugs; empty: all of the workspace
    campaigns: list[UUID] = []  # empty: all of those collections
    sources: list[Literal["human", "imported", "simulated", "model"]] = field(
        default_factory=lambda: ["human", "imported"]
    )
    evidence: list[EvidenceKind] = field(default_factory=lambda: list(ALL_EVIDENCE))
    criterion: str = ""  # judge by this criterion alone; empty: overall votes, mean of the ratings
    consensus: Literal["votes", "reliability"] = "votes"  # how sure a pair is: see the docstring
    verdicts: Literal["prefer", "leave_out"] = "prefer"  # of tasks that somebody has decided
    min_consensus: Share | None = None  # share of votes; None: above 0.5 for pairs, else 0.6
    margin: Annotated[float, Meta(gt=0)] = 1.0  # between mean ratings, in points of 1 to 5
    min_rating: Annotated[float, Meta(ge=1, le=5)] = 4.0  # of SFT rows
    rankings: Literal["all", "adjacent"] = "all"  # which pairs of a ranking
    form: Literal["conversational", "string"] = "conversational"
    model: str = ""  # name or uid of the model whose length limit counts; empty: not checked
    max_tokens: Annotated[int, Meta(ge=0)] = 0  # 0: as many as the model has positions
    near_duplicates: bool = True  # look for them before the build
    licence: str = ""  # of the sources, as far as you know it
    cleaning: Cleaning = Cleaning()

    @property
    def counted_sources(self) -> tuple[Source, ...]:
        return tuple(Source(each) for each in sorted(set(self.sources)))

    def least_share(self, kind: BuildKind) -> float:
        return LEAST_SHARE[kind] if self.min_consensus is None else self.min_consensus


def definition_of(values: dict[str, Any]) -> Definition:
    """Check `values`; what is not given takes its default.

    Raises:
        BadDefinition: a field is unknown, of the wrong type or out of range.
    """
    try:
        return msgspec.convert(values, Definition)
    except msgspec.ValidationError as error:
        raise BadDefinition(f"The definition is wrong: {error}".replace("`", "")) from error


def in_words(values: dict[str, Any]) -> list[tuple[str, str]]:
    """A stored definition for a page: each field in its own order, with what it means if empty."""
    empty = {
        "collections": "all",
        "campaigns": "all",
        "criterion": "overall",
        "min_consensus": "above 0.5 for pairs, 0.6 for SFT and labels",
        "model": "none: lengths are not checked",
        "max_tokens": "what the model can take",
        "licence": "not stated",
    }
    return [
        (name.replace("_", " "), _word(values[name]) or empty.get(name, ""))
        for name in Definition.__struct_fields__
        if name in values
    ]


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return cleaning_in_words(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "" if value in (None, 0) else str(value)


def as_json(definition: Definition) -> dict[str, Any]:
    """Every field with its value, so that a frozen build does not hang on later defaults."""
    values: dict[str, Any] = msgspec.to_builtins(definition)
    return values
