from __future__ import annotations

from typing import Any

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Campaign
from evalhub.common.forms import RowField, choose_from
from evalhub.followups.services import MOST_PROMPTS, MOST_TOKENS, MOST_VOTES
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel, ModelKind

WRITERS = (ModelKind.BASE, ModelKind.ADAPTER, ModelKind.ENDPOINT)


class FollowUpForm(forms.Form):
    model = RowField(LanguageModel.objects.none(), help_text="It answers the prompts again.")
    campaign = RowField(
        Campaign.objects.none(), required=False, label="What people said in a campaign",
        empty_label="none",
    )  # fmt: skip
    collection = RowField(
        Collection.objects.none(), required=False, label="Or in all, on a collection’s prompts",
        empty_label="none",
    )  # fmt: skip
    votes = forms.IntegerField(
        label="Judgments on each answer", min_value=1, max_value=MOST_VOTES, initial=2,
        help_text="By people who did not complain about it.",
    )  # fmt: skip
    most_prompts = forms.IntegerField(
        label="Prompts at most", min_value=1, max_value=MOST_PROMPTS, initial=200,
        help_text="Drawn by lot where there are more.",
    )  # fmt: skip
    max_new_tokens = forms.IntegerField(
        label="Tokens of an answer at most", min_value=1, max_value=MOST_TOKENS, initial=256
    )
    accepts_simulated = forms.BooleanField(
        label="Simulated judgments count, too", required=False,
        help_text="What simulated members said is followed, and they are asked beside people.",
    )  # fmt: skip

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        models = LanguageModel.objects.of_workspace(workspace).filter(kind__in=WRITERS)
        choose_from(self, "model", models)
        choose_from(self, "campaign", Campaign.objects.of_workspace(workspace))
        choose_from(self, "collection", Collection.objects.filter(workspace=workspace))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if bool(given.get("campaign")) == bool(given.get("collection")):
            raise forms.ValidationError("Choose a campaign, or a collection.")
        return given | {"about": given.get("campaign") or given.get("collection")}
