"""The form's fields to a submit's body, and a body (a draft, a stored judgment) to fields."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec
from django.utils.translation import gettext as _

from evalhub.judgments.body import Answers, SubmitBody, malformed
from evalhub.judgments.choices import IN_WORDS
from evalhub.judgments.errors import InvalidJudgment, MalformedBody

CANNOT_TELL = "none"
PROMPT = "prompt"  # in the place of a label: the prompt itself
NO_REASON_GIVEN = "cannot_tell"
WORDS = "words"  # the first word of a field that answers a criterion in words
CALLS: dict[str, dict[str, bool | None]] = {
    "both": {"right_tool": True, "right_arguments": True},
    "tool": {"right_tool": True, "right_arguments": False},
    "none": {"right_tool": False, "right_arguments": None},
}

Shape = TypeVar("Shape", bound=Answers)


def body_from(fields: Mapping[str, str]) -> SubmitBody:
    """What the posted form says, as a submit. Raise MalformedBody naming the field."""
    holding = [uid for uid in fields.get("holding", "").split(",") if uid]
    told = {
        "token": _number(fields.get("token", "")),
        "submission_id": fields.get("submission_id", ""),
        "claim_next": fields.get("claim_next") == "true",
        "holding": holding,
    }
    return _convert(told | told_by(fields), SubmitBody)


def answers_from(fields: Mapping[str, str], shape: type[Shape], **more: Any) -> Shape:
    """The answers alone, in `shape`, with what else that needs."""
    return _convert(told_by(fields) | more, shape)


def told_by(fields: Mapping[str, str]) -> dict[str, Any]:
    """The answers as the JSON of a submit, not checked yet.

    Raises:
        InvalidJudgment: a comment stands beside no answer, and would be lost.
        MalformedBody: the marked passages are no JSON.
    """
    _demand_answers(fields)
    told: dict[str, Any] = {
        "critique": fields.get("critique", "").strip(),
        "demonstration": fields.get("demonstration", "").strip(),
        "ratings": list(_ratings(fields)),
        "preferences": list(_preferences(fields)),
        "ranking": _tiers(fields),
        "corrections": [
            {"response": rest, "content": text}
            for rest, text in _named(fields, "correction")
            if text.strip()
        ],
        "steps": [
            {"response": label, "step": _number(nth), "verdict": verdict}
            for rest, verdict in _named(fields, "step")
            for label, _dot, nth in [rest.partition(".")]
        ],
        "tool_calls": [
            {"response": label, "call": _number(nth), **CALLS.get(verdict, {})}
            for rest, verdict in _named(fields, "call")
            for label, _dot, nth in [rest.partition(".")]
        ],
        "spans": _spans(fields.get("spans", "")),
    }
    if fields.get("active_ms"):
        told["active_ms"] = _number(fields["active_ms"])
    return told


def _convert(told: dict[str, Any], shape: type[Shape]) -> Shape:
    try:
        return msgspec.convert(told, shape)
    except msgspec.ValidationError as error:
        raise malformed(error) from error


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _demand_answers(fields: Mapping[str, str]) -> None:
    for about, text in _named(fields, "comment"):
        name = about if about.startswith("preference.") else f"rating.{about}"
        if text.strip() and not fields.get(name):
            told = _("There is a comment on %(name)s without an answer. Answer it, or empty that.")
            raise InvalidJudgment(told % {"name": about}, field=f"comment.{about}")


def _named(fields: Mapping[str, str], kind: str) -> Iterator[tuple[str, str]]:
    """What stands behind `kind.` in the names of fields, with the values that are not empty."""
    for name, value in fields.items():
        first, dot, rest = name.partition(".")
        if dot and first == kind and value:
            yield rest, value


def _ratings(fields: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for about, value in _named(fields, "rating"):
        label, _dot, rest = about.partition(".")
        criterion, dot, turn = rest.partition(".")
        rating: dict[str, Any] = {
            "response": None if label == PROMPT else label,
            "criterion": criterion,
            "value": None if value == CANNOT_TELL else _signed(value),
            "comment": fields.get(f"comment.{about}", "").strip(),
        }
        if dot:
            rating["turn"] = _number(turn)
        if value == CANNOT_TELL:
            rating["reason"] = fields.get(f"reason.{about}") or NO_REASON_GIVEN
        yield rating
    for about, text in _named(fields, WORDS):
        if text.strip():
            label, _dot, rest = about.partition(".")
            criterion, dot, turn = rest.partition(".")
            yield {
                "response": None if label == PROMPT else label,
                "criterion": criterion,
                "value": None,
                "reason": IN_WORDS,
                "comment": text.strip(),
                "turn": _number(turn) if dot else None,
            }


def _signed(text: str) -> int | str:
    """A number; a text that is none stays, so that the check names it."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() else text


