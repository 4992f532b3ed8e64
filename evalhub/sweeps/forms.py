from __future__ import annotations

import json
from typing import Any

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.datasets.queries import blocking
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.runs.basis_form import METHODS, BasisForm
from evalhub.runs.explained import settings_for
from evalhub.runs.fit import rates_to_search
from evalhub.runs.training_form import beside_fields, label_field
from evalhub.sweeps.choices import OBJECTIVES, Sampler
from evalhub.sweeps.space import SEARCHABLE
from training.train_options import OF_ADAPTERS

SAMPLERS = {
    Sampler.REFINE.value: "Coarse to fine: one range, then closer around the best",
    Sampler.TPE.value: "TPE: learns from the tries so far where good ones lie",
    Sampler.RANDOM.value: "Random: draws from the ranges",
    Sampler.GRID.value: "Grid: every combination once",
}
SEARCHES: dict[str, dict[str, Any]] = {  # what the form offers to begin with
    "rate": {"sampler": Sampler.REFINE, "tries": 9, "prunes": False},
    "settings": {
        "sampler": Sampler.TPE, "tries": 20, "prunes": True, "lora_rank": "4 .. 32",
        "batch_size": "4, 8, 16", "epochs": "1, 3, 5",
    },
    "bases": {"sampler": Sampler.GRID, "tries": 20, "prunes": True},
}  # fmt: skip


