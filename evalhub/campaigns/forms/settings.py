from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.models import Member, Workspace
from evalhub.accounts.queries import words_in
from evalhub.campaigns.choices import Requeue, TaskOrder
from evalhub.common.forms import WordsField, choose_from, tell_words


class SettingsForm(forms.Form):
    """What can be changed while people judge."""

    title = forms.CharField(label=_("Title"), max_length=150)
    overlap = forms.IntegerField(
        label=_("Judgments per task"),
        min_value=1,
        max_value=20,
        initial=1,
        help_text=_("Each by another person. Two or more let you see whether people agree."),
    )
    most_overlap = forms.IntegerField(
        label=_("Most judgments per task"),
        min_value=2,
        max_value=100,
        required=False,
        help_text=_(
            "A task gets one more, up to this number, as long as no answer is ahead by two."
            " Empty: never more."
        ),
    )
    closes_at = forms.DateTimeField(
        label=_("Closes by itself on"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("In your time zone. Empty: when you close it."),
    )
    people = forms.ModelMultipleChoiceField(
        Member.objects.none(),
        to_field_name="uid",
        label=_("Only these people"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None: every annotator who fits the lines below."),
    )
    languages = WordsField(
        label=_("Languages"),
        help_text=_("Of these, people must speak one: de, pt-br. Empty: any."),
    )
    groups = WordsField(
        label=_("Groups"), help_text=_("Of these, people must be in one. Empty: everybody.")
    )
    qualifications = WordsField(
        label=_("Qualifications"), help_text=_("People must have all of these.")
    )
    max_share = forms.IntegerField(
        label=_("The most one person may give, in percent"),
        min_value=1,
        max_value=100,
        required=False,
        help_text=_("Of all judgments of the campaign. Empty: as many as they like."),
    )
    review_share = forms.IntegerField(
        label=_("Judgments of each person that a reviewer looks at, in percent"),
        min_value=0,
        max_value=100,
        required=False,
        help_text=_("Drawn by lot, nobody can tell which. Empty: no review."),
    )
    task_order = forms.ChoiceField(
        label=_("Order"),
        choices=TaskOrder.choices,
        widget=forms.RadioSelect,
        initial=TaskOrder.PRIORITY,
    )
    requeue = forms.ChoiceField(
        label=_("A skipped task goes"),
        choices=Requeue.choices,
        widget=forms.RadioSelect,
        initial=Requeue.OTHERS,
    )
    hand_size = forms.IntegerField(
        label=_("Most tasks in one person’s hand"),
        min_value=1,
        max_value=100,
        initial=20,
        help_text=_(
            "They go on with these when the network is gone. Take few where tasks are few:"
            " what one person holds, nobody else gets meanwhile."
        ),
    )
    content_warning = forms.CharField(
        label=_("Content warning"),
        required=False,
        max_length=500,
        help_text=_(
            "Shown with each task; the responses are blurred until somebody asks for them."
        ),
    )
    allows_revision = forms.BooleanField(
        label=_("People may reopen what they submitted"), required=False, initial=True
    )
    allows_extra = forms.BooleanField(
        label=_("Work that comes too late may be submitted as an extra judgment"),
        required=False,
        help_text=_("Extras are kept apart: no progress, agreement or dataset counts them."),
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        judges = workspace.members.active().judging()
        choose_from(self, "people", judges.order_by("pseudonym"))
        tell_words(self, words_in(workspace))

    def clean_review_share(self) -> int:
        return self.cleaned_data["review_share"] or 0

    def clean_people(self) -> list[int]:
        return sorted(member.pk for member in self.cleaned_data["people"])

    def clean_closes_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["closes_at"]
        if moment is not None and moment <= timezone.now() and "closes_at" in self.changed_data:
            raise forms.ValidationError(_("This moment is over; choose a later one, or none."))
        return moment

    def parts(self) -> list[tuple[Any, list[forms.BoundField]]]:  # `Any`: lazy translations
        return [(title, [self[name] for name in names]) for title, names in self.PARTS]

    PARTS: ClassVar[list[tuple[Any, list[str]]]] = []  # how the page lays the fields out


LATER_PARTS: list[tuple[Any, list[str]]] = [
    (_("How many, until when"), ["overlap", "most_overlap", "closes_at"]),
    (_("Who may judge"), ["people", "languages", "groups", "qualifications", "max_share"]),
    (_("Which task comes next"), ["task_order", "requeue", "hand_size"]),
]
