"""A Loop's policy as a form: every part that people change often; the rest stays as it is.

A field's name is its place in the policy, with two underscores between the parts: `campaign__pay__amount`.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms

from evalhub.accounts.models import Member, Workspace, slug_rule
from evalhub.campaigns.choices import PayUnit
from evalhub.common.errors import DomainError
from evalhub.common.forms import NumbersField, RowField, WordsField, choose_from
from evalhub.common.money import CURRENCIES
from evalhub.datasets.models import DatasetBuild
from evalhub.loops.conditions import WEEKDAYS
from evalhub.loops.gate_form import GateForms
from evalhub.loops.models import Loop
from evalhub.loops.policy import listed, merged, read_policy, stored
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.rubrics.models import RubricVersion
from evalhub.runs.basis_form import BuildField, trainable_builds
from evalhub.runs.beside import PROBES
from evalhub.runs.training_form import label_field
from evalhub.sweeps.choices import OBJECTIVES, Sampler

BETWEEN = "__"
ROW = (
    "name",
    "slug",
    "base_model",
    "collection",
    "rubric_version",
)  # of the Loop itself, not of its policy
UNASKED = (
    "despite",
    "evaluate",
    "generate.allow_dropped",
    "campaign.asks",
    "search.prunes",
)  # no field says these
DAYS = {"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday", "sat": "Saturday", "sun": "Sunday"}  # fmt: skip


def whole(label: str, told: str = "", *, low: int = 1, high: int = 10**6, needed: bool = False) -> forms.IntegerField:  # fmt: skip
    return forms.IntegerField(label=label, help_text=told, min_value=low, max_value=high, required=needed)  # fmt: skip


def figure(label: str, told: str, *, low: float, high: float, needed: bool = False) -> forms.FloatField:  # fmt: skip
    return forms.FloatField(label=label, help_text=told, min_value=low, max_value=high, required=needed)  # fmt: skip


def options(label: str, told: str) -> forms.JSONField:
    rows = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "mono"})
    return forms.JSONField(label=label, help_text=told, required=False, widget=rows, initial=dict)


class LoopSettingsForm(forms.Form):
    """Raises nothing by itself: what does not go together, the policy says when it is read."""

    name = forms.CharField(max_length=100)
    collection = RowField(Collection.objects.none(), help_text="Its judgments are learnt from; its prompts answered.")  # fmt: skip
    rubric_version = RowField(RubricVersion.objects.none(), label="Rubric", help_text="Of the campaigns it opens.")  # fmt: skip

    start__when = forms.ChoiceField(
        label="A Round starts", widget=forms.RadioSelect,
        choices=[("hand", "by hand"), ("any", "by itself, as soon as any of these has come"), ("all", "by itself, once all of these have come")],
    )  # fmt: skip
    start__judgments = whole("New judgments", "That no Round has learnt from yet. Empty: not waited for.")  # fmt: skip
    start__agreement = figure("Agreement over", "0 to 1, of two judgments of a task in the campaign that people judge now. Empty: not waited for.", low=0, high=1)  # fmt: skip
    start__schedule__every_days = whole("Days after the last Round began", "Empty: no schedule.", high=366)  # fmt: skip
    start__schedule__at = forms.TimeField(label="At", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), help_text="06:00 when empty.")  # fmt: skip
    start__schedule__zone = forms.ChoiceField(label="Time zone of the schedule", required=False)
    start__schedule__weekdays = forms.MultipleChoiceField(label="Only on", required=False, widget=forms.CheckboxSelectMultiple, choices=[(day, DAYS[day]) for day in WEEKDAYS], help_text="None: on any day.")  # fmt: skip

    chain = forms.ChoiceField(label="Recipes", choices=[("dpo", "DPO from pairs"), ("sft", "SFT"), ("kto", "KTO from answers called good or bad"), ("sft,dpo", "SFT, then DPO from there"), ("sft,kto", "SFT, then KTO from there")])  # fmt: skip
    accepts_simulated = forms.BooleanField(label="Simulated judgments count, too", required=False)
    sft = options("Settings of SFT", 'JSON, such as {"epochs": 3}; what is not said has the recipe’s default.')  # fmt: skip
    dpo = options("Settings of DPO", "Likewise.")
    kto = options("Settings of KTO", "Likewise.")
    train__probe = BuildField(DatasetBuild.objects.none(), label="Probe", required=False, empty_label="none", help_text="Its validation rows are read before the first step and after the last: what was forgotten stands on the run’s page.")  # fmt: skip
    train__teacher = RowField(LanguageModel.objects.none(), label="Teacher of SFT", required=False, empty_label="none", help_text="Whose words distil learns, which stands in the settings of SFT: {\"distil\": 0.5}.")  # fmt: skip
    train__label = label_field()
    seed = whole("Seed", low=0, needed=True)
    search__recipe = forms.ChoiceField(label="Search first for the settings of", required=False, choices=[("", "nothing: the settings are fixed"), ("sft", "SFT"), ("dpo", "DPO"), ("kto", "KTO")])  # fmt: skip
    search__space = options("What is searched", 'JSON, such as {"learning_rate": {"low": 1e-5, "high": 1e-3}, "epochs": {"choices": [1, 3]}}; empty with coarse to fine: the usual learning rates of what is trained.')  # fmt: skip
    search__sampler = forms.ChoiceField(label="How the next try is chosen", required=False, choices=Sampler.choices, initial="tpe")  # fmt: skip
    search__objective = forms.ChoiceField(label="Compare tries by", required=False, choices=[(each.name, each.label) for each in OBJECTIVES.values()])  # fmt: skip
    search__tries = whole("Tries", "10 when empty.", high=500)
    search__parallel = whole("Tries at a time", "2 when empty.", high=16)

    generate__prompts = whole("Prompts that are answered", "At most, drawn by lot.", needed=True)
    generate__n = whole("Answers to each", "By each setting.", high=64, needed=True)
    generate__temperature = figure("Temperature", "", low=0, high=5, needed=True)
    generate__top_p = figure("Top p", "", low=0, high=1, needed=True)
    generate__temperatures = NumbersField(label="Several temperatures", help_text="0.4 0.8 1.1: a grid with the next field, in the place of the temperature above; a prompt has so many answers by each. Empty: that one.")  # fmt: skip
    generate__top_ps = NumbersField(label="Several top p", help_text="Likewise. Of answers by several settings, people compare two that a lot chose.")  # fmt: skip
    generate__max_new_tokens = whole("Longest answer, in tokens", needed=True)

    campaign__type = forms.ChoiceField(label="Type", choices=[("rating", "rating"), ("comparison", "comparison"), ("ranking", "ranking")])  # fmt: skip
    campaign__overlap = whole("Judgments per task", high=20, needed=True)
    campaign__people = forms.ModelMultipleChoiceField(Member.objects.none(), to_field_name="uid", label="Only these people", required=False, widget=forms.CheckboxSelectMultiple, help_text="None: every annotator who fits the lines below.")  # fmt: skip
    campaign__groups = WordsField(label="Groups", help_text="Of these, people must be in one. Empty: everybody.")  # fmt: skip
    campaign__languages = WordsField(label="Languages", help_text="Of these, people must speak one: de, pt-br. Empty: any.")  # fmt: skip
    campaign__qualifications = WordsField(label="Qualifications", help_text="People must have all of these.")  # fmt: skip
    campaign__max_share = whole("The most one person may give, in percent", high=100)
    campaign__decision_value = forms.BooleanField(label="Ask first what is likeliest to change a decision", required=False, help_text="And where the budget does not pay for all: ask that alone. A fifth of the tasks still comes by lot.")  # fmt: skip
    campaign__days = whole("Days until it closes by itself", "Empty: when you close it.", high=366)
    campaign__pay__amount = forms.DecimalField(label="A judgment earns", required=False, min_value=0, max_digits=12, decimal_places=4, help_text="Empty: nothing is paid.")  # fmt: skip
    campaign__pay__currency = forms.ChoiceField(label="Currency", required=False, choices=[(each, each) for each in ("", *CURRENCIES)])  # fmt: skip
    campaign__pay__unit = forms.ChoiceField(label="Paid for each", required=False, choices=PayUnit.choices)  # fmt: skip
    campaign__pay__budget = forms.DecimalField(label="Budget of the campaign", required=False, min_value=0, max_digits=12, decimal_places=2, help_text="Only as many tasks are opened as it pays for. Empty: all.")  # fmt: skip

    pause__agreement = figure("Agreement at least", "0 to 1. Empty: not looked at.", low=0, high=1)
    pause__gold = figure("Gold passed at least, in percent", "Empty: not looked at.", low=0, high=100)  # fmt: skip
    pause__unsafe = figure("Flagged as unsafe at most, in percent", "Of the judgments. Empty: not looked at.", low=0, high=100)  # fmt: skip
    pause__safety = figure("Rating of “safety” at least", "The mean, as on a scale from 1 to 5. Empty: not looked at.", low=1, high=5)  # fmt: skip
    pause__fewest = whole("Judgments before a figure counts", needed=True)

    PARTS = (
        ("The Loop", " ".join(ROW)),
        ("When a Round starts", "start"),
        ("How it trains", "chain accepts_simulated sft dpo kto train seed search"),
        ("New answers", "generate"),
        ("The next campaign", "campaign"),
        ("When it pauses itself", "pause"),
    )

    def __init__(
        self, data: Any = None, *, workspace: Workspace, **named: Any
    ) -> None:  # Django's own
        super().__init__(data, **named)
        first = (self.initial or {}).get("gate", {})
        self.gate = GateForms(data, workspace=workspace, gate=first)
        versions = RubricVersion.objects.filter(
            rubric__workspace=workspace, published_at__isnull=False
        )
        choose_from(self, "collection", Collection.objects.filter(workspace=workspace))
        choose_from(self, "rubric_version", versions.select_related("rubric"))
        probes = trainable_builds(workspace).filter(kind__in=PROBES, rows__validation__gt=0)
        choose_from(self, "train__probe", probes)
        choose_from(
            self, "train__teacher", LanguageModel.objects.of_workspace(workspace).generating()
        )
        judges = workspace.members.active().judging()
        choose_from(self, "campaign__people", judges.order_by("pseudonym"))
        zones = [(zone, zone) for zone in ("", *sorted(available_timezones()))]
        self.fields["start__schedule__zone"].choices = zones  # type: ignore[attr-defined]  # a choice

    def parts(self) -> list[tuple[str, list[forms.BoundField]]]:
        """How the page lays the fields out."""
        return [(title, self._of(names.split())) for title, names in self.PARTS]

    def _of(self, names: list[str]) -> list[forms.BoundField]:
        return [field for field in self if field.name in names or field.name.split(BETWEEN)[0] in names]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        if not self.gate.is_valid():
            self.add_error(None, "The gate cannot be used as it stands: see its fields.")
        return self.cleaned_data

    def changes(self) -> dict[str, Any]:
        """What the fields say, as a merge patch of the policy; an empty field is None."""
        patch: dict[str, Any] = {}
        for name, value in self.cleaned_data.items():
            if name not in ROW:
                _put(patch, name.split(BETWEEN), _plain(value))
        start, campaign = patch["start"], patch["campaign"]
        if start["schedule"]["every_days"] is None:
            start["schedule"] = None
        if campaign["pay"]["amount"] is None:
            campaign["pay"] = None
        if patch["search"]["recipe"] is None:
            patch["search"] = None
        return patch | {"gate": self.gate.changes()}

    def refuse(self, error: DomainError) -> None:
        """Put each fault at the field that it names, as "generate.top_p is 3, but …"; the rest at the top."""
        faults = error.data.get("faults")
        for fault in faults if isinstance(faults, list) else [str(error)]:
            parts = fault.split()[0].rstrip(":").split(".")
            names = [BETWEEN.join(parts[:length]) for length in range(len(parts), 0, -1)]
            self.add_error(next((each for each in names if each in self.fields), None), fault)

    def row(self) -> dict[str, Any]:
        """What the fields say of the Loop itself."""
        return {name: self.cleaned_data[name] for name in ROW if name in self.fields}

    def policy(self, before: dict[str, Any]) -> dict[str, Any]:
        """The policy `before` with these changes; options and spaces are replaced, not merged."""
        before = dict(before)
        for name in ("sft", "dpo", "kto", "search"):
            before.pop(name, None)
        return merged(before, self.changes())


class NewLoopForm(LoopSettingsForm):
    """A new Loop; its base model and its slug stay as they are."""

    slug = forms.CharField(max_length=50, validators=[slug_rule], help_text="Names it in commands.")
    base_model = RowField(LanguageModel.objects.none())

    field_order = ROW

    def __init__(
        self, data: Any = None, *, workspace: Workspace, **named: Any
    ) -> None:  # Django's own
        first = {"initial": _first_values({})}
        super().__init__(data, workspace=workspace, **(first | named))
        bases = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.BASE)
        choose_from(self, "base_model", bases)


def values_of(loop: Loop) -> dict[str, Any]:
    """What the form shows at first. Raises BadPolicy where the policy cannot be read any more."""
    row = {name: getattr(loop, name) for name in ROW if name in LoopSettingsForm.base_fields}
    return row | _first_values(loop.policy)


def unasked_of(policy: dict[str, Any]) -> dict[str, Any]:
    """What no field says and this policy has otherwise than by default: it stays as it is.

    >>> unasked_of({"evaluate": {"max_new_tokens": 48}, "seed": 3})
    {'evaluate.max_new_tokens': 48}
    """
    usual = listed(stored(read_policy({}))) | {"search.prunes": True}
    found = listed(stored(read_policy(policy)))
    return {
        name: value
        for name, value in found.items()
        if any(name == each or name.startswith(f"{each}.") for each in UNASKED)
        and value != usual.get(name)
    }


def _first_values(policy: dict[str, Any]) -> dict[str, Any]:
    known, values = stored(read_policy(policy)), {}
    for name, field in LoopSettingsForm.base_fields.items():
        value: Any = known
        for part in name.split(BETWEEN):
            value = value.get(part) if isinstance(value, dict) else None
        if name not in ROW:
            values[name] = field.initial if value is None else value
    return values | {"gate": known["gate"]}


def _put(patch: dict[str, Any], path: list[str], value: Any) -> None:
    *parents, last = path
    for parent in parents:
        patch = patch.setdefault(parent, {})
    patch[last] = value


def _plain(value: Any) -> Any:
    """As the policy keeps it: JSON, with None for what is left empty."""
    if isinstance(value, bool | int | float) or value is None:
        return value
    if hasattr(value, "uid"):
        return str(value.uid)
    if hasattr(value, "strftime"):
        return value.strftime("%H:%M")
    if hasattr(value, "values_list"):
        return [str(uid) for uid in value.order_by("uid").values_list("uid", flat=True)]
    if isinstance(value, list | dict):
        return value or None
    return str(value) or None
