from __future__ import annotations

import json
from typing import Any

from django import forms

from evalhub.accounts.models import Workspace, slug_rule
from evalhub.loops.policy import read_policy, stored
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.rubrics.models import RubricVersion


class LoopForm(forms.Form):
    name = forms.CharField(max_length=100)
    slug = forms.CharField(max_length=50, validators=[slug_rule], help_text="Names it in commands.")
    base_model = forms.ModelChoiceField(LanguageModel.objects.none())
    collection = forms.ModelChoiceField(
        Collection.objects.none(), help_text="Its judgments are learnt from; its prompts answered."
    )
    rubric_version = forms.ModelChoiceField(
        RubricVersion.objects.none(), label="Rubric", help_text="Of the campaigns it opens."
    )
    policy = forms.JSONField(
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "mono"}),
        help_text="What each Round does; the help page on Rounds explains every field.",
    )

    def __init__(self, *args: object, workspace: Workspace, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        bases = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.BASE)
        versions = RubricVersion.objects.filter(
            rubric__workspace=workspace, published_at__isnull=False
        )
        self._choose_from("base_model", bases)
        self._choose_from("collection", Collection.objects.filter(workspace=workspace))
        self._choose_from("rubric_version", versions.select_related("rubric"))
        self.fields["policy"].initial = stored(read_policy({}))
        self.fields["policy"].encoder = _Indented  # type: ignore[attr-defined]  # a JSONField

    def _choose_from(self, name: str, rows: Any) -> None:  # a QuerySet of any model
        self.fields[name].queryset = rows  # type: ignore[attr-defined]  # a ModelChoiceField


class _Indented(json.JSONEncoder):
    """For reading, not for machines."""

    def __init__(self, **kwargs: Any) -> None:  # json.dumps passes its own arguments
        super().__init__(**(kwargs | {"indent": 2}))
