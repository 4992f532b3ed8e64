from __future__ import annotations

from typing import Any

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.campaigns.choices import TaskType
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import RubricVersion

DESIGNS = [
    ("first_two", "one pair per prompt, of different models where there are any"),
    ("all_pairs", "every pair"),
]


class CampaignForm(forms.Form):
    title = forms.CharField(max_length=150)
    type = forms.ChoiceField(
        label="What annotators do",
        choices=[
            (TaskType.COMPARISON, "compare two responses"),
            (TaskType.RATING, "rate one response on the rubric"),
            (TaskType.RANKING, "rank three to eight responses"),
        ],
        widget=forms.RadioSelect,
        initial=TaskType.COMPARISON,
    )
    rubric_version = forms.ModelChoiceField(
        RubricVersion.objects.none(), label="Rubric", empty_label=None
    )
    collection = forms.ModelChoiceField(
        Collection.objects.none(), label="Prompts from", empty_label=None
    )
    models = forms.ModelMultipleChoiceField(
        LanguageModel.objects.none(),
        label="Completions by",
        widget=forms.CheckboxSelectMultiple,
        help_text="Annotators never see which model wrote what.",
    )
    design = forms.ChoiceField(
        label="Pairs", choices=DESIGNS, initial="first_two", help_text="For comparisons only."
    )
    overlap = forms.IntegerField(
        label="Judgments per task",
        min_value=1,
        max_value=20,
        initial=1,
        help_text="Each by another person. Two or more let you see whether people agree.",
    )
    instructions = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Markdown; shown to annotators above the rubric's guidelines.",
    )
    asks_ratings = forms.BooleanField(label="Rate each response on the rubric too", required=False)
    asks_critique = forms.BooleanField(
        label="Offer room for a reason", required=False, initial=True
    )
    asks_correction = forms.BooleanField(label="Ask for a better version", required=False)

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        choices: dict[str, Any] = {  # the querysets' models differ
            "rubric_version": RubricVersion.objects.filter(
                rubric__workspace=workspace, published_at__isnull=False
            ).select_related("rubric"),
            "collection": workspace.collections.all(),
            "models": LanguageModel.objects.of_workspace(workspace)
            .filter(generations__isnull=False)
            .distinct(),
        }
        for name, rows in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  as declared above
            field.queryset = rows
