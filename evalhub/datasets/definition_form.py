"""A definition as a form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.datasets.augmenting.forms import AugmentForm
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.forms import CleaningForm
from evalhub.datasets.definition import EVIDENCE, SCORED, Definition
from evalhub.datasets.definition_like import initial_of, loses_nothing, unsaid_of
from evalhub.datasets.definition_parts import HowDecided, Mixture, Shape, WhichJudgments
from evalhub.datasets.models import Dataset
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.rubrics.models import RubricVersion

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
        "campaigns", "rubric_versions", "groups", "evidence", "slices", "red_team", "judged_from", "judged_before",
        "min_judgments", "max_spread", "min_agreement", "min_reliability", "verdicts",
    ),
    "How rows are decided": (
        "criterion", "weights", "consensus", "min_consensus", "margin", "min_rating", "max_rating", "ties",
        "best_of", "best_of_answers", "rankings",
    ),
    "Mixture of the training rows": ("parts", "temperature", "balance", "replay"),
    "Form, length and licence": ("form", "model", "max_tokens", "near_duplicates", "licence"),
}  # fmt: skip


class DatasetForm(WhichJudgments, HowDecided, Mixture, Shape):
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
        campaigns = workspace.campaigns.order_by("-pk")
        versions = RubricVersion.objects.filter(rubric__workspace=workspace).select_related(
            "rubric"
        )
        versions = versions.exclude(published_at=None).order_by("rubric__name", "-number")
        groups = workspace.members.values_list("groups", flat=True)
        names = sorted({name for some in groups for name in some})
        self._choose("campaigns", [(str(each.uid), each.title) for each in campaigns])
        self._choose("rubric_versions", [(str(each.uid), str(each)) for each in versions])
        self._choose("groups", [(name, name) for name in names])
        named_collections = [(each.slug, each.name) for each in collections]
        self._choose("collections", named_collections)
        rewards = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.REWARD)
        self._choose("model", [("", "none: do not check")] + [(m.name, m.name) for m in models])
        self._choose("best_of", [("", "no")] + [(str(m.uid), m.name) for m in rewards])
        sent = self.data if self.is_bound else None
        self.cleaning = CleaningForm(
            sent, prefix="cleaning", initial=CleaningForm.initial_of(definition.get("cleaning", {}))
        )
        self.augmenting = AugmentForm(
            sent,
            prefix="augment",
            initial=AugmentForm.initial_of(definition),
            collections=named_collections,
        )
        for each in models:  # by its uid, too, in a definition
            if self.initial.get("model") == str(each.uid):
                self.initial["model"] = each.name
        self.unsaid = unsaid_of(definition, self.fields, self.initial)
        if not loses_nothing(self.augmenting):
            self.unsaid.append("augment_never")

    def is_valid(self) -> bool:
        parts = (self.cleaning, self.augmenting)
        return all([super().is_valid(), *(each.is_valid() for each in parts)])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices

    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in FIRST]

    def sections(self) -> list[Group]:
        """Everything that has a default, by subject."""
        return [Group(title, [self[name] for name in names]) for title, names in GROUPS.items()]

    def definition(self) -> dict[str, Any]:
        """Everything but the name and the kind, as a definition has it."""
        values = dict(self.cleaned_data)
        for name in ("judged_from", "judged_before"):
            if moment := values[name]:
                values[name] = moment.astimezone(UTC).isoformat()
        values["red_team"] = values["red_team"] or None
        answers = values["best_of_answers"] or SCORED
        best = values["best_of"]
        values["best_of"] = {"model": best, "answers": answers} if best else None
        values["evidence"] = values["evidence"] or list(EVIDENCE)
        values["near_duplicates"] = values["near_duplicates"] != "no"
        values["temperature"] = values["temperature"] or _DEFAULTS.temperature
        values["max_tokens"] = values["max_tokens"] or _DEFAULTS.max_tokens
        values["cleaning"] = self.cleaning.options()
        values |= self.augmenting.options()
        apart = ("name", "kind", "best_of_answers")
        return {name: value for name, value in values.items() if name not in apart}
