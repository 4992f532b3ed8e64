"""The form of the annotator's page: what it asks, and its fields to and from a submit's body.

Every question is one row of options of which one is chosen, so that the page, the keyboard and a
browser without JavaScript treat them alike. Fields: `rating.A.factuality` is "4" or "none",
`preference` is "A2" … "B2", "tie" or "both_bad", `rank.A` is "1" for the best, `correction.A` and
`critique` are text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

import msgspec

from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.judgments.body import SubmitBody, malformed
from evalhub.rubrics.models import Criterion

CANNOT_TELL = "none"
NO_REASON_GIVEN = "cannot_tell"

PREFERENCES = (  # value, what the button says, key, what it means
    ("A2", "A ≫", "1", "A is clearly better than B."),
    ("A1", "A >", "2", "A is a little better than B."),
    ("tie", "=", "3", "Neither is better than the other."),
    ("B1", "B >", "4", "B is a little better than A."),
    ("B2", "B ≫", "5", "B is clearly better than A."),
    ("both_bad", "both bad", "0", "Both are so bad that it does not matter which is better."),
)


@dataclass(frozen=True)
class Option:
    value: str
    text: str
    key: str
    anchor: str  # what choosing it means, in words
    is_chosen: bool


@dataclass(frozen=True)
class Ask:
    """One row of the form."""

    name: str
    title: str
    question: str
    is_required: bool
    options: list[Option]


@dataclass(frozen=True)
class TextAsk:
    name: str
    title: str
    help: str
    value: str


def asks_of(
    campaign: Campaign, criteria: Sequence[Criterion], responses: int, typed: Mapping[str, str]
) -> list[Ask]:
    """The rows in the order in which they are answered: the criteria, then the verdict."""
    labels = ascii_uppercase[:responses]
    rows: list[Ask] = []
    if campaign.type == TaskType.RATING or campaign.asks_ratings:
        rows += [_rating(row, label, labels, typed) for row in criteria for label in labels]
    if campaign.type == TaskType.COMPARISON:
        rows.append(_preference(typed))
    if campaign.type == TaskType.RANKING:
        rows += [_rank(label, labels, typed) for label in labels]
    return rows


def text_asks_of(campaign: Campaign, responses: int, typed: Mapping[str, str]) -> list[TextAsk]:
    rows = []
    if campaign.asks_correction:
        rows += [
            TextAsk(
                name := f"correction.{label}",
                f"Your own version of response {label}",
                "Leave it empty where nothing needs mending.",
                typed.get(name, ""),
            )
            for label in ascii_uppercase[:responses]
        ]
    if campaign.asks_critique:
        help_ = "What decided it? Optional."
        rows.append(TextAsk("critique", "Why?", help_, typed.get("critique", "")))
    return rows


def _rating(criterion: Criterion, label: str, labels: str, typed: Mapping[str, str]) -> Ask:
    name = f"rating.{label}.{criterion.slug}"
    chosen = typed.get(name)
    options = [
        Option(
            str(point),
            str(point),
            str(point),
            str(criterion.anchors.get(str(point), "")),
            chosen == str(point),
        )
        for point in criterion.points
    ]
    if criterion.cannot_tell:
        cannot = "You cannot tell from what is here. That is an answer too."
        options.append(Option(CANNOT_TELL, "can’t tell", "0", cannot, chosen == CANNOT_TELL))
    title = criterion.name if len(labels) == 1 else f"{criterion.name} · {label}"
    return Ask(name, title, criterion.question, criterion.required, options)


def _preference(typed: Mapping[str, str]) -> Ask:
    chosen = typed.get("preference")
    options = [Option(*row, is_chosen=chosen == row[0]) for row in PREFERENCES]
    return Ask(
        "preference", "Overall", "Which response is better?", is_required=True, options=options
    )


def _rank(label: str, labels: str, typed: Mapping[str, str]) -> Ask:
    name = f"rank.{label}"
    options = [
        Option(
            str(nth),
            str(nth),
            str(nth),
            f"Place {nth} of {len(labels)}; two responses may share a place.",
            typed.get(name) == str(nth),
        )
        for nth in range(1, len(labels) + 1)
    ]
    return Ask(name, f"Place of {label}", "1 is the best.", is_required=True, options=options)


def body_from(fields: Mapping[str, str]) -> SubmitBody:
    """What the posted form says, as a submit. Raise MalformedBody naming the field."""
    told: dict[str, Any] = {
        "token": _number(fields.get("token", "")),
        "submission_id": fields.get("submission_id", ""),
        "active_ms": _number(fields.get("active_ms", "")),
        "critique": fields.get("critique", "").strip(),
        "ratings": list(_ratings(fields)),
        "ranking": _tiers(fields),
        "corrections": [
            {"response": label, "content": text}
            for name, text in fields.items()
            if (label := name.removeprefix("correction.")) != name and text.strip()
        ],
    }
    if choice := fields.get("preference"):
        told["preferences"] = [_choice(choice)]
    try:
        return msgspec.convert(told, SubmitBody)
    except msgspec.ValidationError as error:
        raise malformed(error) from error


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _ratings(fields: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for name, value in fields.items():
        kind, _, rest = name.partition(".")
        label, _, criterion = rest.partition(".")
        if kind != "rating" or not value:
            continue
        if value == CANNOT_TELL:
            reason = {"value": None, "reason": NO_REASON_GIVEN}
            yield {"response": label, "criterion": criterion, **reason}
        else:
            yield {"response": label, "criterion": criterion, "value": _number(value)}


def _choice(code: str) -> dict[str, Any]:
    """ "A2" is A by 2; "tie" and "both_bad" stand for themselves."""
    if code[-1:].isdecimal():
        return {"criterion": None, "choice": code[:-1], "strength": int(code[-1])}
    return {"criterion": None, "choice": code}


def _tiers(fields: Mapping[str, str]) -> list[list[str]]:
    places: dict[int, list[str]] = defaultdict(list)
    for name, value in fields.items():
        place = _number(value)
        if name.startswith("rank.") and place is not None:
            places[place].append(name.removeprefix("rank."))
    return [sorted(places[place]) for place in sorted(places)]


def fields_from(body: Mapping[str, Any]) -> dict[str, str]:
    """A kept draft as fields of the form; what does not fit is left out, as nobody checked it."""
    fields: dict[str, str] = {}
    for rating in _dicts(body.get("ratings")):
        value = rating.get("value")
        name = f"rating.{rating.get('response')}.{rating.get('criterion')}"
        fields[name] = CANNOT_TELL if value is None else str(value)
    for preference in _dicts(body.get("preferences")):
        choice, strength = preference.get("choice"), preference.get("strength") or 1
        if preference.get("criterion") is None:
            # the page has two steps: what came from elsewhere with three is its stronger one
            fields["preference"] = (
                f"{choice}{min(2, int(strength))}" if choice in ("A", "B") else str(choice)
            )
    ranking = body.get("ranking")
    for tier, labels in enumerate(ranking if isinstance(ranking, list) else [], start=1):
        fields |= {f"rank.{label}": str(tier) for label in labels if isinstance(label, str)}
    for correction in _dicts(body.get("corrections")):
        fields[f"correction.{correction.get('response')}"] = str(correction.get("content", ""))
    fields["critique"] = str(body.get("critique") or "")
    return fields


def _dicts(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
