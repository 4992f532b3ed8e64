from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.models import Workspace
from evalhub.campaigns.changes import FIXED_ONCE_OPEN, least_overlap
from evalhub.campaigns.choices import Ask, CampaignState, Design, TaskType
from evalhub.campaigns.forms.settings import LATER_PARTS, SettingsForm
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.selection import Selection
from evalhub.common.forms import RowField, WordsField, choose_from
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import RubricVersion


class CampaignForm(SettingsForm):
    PARTS = [
        (_("What people do"), ["title", "type", "asks", "preference_steps"]),
        (
            _("What they judge"),
            ["rubric_version", "collection", "slices", "sample", "models", "design", "against"],
        ),
        *LATER_PARTS,
        (_("Before they begin"), ["guidelines", "consent", "content_warning"]),
        (_("Rules"), ["review_share", "allows_revision", "allows_extra", "masks_identity"]),
    ]
    SELECTED = ("collection", "models", "slices", "sample", "design", "against")
    type = forms.ChoiceField(
        label=_("What annotators do"),
        choices=[
            (TaskType.COMPARISON, _("compare two responses")),
            (TaskType.RATING, _("rate one response on the rubric")),
            (TaskType.RANKING, _("rank three to eight responses")),
            (TaskType.LABEL, _("label a prompt on the rubric")),
            (TaskType.DEMONSTRATION, _("write the answer to a prompt")),
        ],
        widget=forms.RadioSelect,
        initial=TaskType.COMPARISON,
    )
    rubric_version = RowField(RubricVersion.objects.none(), label=_("Rubric"), empty_label=None)
    collection = RowField(Collection.objects.none(), label=_("Prompts from"), empty_label=None)
    slices = WordsField(
        label=_("Only the slices"),
        help_text=_("Like language=de, topic=law. Of one kind any counts. Empty: all prompts."),
    )
    sample = forms.IntegerField(
        label=_("Only so many prompts"),
        min_value=1,
        required=False,
        help_text=_("Drawn by lot. Empty: all of them."),
    )
    models = forms.ModelMultipleChoiceField(
        LanguageModel.objects.none(),
        to_field_name="uid",
        label=_("Completions by"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_(
            "Annotators never see which model wrote what. Labels and demonstrations need none."
        ),
    )
    design = forms.ChoiceField(
        label=_("Pairs"),
        choices=Design.choices,
        initial=Design.FIRST_TWO,
        help_text=_("For comparisons only."),
    )
    against = RowField(
        LanguageModel.objects.none(),
        label=_("Against"),
        required=False,
        empty_label=_("no model"),
        help_text=_("The one that each of the others meets: the base, or the one in service."),
    )
    asks = forms.MultipleChoiceField(
        label=_("Ask besides"),
        choices=Ask.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        initial=[Ask.CRITIQUE],
    )
    preference_steps = forms.TypedChoiceField(
        label=_("Steps from A to B"),
        choices=[(3, _("A, tie, B")), (5, _("five")), (7, _("seven"))],
        coerce=int,
        initial=5,
        help_text=_("For comparisons only."),
    )
    guidelines = forms.CharField(
        label=_("Guidelines"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Markdown. Annotators read and accept it before they judge."),
    )
    consent = forms.CharField(
        label=_("Consent"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What annotators agree to, where your work needs that."),
    )
    masks_identity = forms.BooleanField(
        label=_("Black out names by which a response tells who wrote it"), required=False
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, workspace=workspace, **kwargs)
        models = LanguageModel.objects.of_workspace(workspace).filter(generations__isnull=False)
        choose_from(self, "rubric_version", published(workspace))
        choose_from(self, "collection", workspace.collections.all())
        choose_from(self, "models", models.distinct())
        choose_from(self, "against", models.distinct())

    def clean_slices(self) -> list[str]:
        words: list[str] = self.cleaned_data["slices"]
        if wrong := [word for word in words if not all(word.partition("="))]:
            told = _("Write a slice as kind=value, like language=de; “%(word)s” is none.")
            raise forms.ValidationError(told % {"word": wrong[0]})
        return words

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if given.get("design") == Design.AGAINST and not given.get("against"):
            self.add_error("against", _("Choose the model that the others meet."))
        return given

    def selection(self, *, seed: int = 0) -> Selection:
        """What the tasks are made of, as chosen."""
        given = self.cleaned_data
        is_against = given["design"] == Design.AGAINST
        return Selection(
            collection=given["collection"],
            models=list(given["models"]),
            slices=given["slices"],
            sample=given["sample"],
            design=Design(given["design"]),
            against=given["against"] if is_against else None,
            seed=seed,
        )

    def settings(self) -> dict[str, Any]:
        """All the rest, as `create_from_selection` takes it."""
        return {
            name: value for name, value in self.cleaned_data.items() if name not in self.SELECTED
        }


class CampaignEditForm(SettingsForm):
    """What stays fixed once people have judged is shown, with the reason, and not changed."""

    PARTS = [
        (_("What people do"), ["title", "rubric_version", "asks", "preference_steps"]),
        *LATER_PARTS,
        (
            _("Rules"),
            [
                "content_warning",
                "review_share",
                "allows_revision",
                "allows_extra",
                "masks_identity",
            ],
        ),
    ]
    rubric_version = RowField(RubricVersion.objects.none(), label=_("Rubric"), empty_label=None)
    asks = CampaignForm.base_fields["asks"]
    preference_steps = CampaignForm.base_fields["preference_steps"]
    masks_identity = CampaignForm.base_fields["masks_identity"]

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:  # Django's own
        chosen = campaign.workspace.members.filter(pk__in=campaign.people)
        names = [name for name in self.base_fields if name not in ("people", "rubric_version")]
        initial = {name: getattr(campaign, name) for name in names}
        initial |= {
            "people": list(chosen.values_list("uid", flat=True)),
            "rubric_version": campaign.rubric_version.uid,
        }
        super().__init__(*args, workspace=campaign.workspace, initial=initial, **kwargs)
        choose_from(self, "rubric_version", published(campaign.workspace))
        self.fields["overlap"].widget.attrs["min"] = least_overlap(campaign)
        if campaign.state != CampaignState.DRAFT:
            for name, reason in FIXED_ONCE_OPEN.items():
                self.fields[name].disabled = True
                self.fields[name].help_text = reason


def published(workspace: Workspace) -> QuerySet[RubricVersion]:
    versions = RubricVersion.objects.filter(rubric__workspace=workspace, published_at__isnull=False)
    return versions.select_related("rubric")
