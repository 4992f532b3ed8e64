"""What a lead says of earlier answers: a rule for each criterion, and a table where it is a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _

from evalhub.rubrics.carried import Decision, has_same_scale
from evalhub.rubrics.models import Carrying, Criterion


@dataclass(frozen=True)
class Both:
    """A criterion that is in both versions."""

    earlier: Criterion
    later: Criterion

    @property
    def rules(self) -> list[Carrying]:
        """Those that can be chosen."""
        kept = [Carrying.KEEP] if has_same_scale(self.earlier, self.later) else []
        points = self.earlier.has_points and self.later.has_points
        return [*kept, *([Carrying.MAP] if points else []), Carrying.AGAIN]


class CarryForm(forms.Form):
    """A field for each criterion, by its slug, and one for each of its earlier points."""

    def __init__(
        self,
        told: Mapping[str, str] | None,
        *,
        criteria: Sequence[Both],
        standing: Mapping[str, Decision],
    ) -> None:
        super().__init__(told)
        self._criteria = {each.later.slug: each for each in criteria}
        for slug, both in self._criteria.items():
            decision = standing[slug]
            self.fields[slug] = forms.ChoiceField(
                label=_("Answers given before"),
                choices=[(rule.value, rule.label) for rule in both.rules],
                initial=decision.rule.value,
            )
            if Carrying.MAP in both.rules:
                for value in both.earlier.points:
                    self.fields[f"{slug}.{value}"] = _becomes(both, value, decision)

    def table_of(self, slug: str) -> list[BoundField]:
        return [self[name] for name in self.fields if name.startswith(f"{slug}.")]

    def decisions(self) -> dict[str, Decision]:
        """By slug. The table is read where the rule is a map."""
        return {slug: _decision(both, self.cleaned_data) for slug, both in self._criteria.items()}


def _decision(both: Both, told: Mapping[str, str]) -> Decision:
    slug, values = both.later.slug, dict[int, int]()
    rule = Carrying(told[slug])
    if rule == Carrying.MAP:
        for value in both.earlier.points:
            to = told[f"{slug}.{value}"]
            if to:
                values[value] = int(to)
    return Decision(rule, values, is_said=True)


def _becomes(both: Both, value: int, decision: Decision) -> forms.ChoiceField:
    head = {"value": _head(both.earlier, value)}
    points = [(str(point), _head(both.later, point)) for point in both.later.points]
    to = decision.values.get(value)
    return forms.ChoiceField(
        label=_("%(value)s becomes") % head,
        required=False,
        choices=[("", _("nothing: does not count")), *points],
        initial="" if to is None else str(to),
    )


def _head(criterion: Criterion, value: int) -> str:
    """A point as its page shows it: the number, and what it means where that is short."""
    heads = dict(zip(criterion.points, criterion.answers, strict=True))
    head, words = heads[value]
    if not head:
        return words
    return f"{head}: {words[:60]}" if words else head
