from __future__ import annotations

from django import forms

from evalhub.accounts.models import slug_rule
from evalhub.common.personal_data import KINDS, Kind
from evalhub.formats.readers import FORMATS
from evalhub.imports.models import ImportKind

LABELS: dict[Kind, str] = {
    "key": "keys and tokens",
    "email": "e-mail addresses",
    "iban": "bank accounts (IBAN)",
    "card": "payment cards",
    "ip": "IP addresses",
    "phone": "telephone numbers",
}


class UploadForm(forms.Form):
    kind = forms.ChoiceField(
        choices=[
            (ImportKind.PROMPTS.value, "Prompts, with completions if the file has some"),
            (ImportKind.JUDGMENTS.value, "Judgments"),
        ],
        initial=ImportKind.PROMPTS.value,
        widget=forms.RadioSelect,
        label="What is in the file",
    )
    collection = forms.CharField(
        max_length=50,
        validators=[slug_rule],
        help_text="Its slug: lower-case letters, digits and hyphens. Made when it is not there.",
    )
    format = forms.ChoiceField(
        choices=[("auto", "find out"), *FORMATS.items()],
        initial="auto",
        help_text="The page Help, Imports shows each.",
    )
    file = forms.FileField()
    licence = forms.CharField(
        required=False,
        max_length=200,
        help_text="Under which the file was published, as far as you know: cc-by-4.0, apache-2.0.",
    )
    masks = forms.MultipleChoiceField(
        required=False,
        choices=[(kind, LABELS[kind]) for kind in KINDS],
        widget=forms.CheckboxSelectMultiple,
        label="Personal data to mask",
        help_text="You see what would be masked before anything is read in.",
    )
