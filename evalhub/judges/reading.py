"""What a judge's reply says: read strictly as JSON, or not read at all. Shapes: none, plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.judges.choices import Unread
from evalhub.judges.wording import CHOICES, OF_CRITERION
from evalhub.judgments.services.modelled import ModelPreference, ModelRating
from evalhub.rubrics.models import Criterion

Said = dict[int | None, str]  # of a comparison: by the criterion's key, None overall, "A", "B"…


class Unreadable(Exception):
    def __init__(self, why: Unread) -> None:
        super().__init__(why)
        self.why = why


def ratings_in(reply: str, criteria: Sequence[Criterion]) -> tuple[ModelRating, ...]:
    """The values of a rating.

    Raises:
        Unreadable: the reply is no such object; whatever else it holds is not looked at.
    """
    given = _object(reply, ["ratings"])["ratings"]
    if not isinstance(given, dict):
        raise Unreadable(Unread.WRONG_KEYS)
    found: dict[str, int | None] = {}
    for criterion in criteria:
        if not criterion.is_asked(found.get(criterion.asked_if)):
            if criterion.slug in given:
                raise Unreadable(Unread.WRONG_KEYS)
        elif criterion.slug in given:
            found[criterion.slug] = _value(given[criterion.slug], criterion)
        elif criterion.required:
            raise Unreadable(Unread.WRONG_KEYS)
    if given.keys() - found.keys() or not found:
        raise Unreadable(Unread.WRONG_KEYS)
    keys = {each.slug: each.pk for each in criteria}
    return tuple(ModelRating(criterion=keys[slug], value=value) for slug, value in found.items())


def choices_in(reply: str, criteria: Sequence[Criterion]) -> Said:
    """The choices of a comparison, in terms of what was shown.

    Raises:
        Unreadable: as of `ratings_in`.
    """
    names = ["overall", "criteria"] if criteria else ["overall"]
    given = _object(reply, names)
    said: Said = {None: _choice(given["overall"], CHOICES)}
    if criteria:
        of_criteria = given["criteria"]
        slugs = {each.slug: each.pk for each in criteria}
        if not isinstance(of_criteria, dict) or of_criteria.keys() != slugs.keys():
            raise Unreadable(Unread.WRONG_KEYS)
        said |= {slugs[slug]: _choice(of_criteria[slug], OF_CRITERION) for slug in slugs}
    return said


@dataclass(frozen=True)
class Merged:
    """What both orders say of one question; `preference` None: nothing, as they say different things."""

    criterion: int | None
    preference: ModelPreference | None
    is_consistent: bool
    leans: int  # of what differs: 1 to the response shown first both times, -1 to the second, or 0


def merged(shown: Said, turned: Said, *, keeps_ties: bool) -> list[Merged]:
    """One answer of two: `turned` was given with the responses the other way round.

    A response wins only where it wins in both orders; what differs is a tie or nothing.

    Source:
        L. Zheng et al., "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", 2023,
        arXiv:2306.05685, section 3.4 (swapping positions, the conservative way).
    """
    back = {"A": "B", "B": "A"}
    found = []
    for criterion, one in shown.items():
        other = back.get(turned[criterion], turned[criterion])
        margins = [{"A": 1, "B": -1}.get(each, 0) for each in (one, other)]
        same = margins[0] == margins[1]
        both_bad = one == other == "both_bad"
        leans = margins[0] if margins[0] == -margins[1] else 0  # A, then A again: by its place
        kept = ModelPreference(
            criterion=criterion, margin=margins[0] if same else 0, both_bad=both_bad
        )
        found.append(Merged(criterion, kept if same or keeps_ties else None, same, leans))
    return found


def _object(reply: str, names: Sequence[str]) -> dict[str, Any]:
    """The one JSON object that the reply is, with exactly the keys `names`."""
    try:
        given = json.loads(
            _unfenced(reply), object_pairs_hook=_each_once, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable(Unread.NOT_JSON) from error
    if not isinstance(given, dict):
        raise Unreadable(Unread.NOT_JSON)
    if given.keys() != set(names):
        raise Unreadable(Unread.WRONG_KEYS)
    return given


def _unfenced(reply: str) -> str:
    """The reply, or what is in the one code fence that it consists of: many models cannot do without."""
    text = reply.strip()
    if text.startswith("```") and text.endswith("```") and text.count("```") == 2:
        head, _, rest = text.partition("\n")
        return rest[:-3] if head in ("```", "```json") else text
    return text


def _each_once(pairs: Iterable[tuple[str, Any]]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Unreadable(Unread.WRONG_KEYS)
        found[key] = value
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _value(given: Any, criterion: Criterion) -> int | None:
    if given is None and criterion.cannot_tell:
        return None
    if type(given) is not int or given not in criterion.points:  # True is no 1
        raise Unreadable(Unread.OFF_SCALE)
    return given


def _choice(given: Any, allowed: Sequence[str]) -> str:
    if not isinstance(given, str) or given not in allowed:
        raise Unreadable(Unread.OFF_SCALE)
    return given
