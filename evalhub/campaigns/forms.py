from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.models import Workspace
from evalhub.campaigns.choices import Ask, Requeue, TaskOrder, TaskType
from evalhub.common.forms import RowField, WordsField, choose_from
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import RubricVersion

DESIGNS = [
    ("first_two", "one pair per prompt, of different models where there are any"),
    ("all_pairs", "every pair"),
]


class CampaignForm(forms.Form):
    PARTS = [  # how the page lays the fields out
        (_("What people do"), ["title", "type", "asks", "preference_steps"]),
        (_("What they judge"), ["rubric_version", "collection", "models", "design", "overlap"]),
        (_("Who may judge"), ["languages", "groups", "qualifications", "max_share"]),
        (_("Which task comes next"), ["task_order", "requeue", "most_overlap", "hand_size"]),
        (_("Before they begin"), ["guidelines", "consent", "content_warning"]),
        (_("Rules"), ["review_share", "allows_revision", "allows_extra", "masks_identity"]),
    ]
    title = forms.CharField(max_length=150)
    type = forms.ChoiceField(
        label="What annotators do",
        choices=[
            (TaskType.COMPARISON, "compare two responses"),
            (TaskType.RATING, "rate one response on the rubric"),
            (TaskType.RANKING, "rank three to eight responses"),
            (TaskType.LABEL, "label a prompt on the rubric"),
            (TaskType.DEMONSTRATION, "write the answer to a prompt"),
        ],
        widget=forms.RadioSelect,
        initial=TaskType.COMPARISON,
    )
    rubric_version = RowField(RubricVersion.objects.none(), label="Rubric", empty_label=None)
    collection = RowField(Collection.objects.none(), label="Prompts from", empty_label=None)
    models = forms.ModelMultipleChoiceField(
        LanguageModel.objects.none(),
        to_field_name="uid",
        label="Completions by",
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="Annotators never see which model wrote what. Labels and demonstrations need none.",
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
    languages = WordsField(
        help_text="Of these, people must speak one: de, pt-br. Empty: any.",
    )
    groups = WordsField(help_text="Of these, people must be in one. Empty: everybody.")
    qualifications = WordsField(help_text="People must have all of these.")
    max_share = forms.IntegerField(
        label="The most one person may give, in percent",
        min_value=1,
        max_value=100,
        required=False,
        help_text="Of all judgments of the campaign. Empty: as many as they like.",
    )
    review_share = forms.IntegerField(
        label=_("Judgments of each person that a reviewer looks at, in percent"),
        min_value=0,
        max_value=100,
        required=False,
        help_text=_("Drawn by lot, nobody can tell which. Empty: no review."),
    )
    task_order = forms.ChoiceField(
        label="Order",
        choices=TaskOrder.choices,
        widget=forms.RadioSelect,
        initial=TaskOrder.PRIORITY,
    )
    requeue = forms.ChoiceField(
        label="A skipped task goes",
        choices=Requeue.choices,
        widget=forms.RadioSelect,
        initial=Requeue.OTHERS,
    )
    hand_size = forms.IntegerField(
        label="Most tasks in one person’s hand",
        min_value=1,
        max_value=100,
        initial=20,
        help_text="They go on with these when the network is gone. Take few where tasks are few:"
        " what one person holds, nobody else gets meanwhile.",
    )
    most_overlap = forms.IntegerField(
        label="Most judgments per task",
        min_value=2,
        max_value=100,
        required=False,
        help_text="A task gets one more, up to this number, as long as no answer is ahead by two."
        " Empty: never more.",
    )
    asks = forms.MultipleChoiceField(
        label="Ask besides",
        choices=Ask.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        initial=[Ask.CRITIQUE],
    )
    preference_steps = forms.TypedChoiceField(
        label="Steps from A to B",
        choices=[(3, "A, tie, B"), (5, "five"), (7, "seven")],
        coerce=int,
        initial=5,
        help_text="For comparisons only.",
    )
    guidelines = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Markdown. Annotators read and accept it before they judge.",
    )
    consent = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What annotators agree to, where your work needs that.",
    )
    content_warning = forms.CharField(
        required=False,
        max_length=500,
        help_text="Shown with each task; the responses are blurred until somebody asks for them.",
    )
    masks_identity = forms.BooleanField(
        label="Black out names by which a response tells who wrote it", required=False
    )
    allows_revision = forms.BooleanField(
        label="People may reopen what they submitted", required=False, initial=True
    )
    allows_extra = forms.BooleanField(
        label="Work that comes too late may be submitted as an extra judgment",
        required=False,
        help_text="Extras are kept apart: no progress, agreement or dataset counts them.",
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        published = RubricVersion.objects.filter(
            rubric__workspace=workspace, published_at__isnull=False
        )
        models = LanguageModel.objects.of_workspace(workspace).filter(generations__isnull=False)
        choose_from(self, "rubric_version", published.select_related("rubric"))
        choose_from(self, "collection", workspace.collections.all())
        choose_from(self, "models", models.distinct())

    def clean_review_share(self) -> int:
        return self.cleaned_data["review_share"] or 0

    def parts(self) -> list[tuple[Any, list[forms.BoundField]]]:  # `Any`: lazy translations
        return [(title, [self[name] for name in names]) for title, names in self.PARTS]


class GuidelinesForm(forms.Form):
    content = forms.CharField(
        label=_("Guidelines"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_("Markdown. Annotators read and accept it before they judge."),
    )
    consent = forms.CharField(
        label=_("Consent"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What annotators agree to, where your work needs that."),
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(required=False, max_length=10_000)
