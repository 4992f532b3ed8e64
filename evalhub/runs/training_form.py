"""A training run as a form: first on what, then how, each setting explained."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms

from evalhub.common.forms import RowField
from evalhub.common.labels import LABEL
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import blocking
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.runs.basis_form import BasisForm, BuildField, trainable_builds
from evalhub.runs.beside import PROBES, TEACHER, Beside
from evalhub.runs.explained import Explained, settings_for
from evalhub.runs.fit import (
    misfits,
)
from evalhub.runs.models import EARLIER, PROBE, Recipe, Run
from training.contract import OPTIONS, TrainOptions
from training.judged_options import LABELS
from training.sharded import SHARDED
from training.train_options import (
    OF_ADAPTERS,
    QUANTISED,
    SCHEDULES,
    TRAINED,
    VARIANTS,
    WEIGHTS,
)

CHOICES = {
    "schedule": SCHEDULES,
    "trains": TRAINED,
    "quantise": QUANTISED,
    "sharding": SHARDED,
    "lora_variant": VARIANTS,
    "labels": LABELS,
    "weights": WEIGHTS,
    "margins": WEIGHTS,
    "balance": ("classes", "none"),
}
BESIDE = (PROBE, EARLIER, TEACHER)  # fields of what is read beside the build


def told_of(run: Run) -> dict[str, Any]:
    """What a run was told, by the names of the fields."""
    spec = run.spec
    teacher = {TEACHER: spec[TEACHER]} if TEACHER in spec else {}
    label = {"worker_label": run.job.label} if run.job.label else {}
    return {**spec["options"], "seed": spec["seed"], **run.beside, **teacher, **label}


def beside_fields(
    recipe: str, build: DatasetBuild, *, acting: Collection[str], first: Mapping[str, Any]
) -> dict[str, forms.Field]:
    """What can be named of that which is read beside `build`; `first` stands there first.

    Args:
        acting: the settings that act, of which some read a build or a teacher.
    """
    builds = trainable_builds(build.workspace).exclude(pk=build.pk)
    models = LanguageModel.objects.of_workspace(build.workspace)
    found: dict[str, forms.Field] = {}
    if recipe != Recipe.REWARD:
        probes = builds.filter(kind__in=PROBES, rows__validation__gt=0)
        found[PROBE] = BuildField(probes, required=False, empty_label="none", initial=first.get(PROBE), help_text="Its validation rows are read before the first step and after the last, and what was forgotten is told by slice. Nothing learns from them.")  # fmt: skip
    if "ewc" in acting:
        earlier = builds.filter(kind=BuildKind.SFT)
        found[EARLIER] = BuildField(earlier, required=False, empty_label="none", label="Earlier build", initial=first.get(EARLIER), help_text="What the adapter was taught before, for ewc.")  # fmt: skip
    if recipe == Recipe.RLOO:
        found[TEACHER] = RowField(models.filter(kind=ModelKind.REWARD), label="Reward model", initial=first.get(TEACHER), help_text="On a base with the same tokens. Models lists those that the recipe reward made.")  # fmt: skip
    elif "distil" in acting:
        found[TEACHER] = RowField(models.generating(), required=False, empty_label="none", initial=first.get(TEACHER), help_text="Whose words distil learns: a larger model with the same tokens, or the adapter that was in service.")  # fmt: skip
    return found


def beside_in(values: Mapping[str, Any]) -> Beside:
    """What `beside_fields` were given."""
    return Beside(**{name: values.get(name) for name in BESIDE})


def label_field() -> forms.Field:
    return forms.RegexField(f"^{LABEL}$", required=False, label="Only on workers that offer", help_text="A label such as a100; empty: any worker with a device.", error_messages={"invalid": "A label is lower-case letters, digits and hyphens."})  # fmt: skip


@dataclass(frozen=True)
class Group:
    title: str
    fields: list[forms.BoundField]
    is_open: bool


class SettingsForm(forms.Form):
    """Each setting that acts on this run; what stands here first fits the rows."""

    def __init__(self, *args: Any, basis: BasisForm, told: dict[str, Any] | None = None, **named: Any) -> None:  # Django's own  # fmt: skip
        """Args: told: settings of an earlier run that stand here first."""
        super().__init__(*args, **named)
        chosen = basis.cleaned_data
        self._recipe: str = chosen["method"]
        self._data = basis.data_of()
        self._explained = settings_for(self._recipe, fresh=chosen["model"].kind == ModelKind.BASE)
        given = basis.suggested() if told is None else told
        first = {**OPTIONS[self._recipe].usual(given), **given}
        for each in self._explained:
            self.fields[each.name] = _field(each, first[each.name], basis.suggested())
        if "trains" in self.fields:
            rate = basis.suggested(is_whole=True)["learning_rate"]
            self.fields["trains"].help_text += f" With all these rows suggest a learning_rate of {rate:g}."  # fmt: skip
        acting = {each.name for each in self._explained}
        self.fields |= beside_fields(self._recipe, chosen["build"], acting=acting, first=first)
        self.fields["seed"] = forms.IntegerField(initial=first.get("seed", 0), help_text="The same seed gives the same run. Another one tells how much is chance.")  # fmt: skip
        self.fields["worker_label"] = label_field()
        self.fields["worker_label"].initial = first.get("worker_label", "")
        self.blocks = blocking(chosen["build"])
        if self.blocks:
            self.fields["despite"] = forms.CharField(label="Why train all the same", widget=forms.Textarea(attrs={"rows": 2}))  # fmt: skip

    def groups(self) -> list[Group]:
        names: dict[str, list[str]] = {}
        for each in self._explained:
            names.setdefault(each.group, []).append(each.name)
        names["How long"] += ["seed", "worker_label"]
        names["Rows"] += [name for name in BESIDE if name in self.fields]
        return [
            Group(title, [self[name] for name in inside], nth < 2 or any(self[name].errors for name in inside))
            for nth, (title, inside) in enumerate(names.items())
        ]  # fmt: skip

    def beside(self) -> Beside:
        return beside_in(self.cleaned_data)

    def clean(self) -> dict[str, Any]:
        """Name every setting that means nothing or does not fit the rows."""
        values = super().clean() or {}
        if not self.errors:
            given = self.options(values)
            chosen = OPTIONS[self._recipe].of(given)
            found = chosen.faults()
            if isinstance(chosen, TrainOptions):
                found += misfits(chosen, self._data, asked=values)
            for fault in found:
                name = fault.split()[0]
                self.add_error(name if name in self.fields else None, f"{fault}."[:1].upper() + f"{fault}."[1:])  # fmt: skip
        return values

    def options(self, values: dict[str, Any]) -> dict[str, Any]:
        """Those that differ from what they are otherwise; of adapters none where all weights are trained."""
        idle = OF_ADAPTERS if values.get("trains") == "all" else ()
        usual = OPTIONS[self._recipe].usual(values)
        chosen = {each.name: values[each.name] for each in self._explained if each.name not in idle}
        return {name: value for name, value in chosen.items() if value != usual[name]}


class _Words(forms.CharField):
    """Words or numbers between commas, as a list."""

    def __init__(self, *, kind: type, **named: Any) -> None:  # Django's own
        self._kind = kind
        super().__init__(**named)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        try:
            return [self._kind(each.strip()) for each in (value or "").split(",") if each.strip()]
        except ValueError:
            raise forms.ValidationError("Write numbers with commas between them.") from None


def _field(each: Explained, first: Any, suggestion: dict[str, Any]) -> forms.Field:
    advice = f" These rows suggest {_plain(suggestion[each.name])}." if each.name in suggestion else ""  # fmt: skip
    shared: dict[str, Any] = {
        "label": each.name,
        "initial": first,
        "help_text": f"{each.does} Usual: {each.usual}.{advice}",
    }
    if each.name in CHOICES:
        choices = [(one, one or "no") for one in CHOICES[each.name]]
        return forms.ChoiceField(choices=choices, required="" not in CHOICES[each.name], **shared)
    if isinstance(first, list):
        return _Words(kind=type(first[0]), **shared)
    if isinstance(first, float):
        return forms.FloatField(**shared)
    if isinstance(first, int):
        return forms.IntegerField(**shared)
    return forms.CharField(required=each.name != "allow_dropped", **shared)


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
