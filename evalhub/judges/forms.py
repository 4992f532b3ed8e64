from __future__ import annotations

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.campaigns.choices import Origin, TaskType
from evalhub.campaigns.models import Campaign
from evalhub.common.forms import RowField, choose_from
from evalhub.judges.choices import OnConflict
from evalhub.judges.models import JudgePrompt
from evalhub.judges.services import FEWEST_BAR, LEAST_BAR, MOST_REQUESTS, MOST_TASKS, MOST_WORDS
from evalhub.judges.trusting import FEWEST, LEAST
from evalhub.registry.models import LanguageModel, ModelKind, Stage
from evalhub.rubrics.models import RubricVersion

WRITES = (ModelKind.BASE, ModelKind.ADAPTER, ModelKind.ENDPOINT)


class NewJudgeForm(forms.Form):
    name = forms.CharField(
        max_length=100, label="Name", help_text="It is a member of this name, without a role."
    )
    model = RowField(
        LanguageModel.objects.none(),
        label="Model",
        help_text="A server’s, or one of ours. Better none that wrote what it will judge.",
    )
    version = RowField(RubricVersion.objects.none(), label="Rubric")

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        models = LanguageModel.objects.of_workspace(workspace).filter(kind__in=WRITES)
        choose_from(self, "model", models.exclude(stage=Stage.RETIRED))
        versions = RubricVersion.objects.filter(rubric__workspace=workspace)
        choose_from(self, "version", versions.exclude(published_at=None).select_related("rubric"))


class PromptForm(forms.Form):
    version = RowField(RubricVersion.objects.none(), label="Rubric")
    instructions = forms.CharField(
        required=False,
        max_length=MOST_WORDS,
        label="Instructions",
        widget=forms.Textarea(attrs={"rows": 20}),
        help_text="Empty: the rubric’s own words. Rules and the form of the answer follow by themselves.",
    )  # fmt: skip

    def __init__(self, *args: object, prompt: JudgePrompt, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        versions = RubricVersion.objects.filter(rubric=prompt.judge.rubric_id)
        choose_from(self, "version", versions.exclude(published_at=None).select_related("rubric"))


class JudgingForm(forms.Form):
    campaign = RowField(Campaign.objects.none(), label="Campaign")
    on_conflict = forms.ChoiceField(
        choices=OnConflict.choices,
        initial=OnConflict.TIE.value,
        label="Orders that are answered differently make",
    )
    most_tasks = forms.IntegerField(
        min_value=1, max_value=MOST_TASKS, initial=500, label="Tasks at most"
    )
    most_requests = forms.IntegerField(
        min_value=1,
        initial=MOST_REQUESTS,
        label="Requests at most",
        help_text="A comparison takes two.",
    )
    most_cost = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=4,
        label="Money at most",
        help_text="By the server’s prices; it is never passed.",
    )
    max_new_tokens = forms.IntegerField(
        min_value=16, max_value=32_768, initial=512, label="Tokens of a reply at most"
    )

    def __init__(self, *args: object, prompt: JudgePrompt, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        campaigns = Campaign.objects.filter(
            workspace=prompt.judge.workspace_id,
            rubric_version=prompt.rubric_version_id,
            type__in=[TaskType.RATING, TaskType.COMPARISON],
        )
        choose_from(self, "campaign", campaigns.exclude(origin=Origin.MODEL))


class BarForm(forms.Form):
    least = forms.FloatField(
        min_value=LEAST_BAR,
        max_value=1,
        initial=LEAST,
        label="Alpha with people, its lower end at least",
    )
    fewest = forms.IntegerField(
        min_value=FEWEST_BAR, initial=FEWEST, label="Judged by both at least"
    )