class SweptBasisForm(BasisForm):
    """Without the methods whose runs cannot be compared by a figure of theirs."""

    methods = {
        name: told
        for name, told in METHODS.items()
        if any(name in each.recipes for each in OBJECTIVES.values())
    }
    trains = forms.ChoiceField(
        required=False,
        label="What is trained",
        choices=[("adapter", "an adapter"), ("all", "all weights of the model")],
        help_text="All weights take a tenth of an adapter’s learning rate, and have none of its settings.",
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("trains") == "all":
            method, model = values.get("method"), values.get("model")
            if method and "trains" not in {each.name for each in settings_for(method, fresh=True)}:
                self.add_error("trains", f"{method} trains adapters only: take “an adapter”.")
            elif model is not None and model.kind != ModelKind.BASE:
                self.add_error("trains", f"“{model}” is an adapter already: start from a base, or take “an adapter”.")  # fmt: skip
        return values

    def is_whole(self) -> bool:
        return self.cleaned_data.get("trains") == "all"


class SearchBasisForm(SweptBasisForm):
    """What is searched on what; comes with the address."""

    search = forms.ChoiceField(
        required=False,
        label="Look for",
        choices=[
            ("rate", "the learning rate, coarse to fine"),
            ("settings", "several settings at once"),
            ("bases", "the best of several models"),
        ],
    )

    def search_used(self) -> str:
        return str(self.cleaned_data["search"] or "rate")


class SpaceField(forms.CharField):
    """`1e-5 .. 1e-3` is a range, `4, 8, 16` are choices; empty: not searched."""

    def __init__(self, *, words: bool, **named: Any) -> None:  # Django's own
        self._words = words
        super().__init__(required=False, **named)

    def to_python(self, value: Any) -> Any:
        text = (value or "").replace("…", "..").strip()
        if not text:
            return None
        if self._words:
            return {"choices": [each.strip() for each in text.split(",") if each.strip()]}
        try:
            if ".." in text:
                low, _, high = text.partition("..")
                return {"low": float(low), "high": float(high)}
            return {"choices": [_number(each) for each in text.split(",") if each.strip()]}
        except ValueError:
            raise forms.ValidationError("Write a range like 1e-5 .. 1e-3, or values like 4, 8, 16.") from None  # fmt: skip


class _OfTries(forms.Form):
    """What searches and curves share."""

    objective = forms.ChoiceField(label="Compare by", help_text="On the validation rows; the test split is never read.")  # fmt: skip
    parallel = forms.IntegerField(min_value=1, max_value=16, initial=2, label="Tries at a time")
    options = forms.JSONField(
        required=False,
        label="Settings of every try",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text="By the names that the form of a run explains; what stands here fits the rows.",
    )

    def __init__(self, *args: Any, basis: BasisForm, **named: Any) -> None:  # Django's own
        super().__init__(*args, **named)
        chosen = basis.cleaned_data
        self.recipe: str = chosen["method"]
        self._trains = "all" if basis.is_whole() else "adapter"
        fitting = [each for each in OBJECTIVES.values() if self.recipe in each.recipes]
        self.fields["objective"].choices = [(each.name, each.label) for each in fitting]  # type: ignore[attr-defined]  # a choice
        self.fields["options"].encoder = _Indented  # type: ignore[attr-defined]  # a JSONField
        self.fields["options"].initial = basis.suggested()
        acting = {each.name for each in settings_for(self.recipe, fresh=chosen["model"].kind == ModelKind.BASE)}  # fmt: skip
        self.fields |= beside_fields(self.recipe, chosen["build"], acting=acting, first={})
        self.fields["worker_label"] = label_field()
        self.blocks = blocking(chosen["build"])
        if self.blocks:
            self.fields["despite"] = forms.CharField(label="Why train all the same")

    def clean_options(self) -> dict[str, Any]:
        options = self.cleaned_data["options"] or {}
        if not isinstance(options, dict):
            raise forms.ValidationError("Write one JSON object { … }.")
        if options.get("trains", self._trains) != self._trains:
            raise forms.ValidationError("What is trained is chosen above, with the learning rates that go with it: leave trains as it stands.")  # fmt: skip
        return options


class SweepForm(_OfTries):
    """A search: one line a setting."""

    sampler = forms.ChoiceField(choices=[*SAMPLERS.items()], label="How the next try is chosen")
    tries = forms.IntegerField(min_value=1, max_value=500, label="Tries at most")
    prunes = forms.BooleanField(
        required=False,
        label="Cancel tries that fall behind half-way",
        help_text="Worse than the median of those that ended, at the same point of the run; after three have ended.",
    )
    seed = forms.IntegerField(min_value=0, initial=0, help_text="Of the draws, and of every try.")

    def __init__(self, *args: Any, basis: SearchBasisForm, workspace: Workspace, **named: Any) -> None:  # Django's own  # fmt: skip
        super().__init__(*args, basis=basis, **named)
        chosen = basis.cleaned_data
        first = SEARCHES[basis.search_used()]
        for name in ("sampler", "tries", "prunes"):
            self.fields[name].initial = first[name]
        acting = settings_for(self.recipe, fresh=chosen["model"].kind == ModelKind.BASE)
        idle = OF_ADAPTERS if basis.is_whole() else ()
        self._searchable = [each for each in acting if each.name in SEARCHABLE and each.name not in idle]  # fmt: skip
        offered = first | {"learning_rate": _rates(basis)}
        for each in self._searchable:
            self.fields[each.name] = SpaceField(
                words=each.name in ("schedule", "lora_variant"),
                label=each.name, initial=offered.get(each.name, ""), help_text=f"{each.does} Usual: {each.usual}.",
            )  # fmt: skip
        if basis.search_used() == "bases":
            self._offer_models(chosen["model"], workspace)

    def _offer_models(self, first: LanguageModel, workspace: Workspace) -> None:
        bases = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.BASE)
        self.fields["models"] = forms.ModelMultipleChoiceField(
            bases, to_field_name="uid", initial=[first.uid], label="Models to compare", widget=forms.CheckboxSelectMultiple,
            help_text="For sft and text compare by the loss per byte: each model cuts text into tokens of its own.",
        )  # fmt: skip
        if self.recipe in ("sft", "text"):
            self.fields["objective"].initial = "eval_loss_per_byte"

    def settings(self) -> list[forms.BoundField]:
        return [self[each.name] for each in self._searchable]

    def others(self) -> list[forms.BoundField]:
        searched = {each.name for each in self._searchable} | {"despite"}
        return [field for field in self if field.name not in searched]

    def space(self) -> dict[str, Any]:
        told = {each.name: self.cleaned_data[each.name] for each in self._searchable}
        return {name: value for name, value in told.items() if value is not None}

    def options_alone(self) -> dict[str, Any]:
        """Without the settings that are searched."""
        return {name: value for name, value in self.cleaned_data["options"].items() if name not in self.space()}  # fmt: skip


class CurveForm(_OfTries):
    """A learning curve: 25, 50, 75 and 100 % of the rows, each with every seed."""

    seeds = forms.IntegerField(
        min_value=2, max_value=20, initial=3, help_text="Each makes four runs. Three show a large effect; five or more a small one."
    )  # fmt: skip


def _rates(basis: SearchBasisForm) -> str:
    """A range, or where several models are compared three values of it."""
    low, high = rates_to_search(basis.cleaned_data["method"], weights=basis.weights_known(), is_whole=basis.is_whole())  # fmt: skip
    if basis.search_used() == "bases":
        return ", ".join(_short(each) for each in (low * 5, low * 20, high))
    return f"{_short(low)} .. {_short(high)}"


def _short(rate: float) -> str:
    """1e-05 as 1e-5 is written."""
    digits, _, power = f"{rate:.3e}".partition("e")
    return f"{float(digits):g}e{int(power)}"


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value == int(value) and "." not in text and "e" not in text.lower() else value  # fmt: skip


class _Indented(json.JSONEncoder):
    """For reading, not for machines."""

    def __init__(self, **kwargs: Any) -> None:  # json.dumps passes its own arguments
        super().__init__(**(kwargs | {"indent": 2}))
