"""The gate of a Loop's policy as forms: what must be better, what must not be worse, and whether people decide.

A condition is a row; one whose metric is empty, or whose criterion is, says nothing and goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.formsets import BaseFormSet

from evalhub.accounts.models import Workspace
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.figures import HARNESS, KINDS, in_order, kind_of
from evalhub.evaluation.gate import TrialTerms
from evalhub.evaluation.models import Evaluation
from evalhub.evaluation.probes import PROBED, carries

Choices = list[tuple[str, str]]
MOST_ROWS = 30
TINY = 1e-9  # what the gate wants above 0 or below 1


def metrics_of(workspace: Workspace) -> Choices:
    """Figures that a gate may ask for: those that sets of a Round or probes can give, of ours and of plug-ins, and
    of harness tasks those that were measured last.
    """
    measured = Evaluation.objects.filter(workspace=workspace).exclude(metrics={}).first()
    known = dict.fromkeys([*KINDS, *(measured.metrics if measured else {})])
    return [
        (name, kind_of(name).label)
        for name in in_order(known)
        if (carries(PROBED, name) or name.startswith(HARNESS))
        and (name not in KINDS or KINDS[name].better != "neither")
    ]


class _Row(forms.Form):
    """One condition; its labels stand above the column and are read with each field."""

    NAMED = "metric"  # the field without which it says nothing

    def __init__(
        self, *args: Any, metrics: Choices, probes: Choices, **named: Any
    ) -> None:  # Django's own
        super().__init__(*args, **named)
        for name, choices in (("metric", metrics), ("probe", probes)):
            field = self.fields.get(name)
            if isinstance(field, forms.ChoiceField):
                kept = self.initial.get(
                    name, ""
                )  # what a policy names stays, whatever is there now
                more = [(kept, kind_of(kept).label if name == "metric" else kept)]
                known = {each for each, _ in choices}
                field.choices = [("", "–"), *choices, *(more if kept and kept not in known else [])]
        for bound in self.fields.values():
            bound.widget.attrs.setdefault("aria-label", bound.label)

    def said(self) -> dict[str, Any]:
        """As the policy keeps it; what is left empty has its default. Nothing of a row that names nothing."""
        values = self.cleaned_data
        if not values.get(self.NAMED):
            return {}
        return {name: value for name, value in values.items() if value not in (None, "")}


def _share(label: str, *, low: float = 0, high: float = 10**6) -> forms.FloatField:
    return forms.FloatField(label=label, min_value=low, max_value=high, required=False)


class MustBeatForm(_Row):
    metric = forms.ChoiceField(label="Figure", required=False)
    than = forms.ChoiceField(label="Than", choices=[("baseline", "the baseline’s"), ("incumbent", "that in service")], required=False)  # fmt: skip
    margin = _share("By more than")
    confidence = _share("How sure", low=0.5, high=1 - TINY)
    slice = forms.CharField(label="Slice", max_length=200, required=False)


class NotWorseForm(_Row):
    metric = forms.ChoiceField(label="Figure", required=False)
    than = forms.ChoiceField(label="Than", choices=[("both", "both"), ("baseline", "the baseline’s"), ("incumbent", "that in service")], required=False)  # fmt: skip
    margin = _share("By at most")
    relative = forms.BooleanField(label="As a share", required=False)
    shown_by = forms.ChoiceField(label="Shown by", choices=[("interval", "the whole interval"), ("estimate", "the figure itself"), ("doubt", "no proof of a loss")], required=False)  # fmt: skip
    confidence = _share("How sure", low=0.5, high=1 - TINY)
    slice = forms.CharField(label="Slice", max_length=200, required=False)
    probe = forms.ChoiceField(label="On the probe", required=False)


class VetoForm(_Row):
    NAMED = "criterion"
    criterion = forms.CharField(label="Criterion", max_length=100, required=False)
    least = forms.IntegerField(label="Rated below", required=False)
    most = forms.IntegerField(label="Answers at most", min_value=0, required=False)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("criterion") and values.get("least") is None:
            self.add_error("least", "Say below which rating an answer is refused.")
        return values


class TrialForm(forms.Form):
    """Whether people decide, and how; what is left empty has its default."""

    fewest_groups = forms.IntegerField(label="Prompt groups at least", min_value=2, required=False, help_text="An interval over fewer says nothing.")  # fmt: skip
    is_held = forms.BooleanField(label="People decide in a blind trial", required=False, help_text="Where the figures meet the gate: both models answer held-out prompts, and people compare, not knowing whose is whose.")  # fmt: skip
    prompts = forms.IntegerField(label="Held-out prompts at most", min_value=10, required=False)
    votes = forms.IntegerField(label="People for each prompt", min_value=1, max_value=20, required=False)  # fmt: skip
    alpha = forms.FloatField(label="Chance to promote what is no better", min_value=TINY, max_value=0.5, required=False)  # fmt: skip
    margin = forms.FloatField(label="Gain worth having", min_value=TINY, max_value=0.5 - TINY, required=False, help_text="Win rate beyond one half: 0.15 is 65 % of the votes.")  # fmt: skip
    max_new_tokens = forms.IntegerField(label="Longest answer in the trial, in tokens", min_value=1, required=False)  # fmt: skip
    most_unsafe_flags = forms.IntegerField(label="Tasks flagged as unsafe at most", min_value=0, required=False, help_text="More refuse the candidate. Empty: not asked.")  # fmt: skip
    accepts_simulated = forms.BooleanField(label="Simulated votes count", required=False)


ROWS = {
    "must_beat": ("What must be better", "The whole interval of the gain lies beyond the margin.", MustBeatForm),
    "not_worse": ("What must not be worse", "On the Round’s set or on a probe: another build, on which all three are measured as well.", NotWorseForm),
    "vetoes": ("Vetoes by people’s ratings", "In the trial each answer is then rated as well; a criterion of the rubric by its slug.", VetoForm),
}  # fmt: skip


class GateForms:
    """The forms of a gate on one page.

    Args:
        data: what was posted; None: the page is opened.
        gate: as the policy stores it, with every field.
    """

    def __init__(
        self, data: Mapping[str, Any] | None, *, workspace: Workspace, gate: Mapping[str, Any]
    ) -> None:
        builds = DatasetBuild.objects.filter(workspace=workspace, kind__in=PROBED).exclude(
            digest=""
        )
        probes = builds.filter(rows__test__gt=0).select_related("dataset").order_by("-pk")[:200]
        shared = {
            "metrics": metrics_of(workspace),
            "probes": [(str(each.uid), str(each)) for each in probes],
        }
        self.rows: dict[str, BaseFormSet[Any]] = {
            name: forms.formset_factory(form, extra=1, max_num=MOST_ROWS, validate_max=True)(
                data, prefix=name, initial=gate.get(name, []), form_kwargs=shared
            )
            for name, (_, _, form) in ROWS.items()
        }
        terms = gate.get("trial") or {}
        first = {"is_held": bool(terms), "fewest_groups": gate.get("fewest_groups")} | terms
        self.trial = TrialForm(data, prefix="trial", initial=first)

    def tables(self) -> list[tuple[str, str, BaseFormSet[Any]]]:
        """How the page lays the conditions out: title, what it means, rows."""
        return [(title, told, self.rows[name]) for name, (title, told, _) in ROWS.items()]

    def is_valid(self) -> bool:
        found = [self.trial.is_valid(), *(each.is_valid() for each in self.rows.values())]
        return all(found)  # of all of them, so that each tells its errors

    def changes(self) -> dict[str, Any]:
        """What they say, as a merge patch of the gate."""
        said: dict[str, Any] = {
            name: [told for form in rows if (told := form.said())]
            for name, rows in self.rows.items()
        }
        terms = dict(self.trial.cleaned_data)
        said["fewest_groups"] = terms.pop("fewest_groups")
        held = terms.pop("is_held")
        known = {name: terms.get(name) for name in TrialTerms.__struct_fields__}
        said["trial"] = known if held else None
        return said
