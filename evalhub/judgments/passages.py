"""Answers that point into the texts: marked passages, steps of a reasoning, tool calls, turns."""

from __future__ import annotations

from django.utils.translation import gettext as _

from evalhub.campaigns.choices import Ask, TaskType
from evalhub.common.reasoning import steps_of
from evalhub.judgments.body import Answers, EvidenceGiven, SpanGiven, ToolCallGiven
from evalhub.judgments.choices import StepVerdict
from evalhub.judgments.question import (
    Findings,
    Material,
    Question,
    SpanFound,
    StepFound,
    ToolCallFound,
    completion_behind,
    wrong,
)


def add_passages(
    findings: Findings, answers: Answers, question: Question, material: Material
) -> None:
    """Add to `findings` what `answers` say of the texts.

    Raises:
        InvalidJudgment: names the field, what is wrong with it and the remedy.
    """
    findings.spans = [
        _span(nth, span, question, material) for nth, span in enumerate(answers.spans)
    ]
    places = [(each.completion, each.start, each.end, each.error_type) for each in findings.spans]
    if len(set(places)) < len(places):
        raise wrong("spans", _("A passage is marked twice with the same error type; remove one."))
    findings.steps = _steps(answers, question, material)
    findings.tool_calls = _tool_calls(answers, question, material)
    _check_turns(answers, question, material)


def _span(nth: int, span: SpanGiven, question: Question, material: Material) -> SpanFound:
    place = f"spans[{nth}]"
    if span.response is None:
        if question.type != TaskType.LABEL:
            raise wrong(f"{place}.response", _("Name the response that the passage is in."))
        key, text = None, material.messages[-1]["content"]
    else:
        key = completion_behind(span.response, question, f"{place}.response")
        text = material.contents[key]
    _check_range(span.start, span.end, len(text), f"{place}.end")
    _check_slug(span.error_type, material.error_types, f"{place}.error_type")
    _check_slug(span.severity, material.severities, f"{place}.severity")
    if not (span.error_type or span.evidence):
        raise wrong(
            f"{place}.error_type", _("Say what is wrong with the passage, or its evidence.")
        )
    found = _evidence(span.passage, material, place)
    return SpanFound(
        key, span.start, span.end, span.error_type, span.severity, span.evidence, *found, span.note
    )


def _evidence(
    passage: EvidenceGiven | None, material: Material, place: str
) -> tuple[int | None, int | None, int | None]:
    if passage is None:
        return None, None, None
    count = len(material.documents)
    if passage.document >= count:
        told = _("The prompt has %(n)s documents, from 0.") % {"n": count}
        raise wrong(f"{place}.passage.document", told)
    length = len(material.documents[passage.document])
    _check_range(passage.start, passage.end, length, f"{place}.passage.end")
    return passage.document, passage.start, passage.end


def _check_range(start: int, end: int, length: int, place: str) -> None:
    if not start < end <= length:
        told = _("%(start)s to %(end)s is no passage of a text of %(length)s characters.")
        raise wrong(place, told % {"start": start, "end": end, "length": length})


def _check_slug(given: str, known: object, place: str) -> None:
    slugs = list(known) if isinstance(known, (list, tuple, set, frozenset)) else []
    if given and given not in slugs:
        told = _("No “%(slug)s” in this rubric; there are: %(known)s.")
        raise wrong(place, told % {"slug": given, "known": ", ".join(slugs) or _("none")})


def _steps(answers: Answers, question: Question, material: Material) -> list[StepFound]:
    if Ask.STEPS not in question.asks:
        if answers.steps:
            raise wrong("steps", _("This campaign does not judge steps; send an empty list."))
        return []
    passages = {key: steps_of(text) for key, text in material.contents.items()}
    found: dict[tuple[int, int], StepFound] = {}
    for nth, given in enumerate(answers.steps):
        place = f"steps[{nth}]"
        key = completion_behind(given.response, question, f"{place}.response")
        if given.step >= len(passages[key]):
            told = _("The response has %(n)s steps, from 0.") % {"n": len(passages[key])}
            raise wrong(f"{place}.step", told)
        if (key, given.step) in found:
            told = _("Step %(step)s of response %(label)s is judged twice.")
            raise wrong(place, told % {"step": given.step, "label": given.response})
        at = passages[key][given.step]
        found[key, given.step] = StepFound(key, given.step, at.start, at.end, given.verdict)
    for label, key in question.shown.items():
        for step in range(len(passages[key])):
            if (key, step) not in found:
                told = _("Judge step %(step)s of response %(label)s.")
                raise wrong("steps", told % {"step": step + 1, "label": label})
            if found[key, step].verdict == StepVerdict.WRONG:
                break  # what follows the first error stands on it: judging it is free
    return list(found.values())


def _tool_calls(answers: Answers, question: Question, material: Material) -> list[ToolCallFound]:
    if Ask.TOOL_CALLS not in question.asks:
        if answers.tool_calls:
            raise wrong("tool_calls", _("This campaign does not judge tool calls; send none."))
        return []
    found: dict[tuple[int, int], ToolCallFound] = {}
    for nth, given in enumerate(answers.tool_calls):
        place = f"tool_calls[{nth}]"
        key = completion_behind(given.response, question, f"{place}.response")
        count = len(material.tool_calls[key])
        if given.call >= count:
            told = _("The response made %(n)s tool calls, from 0.") % {"n": count}
            raise wrong(f"{place}.call", told)
        if (key, given.call) in found:
            told = _("Call %(call)s of response %(label)s is judged twice.")
            raise wrong(place, told % {"call": given.call, "label": given.response})
        found[key, given.call] = _tool_call(given, key, place)
    for label, key in question.shown.items():
        for call in range(len(material.tool_calls[key])):
            if (key, call) not in found:
                told = _("Judge tool call %(call)s of response %(label)s.")
                raise wrong("tool_calls", told % {"call": call + 1, "label": label})
    return list(found.values())


def _tool_call(given: ToolCallGiven, key: int, place: str) -> ToolCallFound:
    if given.right_tool and given.right_arguments is None:
        raise wrong(
            f"{place}.right_arguments", _("The tool is right: say whether its arguments are.")
        )
    return ToolCallFound(key, given.call, given.right_tool, given.right_arguments)


def _check_turns(answers: Answers, question: Question, material: Material) -> None:
    """Every required criterion of every assistant turn, where the campaign asks for turns."""
    if Ask.TURNS not in question.asks:
        return
    turns = material.assistant_turns
    rated = {(rating.turn, rating.criterion) for rating in answers.ratings}
    for nth, rating in enumerate(answers.ratings):
        if rating.turn is not None and rating.turn not in turns:
            known = ", ".join(map(str, turns)) or _("none")
            told = _("Turn %(turn)s is not the assistant’s; %(known)s are.")
            raise wrong(f"ratings[{nth}].turn", told % {"turn": rating.turn, "known": known})
    for turn in turns:
        for criterion in question.criteria:
            if criterion.required and (turn, criterion.slug) not in rated:
                told = _("Rate %(criterion)s of turn %(turn)s; it is required.")
                raise wrong("ratings", told % {"criterion": criterion.name, "turn": turn})
