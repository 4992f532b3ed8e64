from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.choices import PayUnit
from evalhub.campaigns.services.pilots import MOST_TASKS
from evalhub.common.forms import choose_from
from evalhub.judgments.choices import Preset
from evalhub.judgments.keys import ACTS, PRESETS, fault_of, keymap
from evalhub.judgments.models import DeskSettings
from evalhub.judgments.page import CAPS


class ReturnForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it goes back"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Its author reads this. Say what to look at again, not what to answer."),
    )


class ExpertForm(forms.Form):
    """What an expert adds to the answers; the fields stand outside of the form that sends them."""

    expert_kind = forms.ChoiceField(
        label=_("What for"),
        choices=[
            ("practice", _("practice: a copy, shown with your answer; never in the data")),
            ("gold", _("gold: the task itself, judged unknowingly, compared afterwards")),
        ],
        widget=forms.RadioSelect,
        initial="practice",
    )
    expert_reason = forms.CharField(
        label=_("Why this is the answer"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Markdown. Shown to whoever compares their answers with yours."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Django's own types
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["form"] = "sheet"


_PRESETS = Preset.choices


class DeskForm(forms.Form):
    """The keys of the annotator's page, act by act; an empty field takes the preset's."""

    preset = forms.ChoiceField(label=_("Keys as in"), choices=Preset.choices)
    auto_advance = forms.BooleanField(
        label=_("Go to the next question after an answer"), required=False
    )
    auto_submit = forms.BooleanField(
        label=_("Submit when the last question is answered"), required=False
    )

    def __init__(self, data: Any = None, *, desk: DeskSettings) -> None:  # Django's own type
        initial = {
            "preset": desk.preset,
            "auto_advance": desk.auto_advance,
            "auto_submit": desk.auto_submit,
            **{f"key_{act}": key for act, key in desk.keys.items()},
        }
        super().__init__(data, initial=initial)
        for act, meaning in ACTS.items():
            self.fields[f"key_{act}"] = forms.CharField(
                label=capfirst(str(meaning)),  # the rest stays: German nouns
                required=False,
                max_length=12,
                strip=False,  # the space bar is a key
                widget=forms.TextInput(
                    attrs={"placeholder": PRESETS[desk.preset].get(act, ""), "size": 12}
                ),
            )

    def habits(self) -> list[forms.BoundField]:
        return [self[name] for name in ("preset", "auto_advance", "auto_submit")]

    def acts(self) -> list[tuple[forms.BoundField, list[tuple[str, str]]]]:
        """A row for each act: its field, and (preset, key) for each preset there is."""
        return [
            (
                self[f"key_{act}"],
                [(str(name), _cap(PRESETS[value].get(act, ""))) for value, name in _PRESETS],
            )
            for act in ACTS
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        typed = {act: key for act in ACTS if (key := cleaned.get(f"key_{act}"))}
        cleaned["keys"] = {act: key.lower() if len(key) == 1 else key for act, key in typed.items()}
        if "preset" in cleaned and (fault := fault_of(keymap(cleaned["preset"], cleaned["keys"]))):
            act, why = fault
            self.add_error(f"key_{act}", why)
        return cleaned


def _cap(key: str) -> str:
    """The key as it stands on a key cap."""
    return CAPS.get(key, key.upper())


class _Day(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class PriceForm(forms.Form):
    """What a lead wants to know, and what they know better than the history does."""

    difference = forms.FloatField(
        label=_("Difference to be seen"),
        min_value=0.05,
        max_value=50,
        help_text=_("Points of the win rate away from 50 %, or of a mean score from 1 to 5."),
    )
    overlap = forms.IntegerField(label=_("Judgments per task"), min_value=1, max_value=100)
    people = forms.IntegerField(
        label=_("People who judge"),
        min_value=1,
        max_value=10_000,
        required=False,
        help_text=_("Empty: as many as before."),
    )
    rate = forms.FloatField(label=_("Pay"), min_value=0, max_value=100_000)
    unit = forms.ChoiceField(label=_("For each"), choices=PayUnit.choices)
    seconds = forms.FloatField(
        label=_("Active seconds per judgment"), min_value=0.1, max_value=100_000, required=False
    )
    ties = forms.FloatField(label=_("Ties, in percent"), min_value=0, max_value=99, required=False)
    correlation = forms.FloatField(
        label=_("How much alike two judgments of a task are, 0 to 1"),
        min_value=0,
        max_value=1,
        required=False,
        help_text=_(
            "The intraclass correlation. These three are empty where the history is right."
        ),
    )


class PilotForm(forms.Form):
    tasks = forms.IntegerField(
        label=_("Tasks"),
        min_value=1,
        max_value=MOST_TASKS,
        initial=10,
        help_text=_("Everybody judges the same ones."),
    )
    people = forms.ModelMultipleChoiceField(
        Member.objects.none(),
        to_field_name="uid",
        label=_("Who tries it out"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Two or more."),
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        judges = workspace.members.active().judging()
        choose_from(self, "people", judges.order_by("pseudonym"))


class PeriodForm(forms.Form):
    """From one day to another, both whole, in the reader's zone."""

    begin = forms.DateField(label=_("From"), widget=_Day(), required=False)
    end = forms.DateField(label=_("To"), widget=_Day())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        begin, end = cleaned.get("begin"), cleaned.get("end")
        if begin and end and begin > end:
            self.add_error("end", _("The period ends before it begins."))
        return cleaned


class PayRunForm(forms.Form):
    """What was judged up to and with this day is paid."""

    end = forms.DateField(label=_("Up to and with"), widget=_Day())