def _preferences(fields: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    if overall := fields.get("preference"):
        yield {"criterion": None, **_choice(overall)}
    for criterion, code in _named(fields, "preference"):
        comment = fields.get(f"comment.preference.{criterion}", "").strip()
        yield {"criterion": criterion, **_choice(code), "comment": comment}


def _choice(code: str) -> dict[str, Any]:
    """ "A2" is A by 2; "tie" and "both_bad" stand for themselves."""
    if code[-1:].isdecimal():
        return {"choice": code[:-1], "strength": int(code[-1])}
    return {"choice": code}


def _tiers(fields: Mapping[str, str]) -> list[list[str]]:
    places: dict[int, list[str]] = defaultdict(list)
    for label, value in _named(fields, "rank"):
        place = _number(value)
        if place is not None:
            places[place].append(label)
    return [sorted(places[place]) for place in sorted(places)]


def _spans(text: str) -> Any:
    try:
        return json.loads(text or "[]")
    except ValueError as error:
        raise MalformedBody(_("The marked passages are no JSON. Load the page again.")) from error


def fields_from(body: Mapping[str, Any], *, preference_steps: int = 5) -> dict[str, str]:
    """A kept draft as fields of the form; what does not fit is left out, as nobody checked it."""
    fields: dict[str, str] = {}
    for rating in _dicts(body.get("ratings")):
        fields |= _rating_fields(rating)
    for preference in _dicts(body.get("preferences")):
        criterion = preference.get("criterion")
        name = "preference" if criterion is None else f"preference.{criterion}"
        fields[name] = _code_of(preference, preference_steps // 2)
        fields[f"comment.{name}"] = str(preference.get("comment") or "")
    ranking = body.get("ranking")
    for tier, labels in enumerate(ranking if isinstance(ranking, list) else [], start=1):
        if isinstance(labels, list):
            fields |= {f"rank.{label}": str(tier) for label in labels if isinstance(label, str)}
    for correction in _dicts(body.get("corrections")):
        fields[f"correction.{correction.get('response')}"] = str(correction.get("content", ""))
    for step in _dicts(body.get("steps")):
        fields[f"step.{step.get('response')}.{step.get('step')}"] = str(step.get("verdict"))
    for call in _dicts(body.get("tool_calls")):
        said = {"right_tool": call.get("right_tool"), "right_arguments": None}
        said |= {"right_arguments": call.get("right_arguments")} if said["right_tool"] else {}
        code = next((code for code, meaning in CALLS.items() if meaning == said), "")
        fields[f"call.{call.get('response')}.{call.get('call')}"] = code
    if spans := _dicts(body.get("spans")):
        fields["spans"] = json.dumps(spans)
    for name in ("demonstration", "critique"):
        fields[name] = str(body.get(name) or "")
    return {name: value for name, value in fields.items() if value}


def _rating_fields(rating: Mapping[str, Any]) -> dict[str, str]:
    value, turn = rating.get("value"), rating.get("turn")
    about = f"{rating.get('response') or PROMPT}.{rating.get('criterion')}"
    about += "" if turn is None else f".{turn}"
    if rating.get("reason") == IN_WORDS:
        return {f"{WORDS}.{about}": str(rating.get("comment") or "")}
    fields = {f"rating.{about}": CANNOT_TELL if value is None else str(value)}
    for name in ("reason", "comment"):
        if rating.get(name):
            fields[f"{name}.{about}"] = str(rating[name])
    return fields


def _code_of(preference: Mapping[str, Any], most: int) -> str:
    """A page with fewer steps takes what came with more as its strongest."""
    choice, strength = preference.get("choice"), preference.get("strength") or 1
    if choice in ("A", "B") and isinstance(strength, int):
        return f"{choice}{max(1, min(most, strength))}"
    return str(choice)


def _dicts(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
