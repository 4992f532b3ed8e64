from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.choices import ROLE_NAMES, MailWish, Role
from evalhub.accounts.models import MemberQuerySet, User, Workspace, slug_rule
from evalhub.accounts.queries import words_in
from evalhub.common.forms import WordsField, tell_words

ROLE_LABELS = {
    Role.ANNOTATOR: _("annotator: judges in the browser"),
    Role.REVIEWER: _("reviewer: reads judgments and quality"),
    Role.MANAGER: _("manager: sees the people of some groups, and nobody else"),
    Role.LEAD: _("lead: writes rubrics, opens campaigns, watches quality"),
    Role.ENGINEER: _("engineer: builds datasets, trains, compares, promotes"),
    Role.OWNER: _("owner: all of these, and members and tokens"),
}
EXAMPLE = _(
    "The first line names the columns, with commas between them: email, pseudonym, roles, "
    "languages, groups, qualifications. Only email has to be there."
)
USERNAME = User._meta.get_field("username").validators


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NewPasswordForm(forms.Form):
    password = forms.CharField(
        label=_("New password"),
        max_length=4096,
        help_text=_("At least 8 characters, not a common one."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # Any: django's own signature of a form
        self._user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self._user)
        return password


class ChangePasswordForm(NewPasswordForm):
    current = forms.CharField(
        label=_("Present password"),
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ["current", "password"]

    def clean_current(self) -> str:
        current: str = self.cleaned_data["current"]
        if self._user is None or not self._user.check_password(current):
            raise forms.ValidationError(_("This is not your present password."))
        return current


class SignUpForm(NewPasswordForm):
    username = forms.CharField(label=_("User name"), max_length=150, validators=USERNAME)
    name = forms.CharField(label=_("Name of your workspace"), max_length=100)
    slug = forms.CharField(
        label=_("Its short name in addresses"), max_length=50, validators=[slug_rule]
    )
    field_order = ["username", "password", "name", "slug"]


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label=_("Roles"),
        choices=[(role.value, label) for role, label in ROLE_LABELS.items()],
        widget=forms.CheckboxSelectMultiple,
    )


class MemberForm(RolesForm):
    """What an owner says about a member: what they do, and what they are fit to judge."""

    languages = WordsField(
        label=_("Languages"), help_text=_("With commas between them: de, en, pt-br.")
    )
    groups = WordsField(label=_("Groups"), help_text=_("Campaigns can be for some groups only."))
    qualifications = WordsField(
        label=_("Qualifications"), help_text=_("Campaigns can ask for them: medicine, law.")
    )
    manages = WordsField(
        label=_("Manages the groups"),
        help_text=_("Of a manager: the groups whose people they see and look after."),
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        words = words_in(workspace)
        tell_words(self, words | {"manages": words["groups"]})

    def clean(self) -> dict[str, Any]:  # Any: django's own
        values: dict[str, Any] = super().clean() or {}
        if values.get("manages") and Role.MANAGER not in values.get("roles", []):
            self.add_error(
                "manages", _("Only a manager has these; tick the role, or leave it empty.")
            )
        return values


class MemberFilterForm(forms.Form):
    """Which members an owner looks for; what is left open asks for nothing."""

    q = forms.CharField(
        label=_("Name or user name"), required=False, max_length=100, widget=forms.SearchInput
    )
    role = forms.ChoiceField(
        label=_("Role"), required=False, choices=[("", _("any")), *ROLE_NAMES.items()]
    )
    group = forms.ChoiceField(label=_("Group"), required=False)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("any")), ("active", _("takes part")), ("inactive", _("inactive"))],
    )

    def __init__(self, *args: Any, workspace: Workspace, **kwargs: Any) -> None:  # Django's own
        super().__init__(*args, **kwargs)
        groups = [(word, word) for word in words_in(workspace)["groups"]]
        self.fields["group"].choices = [("", _("any")), *groups]  # type: ignore[attr-defined]  # a choice field's

    def narrow(self, rows: MemberQuerySet) -> MemberQuerySet:
        """A choice that is none, as of a group that is gone, asks for nothing."""
        self.full_clean()
        given = self.cleaned_data
        if text := given.get("q"):
            rows = rows.filter(Q(pseudonym__icontains=text) | Q(user__username__icontains=text))
        if role := given.get("role"):
            rows = rows.with_role(Role(role))
        if group := given.get("group"):
            rows = rows.filter(groups__contains=[group])
        if state := given.get("state"):
            rows = rows.filter(is_active=state == "active")
        return rows


class LimitsForm(forms.Form):
    most_tasks = forms.IntegerField(
        label=_("Most tasks a day"),
        min_value=0,
        max_value=100_000,
        required=False,
        help_text=_("Empty: no limit."),
    )
    most_minutes = forms.IntegerField(
        label=_("Most active minutes a day"),
        min_value=0,
        max_value=1440,
        required=False,
        help_text=_("The day begins at midnight in the person’s own time zone."),
    )


class InviteForm(RolesForm):
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
        help_text=_(
            "Their invitation goes there, where e-mail is on. An identity provider knows them by it."
        ),
    )
    pseudonym = forms.CharField(
        label=_("Pseudonym"),
        max_length=100,
        required=False,
        help_text=_("What others and exports call them; empty means the user name."),
    )
    field_order = ["username", "email", "pseudonym", "roles"]


class TokenForm(forms.Form):
    name = forms.CharField(label=_("What it is for"), max_length=100)


class ProfileForm(forms.Form):
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lambda: [(name, name) for name in sorted(zoneinfo.available_timezones())],
        help_text=_("Times on pages are shown in it; exports stay in UTC."),
    )


class MailWishForm(forms.Form):
    """Only for an account with an address, where e-mail goes out."""

    wants_mail = forms.ChoiceField(label=_("What comes by e-mail"), choices=MailWish.choices)


class RosterForm(forms.Form):
    """A list of people, from a file or typed; a file wins."""

    BYTES = 1_000_000

    file = forms.FileField(required=False, label=_("A CSV file"))
    text = forms.CharField(
        required=False,
        strip=False,
        max_length=BYTES,
        label=_("The list"),
        help_text=EXAMPLE,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:  # Any: django's own
        values = super().clean() or {}
        if upload := values.get("file"):
            values["text"] = self._decoded(upload.read(self.BYTES + 1))
        if not self.errors and not values["text"].strip():
            raise forms.ValidationError(_("Choose a file, or type the list."))
        return values

    def _decoded(self, content: bytes) -> str:
        if len(content) > self.BYTES:
            raise forms.ValidationError({"file": _("At most one megabyte; this is larger.")})
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            told = _("This file is not in UTF-8; save it as “CSV UTF-8”.")
            raise forms.ValidationError({"file": told}) from error
        if "\x00" in text:
            raise forms.ValidationError({"file": _("This is no text file.")})
        return text
