from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.forms import USERNAME
from evalhub.groups.queries import Offer


class _GroupsField(forms.MultipleChoiceField):
    def __init__(self, groups: Sequence[str], **options: Any) -> None:  # Any: Django's own
        choices = [(group, group) for group in groups]
        super().__init__(choices=choices, widget=forms.CheckboxSelectMultiple, **options)


class PersonInviteForm(forms.Form):
    """Somebody new, who judges; nothing that would tell who else is here."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        validators=USERNAME,
        help_text=_("They sign in with it."),
    )
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        required=False,
        help_text=_("Their invitation goes there, where e-mail is on."),
    )

    def __init__(self, *args: Any, groups: Sequence[str], **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        self.fields["groups"] = _GroupsField(
            groups, label=_("Groups"), initial=groups[:1] if len(groups) == 1 else []
        )


class PersonGroupsForm(forms.Form):
    """None: the person is nobody of yours any more."""

    def __init__(self, *args: Any, groups: Sequence[str], **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        self.fields["groups"] = _GroupsField(groups, label=_("Groups"), required=False)


class CampaignsForm(forms.Form):
    """In which campaigns that name people somebody is one of them."""

    def __init__(self, *args: Any, offers: Sequence[Offer], **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        named = [each for each in offers if not each.is_for_all]
        self.fields["campaigns"] = forms.MultipleChoiceField(
            choices=[(str(each.campaign.uid), each.campaign.title) for each in named],
            widget=forms.CheckboxSelectMultiple,
            required=False,
            label=_("Judges in"),
            initial=[str(each.campaign.uid) for each in named if each.is_named],
        )
