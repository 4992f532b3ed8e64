from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

MOST_SHARE = 50  # percent; more would be an exam


class PlanForm(forms.Form):
    share = forms.IntegerField(
        label=_("Gold among each person’s tasks, in percent"),
        min_value=0,
        max_value=MOST_SHARE,
        help_text=_(
            "Drawn by lot after the tasks that somebody judges. 0: gold is claimed like any task."
        ),
    )
    exposure = forms.IntegerField(
        label=_("Most people who are shown one gold"),
        min_value=1,
        max_value=1000,
        required=False,
        help_text=_("Nobody is shown the same one twice. Empty: as many as there are."),
    )

    repeat_share = forms.IntegerField(
        label=_("Tasks that people are asked once more, in percent"),
        min_value=0,
        max_value=MOST_SHARE,
        help_text=_("By the same person, to see how steady they are. Never part of the data."),
    )
    repeat_hours = forms.IntegerField(
        label=_("Hours before they are asked again"), min_value=0, max_value=720
    )


class RuleForm(forms.Form):
    tolerance = forms.IntegerField(
        label=_("How far off a rating may be, in points"),
        min_value=0,
        max_value=100,
        help_text=_("Of a scale, a number, or a place in a ranking."),
    )
    cannot_tell_fails = forms.BooleanField(
        label=_("“Can’t tell” fails"),
        required=False,
        help_text=_("Otherwise such a question does not count."),
    )


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it is withdrawn"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class AppealForm(forms.Form):
    reason = forms.CharField(
        label=_("What is wrong with it?"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("A lead reads this, and you read the answer."),
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=_("Your answer"),
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Whoever appealed reads it. A refusal needs a reason."),
    )


class QualificationForm(forms.Form):
    word = forms.CharField(
        label=_("Qualification"),
        max_length=50,
        help_text=_("A word that other campaigns ask for: medicine, law."),
    )
    pass_mark = forms.IntegerField(
        label=_("Tasks to pass, in percent"), min_value=1, max_value=100, initial=80
    )
    retry_days = forms.IntegerField(
        label=_("Days until somebody who failed may try again"),
        min_value=0,
        max_value=3650,
        required=False,
        help_text=_("Empty: they ask a lead, who can give the qualification by hand."),
    )


class TakeAwayForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it is taken away"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The person reads it."),
    )
