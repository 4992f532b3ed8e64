"""A definition as a form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.datasets.augmenting.forms import AugmentForm, SlicesField
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.forms import CleaningForm
from evalhub.datasets.definition import EVIDENCE, Definition
from evalhub.datasets.definition_like import initial_of, unsaid_of
from evalhub.datasets.models import Dataset
from evalhub.judgments.choices import Source
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel, ModelKind

_DEFAULTS = Definition()


@dataclass(frozen=True)
class Group:
    title: str
    fields: list[forms.BoundField]

    @property
    def has_errors(self) -> bool:
        return any(each.errors for each in self.fields)


FIRST = ("name", "kind", "collections", "sources")
GROUPS = {
    "Which judgments": (
        "slices", "red_team", "judged_from", "judged_before", "min_judgments", "max_spread", "min_agreement",
        "min_reliability",
        "verdicts",
    ),
    "How rows are decided": (
        "criterion", "consensus", "min_consensus", "margin", "min_rating", "max_rating", "ties",
        "references", "best_of", "rankings",
    ),
    "Form, length and licence": ("form", "model", "licence"),
    "Mixtures, replay and the rest": ("more",),
}  # fmt: skip


class DatasetForm(forms.Form):
    """A definition, field by field; what stands here first are the defaults."""

    name = forms.CharField(max_length=100)
    kind = forms.ChoiceField(
        choices=[
            (BuildKind.PREFERENCE.value, "Preference: prompt, chosen, rejected"),
            (BuildKind.SFT.value, "SFT: prompt, completion"),
            (BuildKind.UNPAIRED.value, "Unpaired (KTO): prompt, completion, good or bad"),
            (BuildKind.REWARD.value, "Reward: a preference and how much better"),
            (BuildKind.CLASSIFICATION.value, "Classification: prompt, label"),
            (BuildKind.TEXT.value, "Text: documents"),
            (BuildKind.EVALUATION.value, "Evaluation: test prompts, references, people’s scores"),
        ],
        initial=BuildKind.PREFERENCE.value,
        widget=forms.RadioSelect,
    )
    collections = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all of the workspace.",
    )
    sources = forms.MultipleChoiceField(
        choices=Source.choices,
        initial=list(_DEFAULTS.sources),
        widget=forms.CheckboxSelectMultiple,
        label="Judgments of which source",
    )
    slices = SlicesField(
        required=False,
        label="Prompts of these slices",
        help_text="Like language=de, language=fr, domain=law. Empty: all.",
    )
    red_team = forms.ChoiceField(
        required=False,
        choices=[
            ("", "left out, but of evaluation sets"),
            ("keep", "taken like any other"),
            ("leave_out", "left out"),
        ],
        label="Red-team prompts",
        help_text="Of collections that are marked so on their page.",
    )
    judged_from = forms.DateField(
        required=False, label="Judged from", widget=forms.DateInput(attrs={"type": "date"})
    )
    judged_before = forms.DateField(
        required=False, label="Judged before", widget=forms.DateInput(attrs={"type": "date"})
    )
    min_judgments = forms.IntegerField(
        min_value=1, initial=_DEFAULTS.min_judgments, label="Least judgments behind a row"
    )
    max_spread = forms.FloatField(
        required=False,
        min_value=0,
        label="Most spread of ratings",
        help_text="Standard deviation on 1 to 5. Empty: any.",
    )
    min_agreement = forms.FloatField(
        required=False,
        min_value=-1,
        max_value=1,
        label="Least agreement",
        help_text="Of the lower end of Krippendorff’s alpha, question by question. Empty: any.",
    )
    min_reliability = forms.FloatField(
        required=False,
        min_value=-1,
        max_value=1,
        label="Least reliability of people",
        help_text="1: like the others, 0: as if by lot. Empty: everybody.",
    )
    criterion = forms.SlugField(
        required=False, help_text="Empty: the overall preference, and the mean of all ratings."
    )
    consensus = forms.ChoiceField(
        choices=[
            ("votes", "by votes: each counts the same"),
            ("reliability", "by reliability: whoever agrees with the others counts for more"),
        ],
        label="How sure answers are",
        help_text="By reliability p_chosen is the probability that the better one is better; ratings, labels and "
        "written answers count as far as their authors can be relied on.",
    )
    verdicts = forms.ChoiceField(
        choices=[
            ("prefer", "in the place of what else was said about their tasks"),
            ("leave_out", "left out"),
        ],
        label="Verdicts on disagreements",
    )
    min_consensus = forms.FloatField(
        required=False,
        min_value=0.5,
        max_value=1,
        label="Least share of the votes",
        help_text="Empty: above 0.5 for pairs, 0.6 for SFT.",
    )
    margin = forms.FloatField(
        min_value=0.01,
        initial=_DEFAULTS.margin,
        help_text="Between mean ratings, for pairs that nobody compared directly.",
    )
    min_rating = forms.FloatField(
        min_value=1,
        max_value=5,
        initial=_DEFAULTS.min_rating,
        label="Least mean rating",
        help_text="For SFT rows, and good unpaired ones.",
    )
    max_rating = forms.FloatField(
        min_value=1,
        max_value=5,
        initial=_DEFAULTS.max_rating,
        label="Most mean rating",
        help_text="For bad unpaired rows.",
    )
    ties = forms.ChoiceField(
        choices=[("keep", "rows with p_chosen 0.5"), ("leave_out", "left out")],
        label="Pairs on which votes are even",
    )
    references = forms.BooleanField(
        required=False,
        label="References are answers",
        help_text="For SFT: where people gave none that will do.",
    )
    best_of = forms.ChoiceField(
        required=False,
        label="Best of n, by a reward model",
        help_text="For SFT: of prompts that nobody judged, the answer that it scores highest.",
    )
    rankings = forms.ChoiceField(
        choices=[("all", "every pair of a ranking"), ("adjacent", "neighbours only")],
    )
    form = forms.ChoiceField(
        choices=[("conversational", "conversational (messages)"), ("string", "plain strings")],
        label="Form of the rows",
    )
    model = forms.ChoiceField(
        required=False, label="Model to fit", help_text="Rows too long for it are left out."
    )
    licence = forms.CharField(
        required=False, label="Licence of the sources", help_text="For the card, as far as known."
    )

    more = forms.JSONField(
        required=False,
        initial=dict,
        label="More, as JSON",
        help_text="Mixtures, weights, replay and the rest: docs/formats.md lists the fields.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def __init__(
        self,
        *args: Any,
        workspace: Workspace,
        like: Dataset | None = None,
        **named: Any,  # Django's
    ) -> None:
        definition = {} if like is None else like.definition
        if like is not None:
            named["initial"] = {"kind": like.kind} | initial_of(definition, self.base_fields)
        super().__init__(*args, **named)
        collections = Collection.objects.filter(workspace=workspace).order_by("slug")
        models = LanguageModel.objects.of_workspace(workspace).generating().order_by("name")
        self._choose("collections", [(each.slug, each.name) for each in collections])
        rewards = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.REWARD)
        self._choose("model", [("", "none: do not check")] + [(m.name, m.name) for m in models])
        self._choose("best_of", [("", "no")] + [(str(m.uid), m.name) for m in rewards])
        sent = self.data if self.is_bound else None
        self.cleaning = CleaningForm(
            sent, prefix="cleaning", initial=CleaningForm.initial_of(definition.get("cleaning", {}))
        )
        self.augmenting = AugmentForm(
            sent, prefix="augment", initial=AugmentForm.initial_of(definition)
        )
        self.unsaid = unsaid_of(definition)

    def is_valid(self) -> bool:
        parts = (self.cleaning, self.augmenting)
        return all([super().is_valid(), *(each.is_valid() for each in parts)])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in FIRST]

    def groups(self) -> list[Group]:
        """Everything that has a default, by subject."""
        return [Group(title, [self[name] for name in names]) for title, names in GROUPS.items()]

    def clean_more(self) -> dict[str, Any]:
        more: Any = self.cleaned_data["more"] or {}
        if not isinstance(more, dict):
            raise forms.ValidationError("Write one JSON object { … }.")
        above = {*self.fields, "cleaning", "augment", "augment_cap", "augment_never"}
        if again := sorted(more.keys() & above):
            raise forms.ValidationError(f"{', '.join(again)}: there is a field for it above.")
        return dict(more)

    def definition(self) -> dict[str, Any]:
        """Everything but the name and the kind, as a definition has it."""
        values = dict(self.cleaned_data)
        for name in ("judged_from", "judged_before"):
            if day := values[name]:
                values[name] = datetime.combine(day, time(), tzinfo=UTC).isoformat()
        values["red_team"] = values["red_team"] or None
        values["best_of"] = {"model": values["best_of"]} if values["best_of"] else None
        values["evidence"] = EVIDENCE + (["references"] if values["references"] else [])
        more: dict[str, Any] = values["more"]
        apart = ("name", "kind", "references", "more")
        values["cleaning"] = self.cleaning.options()
        values |= self.augmenting.options()
        return {name: value for name, value in values.items() if name not in apart} | more
