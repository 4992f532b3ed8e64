from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.models import Workspace
from evalhub.browse.choices import Kind, Mark, Openness
from evalhub.browse.figures import ANYBODY, OTHER
from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import HIGHEST_PRIORITY
from evalhub.common.uids import is_uid
from evalhub.quality.choices import Answer, Counts, Preferred
from evalhub.quality.questions import OVERALL
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import Criterion, RubricVersion

MOST_OFFERED = 500  # of a choice among rows, the newest
OF_FIGURES = (  # judgments as reports name them; shown when one asks for them
    "task", "counts", "question", "version", "answer", "against", "preferred", "beside", "since", "until",
)  # fmt: skip
FIELDS: dict[Kind, tuple[str, ...]] = {
    Kind.PROMPTS: ("text", "collection", "campaign", "slice", "archived"),
    Kind.COMPLETIONS: ("text", "model"),
    Kind.TASKS: ("campaign", "text", "slice", "model", "task_kind", "priority", "state"),
    Kind.JUDGMENTS: ("text", "campaign", "slice", "model", "member", "mark", *OF_FIGURES),
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

    task = forms.UUIDField(label=_("Task"), required=False)
    counts = forms.ChoiceField(
        label=_("Counts"), required=False, choices=[("", _("any")), *Counts.choices]
    )
    question = forms.ChoiceField(label=_("Question"), required=False)
    version = forms.ChoiceField(label=_("Rubric version"), required=False)
    answer = forms.ChoiceField(
        label=_("Answer"), required=False, choices=[("", _("any")), *Answer.choices]
    )
    against = forms.ChoiceField(label=_("Compared with"), required=False)
    preferred = forms.ChoiceField(
        label=_("Preferred"), required=False, choices=[("", _("any")), *Preferred.choices]
    )
    beside = forms.ChoiceField(label=_("Judged also by"), required=False)
    since = forms.DateField(
        label=_("Judged from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("Judged until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, data: Any, *, kind: Kind, workspace: Workspace) -> None:  # Django's own
        super().__init__(data)
        self.fields = {name: self.fields[name] for name in FIELDS[kind]}
        campaigns = workspace.campaigns.order_by("-pk").values_list("uid", "title")
        models = LanguageModel.objects.of_workspace(workspace).order_by("-pk")
        people = workspace.members.order_by("pseudonym").values_list("uid", "pseudonym")
        rows = {
            "collection": workspace.collections.values_list("slug", "name"),
            "campaign": campaigns,
            "model": models.values_list("uid", "name"),
            "member": people,
        }
        for name in rows.keys() & self.fields.keys():
            needs_one = kind == Kind.TASKS and name == "campaign"
            self._offer(name, rows[name][:MOST_OFFERED], any_=not needs_one)
        if kind == Kind.JUDGMENTS:
            asked = rubric_in(workspace, str(self.data.get("campaign", "")))
            self._offer("question", questions_in(asked))
            self._offer("version", versions_in(asked))
            self._offer("against", [(OTHER, _("another model")), *rows["model"][:MOST_OFFERED]])
            self._offer("beside", [(ANYBODY, _("anybody else")), *people[:MOST_OFFERED]])

    def criteria(self) -> dict[str, str]:
        """What is asked for, as texts; what is left open is not there."""
        self.full_clean()
        return {name: str(value) for name, value in self.cleaned_data.items() if value}

    def usual(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in OF_FIGURES]

    def of_figures(self) -> list[forms.BoundField]:
        return [field for field in self if field.name in OF_FIGURES]

    @property
    def asks_figures(self) -> bool:
        return any(self.data.get(name) for name in OF_FIGURES)

    def _offer(self, name: str, rows: Iterable[tuple[Any, Any]], *, any_: bool = True) -> None:
        field = self.fields[name]
        if not isinstance(field, forms.ChoiceField):
            raise TypeError(f"{name} is no choice")
        offered: Choices = [(str(value), text) for value, text in rows]
        field.choices = [("", _("any")), *offered] if any_ else offered


def rubric_in(workspace: Workspace, campaign: str) -> QuerySet[RubricVersion]:
    """The versions of the campaign's rubric; of all rubrics, where none of ours is named."""
    versions = RubricVersion.objects.filter(rubric__workspace=workspace)
    named = workspace.campaigns.filter(uid=campaign) if is_uid(campaign) else None
    rubric = (
        None if named is None else named.values_list("rubric_version__rubric", flat=True).first()
    )
    return versions if rubric is None else versions.filter(rubric=rubric)


def questions_in(versions: QuerySet[RubricVersion]) -> Choices:
    """What people are asked, by how they answer: some on a scale, others by what they prefer."""
    slugs = Criterion.objects.filter(version__in=versions).order_by("slug")
    found: Choices = [(f"compared:{OVERALL}", _("preferred overall"))]
    for slug in slugs.values_list("slug", flat=True).distinct()[:MOST_OFFERED]:
        found.append((f"rated:{slug}", _("%(slug)s, rated") % {"slug": slug}))
        found.append((f"compared:{slug}", _("%(slug)s, preferred") % {"slug": slug}))
    return found


def versions_in(versions: QuerySet[RubricVersion]) -> Choices:
    newest = versions.select_related("rubric").order_by("rubric__name", "-number")[:MOST_OFFERED]
    return [(str(each.uid), str(each)) for each in newest]


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
            named = workspace.members.active().judging().order_by("pseudonym")
            rows = named.values_list("uid", "pseudonym")[:MOST_OFFERED]
            people.choices = [(str(uid), name) for uid, name in rows]

    def arguments(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.cleaned_data.items()}


class ViewForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    is_shared = forms.BooleanField(label=_("For everybody in the workspace"), required=False)
