"""What the form asks, row by row, for one task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from evalhub.campaigns import choices
from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.common.reasoning import steps_of
from evalhub.judgments.choices import CannotTell, Evidence, StepVerdict
from evalhub.judgments.sheet.fields import CANNOT_TELL, PROMPT, WORDS
from evalhub.judgments.sheet.options import points_of, preferences_of
from evalhub.judgments.sheet.rows import (
    Ask,
    Condition,
    Field,
    Option,
    Sheet,
    Shown,
    TextAsk,
    Typed,
)
from evalhub.rubrics.models import Criterion, ScaleKind

EXCERPT = 90  # characters of a step


def sheet_of(
    campaign: Campaign,
    criteria: Sequence[Criterion],
    *,
    conversation: Sequence[Mapping[str, Any]],
    responses: Sequence[Shown],
    typed: Mapping[str, str],
) -> Sheet:
    """The form in the order in which it is answered: turns, criteria, steps, calls, the verdict."""
    rows = _Rows(campaign, criteria, conversation, responses, typed)
    return Sheet(list(rows.asks()), list(rows.texts()), typed.get("spans") or "[]")


@dataclass(frozen=True)
class _Rows:
    campaign: Campaign
    criteria: Sequence[Criterion]
    conversation: Sequence[Mapping[str, Any]]
    responses: Sequence[Shown]
    typed: Mapping[str, str]

    def asks(self) -> Iterator[Ask]:
        type_, asked = self.campaign.type, self.campaign.asks
        labels = [each.label for each in self.responses]
        if choices.Ask.TURNS in asked:
            yield from self._turns()
        if self.campaign.rates:
            for criterion in self.criteria:
                for label in labels or [PROMPT]:
                    yield self._rating(criterion, label, many=len(labels) > 1)
        if choices.Ask.STEPS in asked:
            for response in self.responses:
                yield from self._steps(response)
        if choices.Ask.TOOL_CALLS in asked:
            for response in self.responses:
                yield from self._calls(response)
        if type_ == TaskType.RANKING:
            yield from (self._rank(label, labels) for label in labels)
        if type_ == TaskType.COMPARISON:
            if choices.Ask.CRITERIA in asked:
                compared = (each for each in self.criteria if each.is_compared)
                yield from (self._preference(criterion) for criterion in compared)
            yield self._preference(None)

    def texts(self) -> Iterator[TextAsk]:
        if self.campaign.type == TaskType.DEMONSTRATION:
            help_ = _("Write it as you would want to read it.")
            yield self._text(
                "demonstration", _("Your answer"), help_, is_required=True, is_tall=True
            )
        if choices.Ask.CORRECTION in self.campaign.asks:
            for each in self.responses:
                title = _("Your own version of response %(label)s") % {"label": each.label}
                help_ = _("Leave it empty where nothing needs mending.")
                yield self._text(f"correction.{each.label}", title, help_, about=each.label)
        if choices.Ask.CRITIQUE in self.campaign.asks:
            yield self._text("critique", _("Why?"), _("What decided it? Optional."))

    def _text(self, name: str, title: str, help_: str, **more: Any) -> TextAsk:
        return TextAsk(name, title, help_, self.typed.get(name, ""), **more)

    def _options(self, name: str, rows: Sequence[tuple[str, str, str, str]]) -> list[Option]:
        chosen = self.typed.get(name)
        return [Option(*row, is_chosen=row[0] == chosen) for row in rows]

    def _turns(self) -> Iterator[Ask]:
        for place, turn in enumerate(self.conversation):
            if turn["role"] == "assistant":
                for criterion in self.criteria:
                    yield self._rating(criterion, self.responses[0].label, turn=place)

    def _rating(
        self, criterion: Criterion, label: str, *, many: bool = False, turn: int | None = None
    ) -> Ask:
        about = f"{label}.{criterion.slug}" + ("" if turn is None else f".{turn}")
        name = f"rating.{about}"
        scale = points_of(criterion)
        rows = [*scale]
        if criterion.cannot_tell:
            rows.append(
                (CANNOT_TELL, _("can’t tell"), "0", _("You cannot tell from what is here."))
            )
        title = criterion.name
        if turn is not None:
            title = _("%(criterion)s · turn %(turn)s") % {"criterion": title, "turn": turn + 1}
        elif many:
            title = f"{title} · {label}"
        return Ask(
            name,
            title,
            criterion.question,
            criterion.required,
            self._options(name, rows),
            about=f"turn-{turn}" if turn is not None else label,
            reason=self._reason(about) if criterion.cannot_tell else None,
            comment=self._comment(about) if criterion.asks_comment else None,
            typed=self._typed(criterion, about),
            condition=self._condition(criterion, label, turn),
            points=[(text, anchor) for _value, text, _key, anchor in scale if anchor],
            examples=[
                (text, criterion.examples[value])
                for value, text, _key, _anchor in rows
                if value in criterion.examples
            ],
        )

    def _typed(self, criterion: Criterion, about: str) -> Typed | None:
        if criterion.has_points:
            return None
        is_number = criterion.kind == ScaleKind.NUMBER
        name = f"{'rating' if is_number else WORDS}.{about}"
        value = self.typed.get(name, "")
        limits = (criterion.low, criterion.high) if is_number else None
        return Typed(name, "" if value == CANNOT_TELL and is_number else value, limits)

    def _condition(self, criterion: Criterion, label: str, turn: int | None) -> Condition | None:
        asked = next((each for each in self.criteria if each.slug == criterion.asked_if), None)
        if asked is None:
            return None
        words = {value: text for value, text, _key, _anchor in points_of(asked)}
        values = [str(each) for each in criterion.asked_if_values]
        told = _("Only where %(criterion)s is: %(answers)s")
        answers = ", ".join(words.get(each, each) for each in values)
        name = f"rating.{label}.{asked.slug}" + ("" if turn is None else f".{turn}")
        sentence = told % {"criterion": asked.name, "answers": answers}
        return Condition(name, " ".join(values), sentence)

    def _reason(self, about: str) -> Field:
        name = f"reason.{about}"
        options = [(str(value), str(text)) for value, text in CannotTell.choices]
        return Field(name, _("Why can’t you tell?"), self.typed.get(name, ""), options)

    def _comment(self, about: str) -> Field:
        name = f"comment.{about}"
        return Field(name, _("A word on it"), self.typed.get(name, ""))

    def _steps(self, response: Shown) -> Iterator[Ask]:
        verdicts = [
            (str(value), str(text), str(nth), "")
            for nth, (value, text) in enumerate(StepVerdict.choices, start=1)
        ]
        for nth, passage in enumerate(steps_of(response.content)):
            name = f"step.{response.label}.{nth}"
            text = " ".join(response.content[passage.start : passage.end].split())
            yield Ask(
                name,
                _("%(label)s · step %(step)s") % {"label": response.label, "step": nth + 1},
                text[:EXCERPT] + ("…" if len(text) > EXCERPT else ""),
                is_required=True,
                options=self._options(name, verdicts),
                about=response.label,
                passage=(passage.start, passage.end),
            )

    def _calls(self, response: Shown) -> Iterator[Ask]:
        rows = (
            ("both", _("right"), "1", _("The right tool with the right arguments.")),
            ("tool", _("wrong arguments"), "2", _("The right tool; its arguments are wrong.")),
            ("none", _("wrong tool"), "3", _("Another tool, or none, was needed.")),
        )
        for nth, call in enumerate(response.tool_calls):
            name = f"call.{response.label}.{nth}"
            yield Ask(
                name,
                _("%(label)s · call %(call)s") % {"label": response.label, "call": nth + 1},
                str(call.get("name", "")),
                is_required=True,
                options=self._options(name, rows),
                about=response.label,
            )

    def _rank(self, label: str, labels: list[str]) -> Ask:
        name = f"rank.{label}"
        count = len(labels)
        anchor = _("Place %(place)s of %(count)s; responses may share a place.")
        rows = [
            (str(nth), str(nth), str(nth), anchor % {"place": nth, "count": count})
            for nth in range(1, count + 1)
        ]
        title = _("Place of %(label)s") % {"label": label}
        question = _("1 is the best.")
        return Ask(name, title, question, True, self._options(name, rows), about=label)  # noqa: FBT003

    def _preference(self, criterion: Criterion | None) -> Ask:
        both_bad = _("Both are so bad that it does not matter which is better.")
        rows = preferences_of(self.campaign.preference_steps)
        rows.append(("both_bad", _("both bad"), "0", both_bad))
        if criterion is None:
            name, title, question = "preference", _("Overall"), _("Which response is better?")
        else:
            name, title = f"preference.{criterion.slug}", criterion.name
            question = criterion.question
        required = criterion is None or criterion.required
        comment = self._comment(name) if criterion and criterion.asks_comment else None
        return Ask(name, title, question, required, self._options(name, rows), comment=comment)


def marks_of(campaign: Campaign, *, has_documents: bool) -> dict[str, Any]:
    """What may be said of a marked passage, for the page's script."""
    version = campaign.rubric_version
    return {
        "asked": choices.Ask.SPANS in campaign.asks,
        "error_types": version.error_types,
        "severities": version.severities,
        "evidence": [{"slug": each.value, "name": str(each.label)} for each in Evidence],
        "has_documents": has_documents,
    }
