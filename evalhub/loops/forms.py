from __future__ import annotations

import json
from typing import Any

from django import forms

from evalhub.accounts.models import Workspace
from evalhub.common.forms import RowField, choose_from
from evalhub.loops.models import Loop
from evalhub.loops.rolling_back import earlier_models
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import RubricVersion


class LoopEditForm(forms.Form):
    """What may change while a Loop lives; a Round that failed goes on by it once it is resumed."""

    name = forms.CharField(max_length=100)
    collection = RowField(
        Collection.objects.none(), help_text="Its judgments are learnt from; its prompts answered."
    )
    rubric_version = RowField(
        RubricVersion.objects.none(), label="Rubric", help_text="Of the campaigns it opens."
    )
    policy = forms.JSONField(
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "mono"}),
        help_text="What each Round does; the help page on Rounds explains every field.",
    )

    def __init__(self, *args: Any, workspace: Workspace, **named: Any) -> None:  # Django's own
        super().__init__(*args, **named)
        versions = RubricVersion.objects.filter(
            rubric__workspace=workspace, published_at__isnull=False
        )
        choose_from(self, "collection", Collection.objects.filter(workspace=workspace))
        choose_from(self, "rubric_version", versions.select_related("rubric"))
        self.fields["policy"].encoder = _Indented  # type: ignore[attr-defined]  # a JSONField


class RollBackForm(forms.Form):
    """Which earlier model to put back; nothing chosen is the base itself."""

    to = RowField(
        LanguageModel.objects.none(),
        required=False,
        label="Put back",
        empty_label="the base itself",
    )
    reason = forms.CharField(
        label="Why", max_length=400, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="It stands in the audit log.",
    )  # fmt: skip

    def __init__(self, *args: Any, loop: Loop, **named: Any) -> None:  # Django's own
        super().__init__(*args, **named)
        choose_from(self, "to", earlier_models(loop))

    def model(self) -> LanguageModel | None:
        chosen: LanguageModel | None = self.cleaned_data["to"]
        return chosen


class DecideForm(forms.Form):
    loop = RowField(Loop.objects.none(), help_text="Whose gate decides, on its base.")

    def __init__(self, *args: Any, model: LanguageModel, **named: Any) -> None:  # Django's own
        super().__init__(*args, **named)
        known = Loop.objects.filter(workspace=model.workspace).select_related("base_model")
        loops = Loop.objects.filter(pk__in=[each.pk for each in known if each.may_serve(model)])
        choose_from(self, "loop", loops)
        if len(loops) == 1:
            self.fields["loop"].initial = loops[0]


class GoOnForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        label="Why it may go on",
        help_text="Stands in the audit log. What is under its bar now pauses this campaign no more.",
    )


def values_of(loop: Loop) -> dict[str, Any]:
    """What the form of a Loop shows at first."""
    return {name: getattr(loop, name) for name in LoopEditForm.base_fields}


class _Indented(json.JSONEncoder):
    """For reading, not for machines."""

    def __init__(self, **kwargs: Any) -> None:  # json.dumps passes its own arguments
        super().__init__(**(kwargs | {"indent": 2}))
