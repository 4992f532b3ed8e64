from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.models import Workspace
from evalhub.browse.choices import Kind, Mark, Openness
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import HIGHEST_PRIORITY
from evalhub.registry.models import LanguageModel

MOST_OFFERED = 500  # of a choice among rows, the newest
FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.PROMPTS: ("text", "collection", "slice", "archived"),
    Kind.COMPLETIONS: ("text", "model"),
    Kind.TASKS: ("campaign", "text", "slice", "model", "task_kind", "priority", "state"),
    Kind.JUDGMENTS: ("text", "campaign", "slice", "model", "member", "mark"),
}
Choices = list[tuple[str, Any]]  # `Any`: a name, or a lazy translation
PRIORITIES: Choices = [(str(n), str(n)) for n in range(HIGHEST_PRIORITY, -1, -1)]


class FilterForm(forms.Form):
    """What a kind of rows is asked by; each criterion is one that an index answers."""

    text = forms.CharField(
        label=_("Words"), required=False, max_length=200, widget=forms.SearchInput
    )
    collection = forms.ChoiceField(label=_("Collection"), required=False)
    slice = forms.RegexField(
        r"^[^=]+=.+$",
        label=_("Slice"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "language=de", "size": 14}),
        error_messages={"invalid": _("A slice is written name=value.")},
    )
    archived = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("any")), ("no", _("in use")), ("yes", _("archived"))],
    )
    model = forms.ChoiceField(label=_("Model"), required=False)
    campaign = forms.ChoiceField(label=_("Campaign"), required=False)
    task_kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("any")), *TaskKind.choices]
    )
    priority = forms.ChoiceField(
        label=_("Priority"), required=False, choices=[("", _("any")), *PRIORITIES]
    )
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("any")), *Openness.choices]
    )
    member = forms.ChoiceField(label=_("Annotator"), required=False)
    mark = forms.ChoiceField(
        label=_("Mark"), required=False, choices=[("", _("any")), *Mark.choices]
    )

    def __init__(self, data: Any, *, kind: Kind, workspace: Workspace) -> None:  # Django's own
        super().__init__(data)
        self.fields = {name: self.fields[name] for name in FIELDS[kind]}
        campaigns = workspace.campaigns.order_by("-pk").values_list("uid", "title")
        models = LanguageModel.objects.of_workspace(workspace).order_by("-pk")
        rows = {
            "collection": workspace.collections.values_list("slug", "name"),
            "campaign": campaigns,
            "model": models.values_list("uid", "name"),
            "member": workspace.members.order_by("pseudonym").values_list("uid", "pseudonym"),
        }
        for name in rows.keys() & self.fields.keys():
            needs_one = kind == Kind.TASKS and name == "campaign"
            self._offer(name, rows[name][:MOST_OFFERED], any_=not needs_one)

    def criteria(self) -> dict[str, str]:
        """What is asked for, as texts; what is left open is not there."""
        self.full_clean()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def _offer(self, name: str, rows: Iterable[tuple[Any, str]], *, any_: bool) -> None:
        field = self.fields[name]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError(f"{name} is no choice")
        offered: Choices = [(str(value), text) for value, text in rows]
        field.choices = [("", _("any")), *offered] if any_ else offered


class ArgumentsForm(forms.Form):
    """What an act needs to know; the page shows each field beside its act."""

    priority = forms.ChoiceField(label=_("Priority"), choices=PRIORITIES, initial="5")
    overlap = forms.IntegerField(label=_("Judgments per task"), min_value=1, max_value=100)
    member = forms.ChoiceField(label=_("For"))
    reason = forms.CharField(
        label=_("Why"), max_length=5000, widget=forms.TextInput(attrs={"size": 40})
    )

    def __init__(self, data: Any, *, act: str, needs: Iterable[str], workspace: Workspace) -> None:
        super().__init__(data, prefix=act, use_required_attribute=False)  # one form has all acts
        self.fields = {name: self.fields[name] for name in needs}
        people = self.fields.get("member")
        if isinstance(people, forms.ChoiceField):
            named = workspace.members.active().filter(user__isnull=False).order_by("pseudonym")
            rows = named.values_list("uid", "pseudonym")[:MOST_OFFERED]
            people.choices = [(str(uid), name) for uid, name in rows]

    def arguments(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.cleaned_data.items()}


class ViewForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    is_shared = forms.BooleanField(label=_("For everybody in the workspace"), required=False)
