from __future__ import annotations

from typing import Any

from django import forms

from evalhub.accounts.models import slug_rule
from evalhub.common.own_words import UnfitWord, own_words
from evalhub.common.personal_data import KINDS, OWN
from evalhub.formats.mapping import Part
from evalhub.formats.readers import FORMATS
from evalhub.imports.models import ImportKind

LABELS: dict[str, str] = {
    "key": "keys and tokens",
    "email": "e-mail addresses",
    "iban": "bank accounts (IBAN)",
    "card": "payment cards",
    "ip": "IP addresses",
    "phone": "telephone numbers",
    OWN: "words and patterns of your own",
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
    file = forms.FileField(
        required=False, help_text="JSON, JSON Lines, CSV, TSV, Parquet, XLSX, or a zip of such."
    )
    dataset = forms.CharField(
        required=False,
        max_length=200,
        label="Or a dataset of the Hugging Face hub",
        help_text="Its id, owner/name. Its files of rows are read, never its code.",
    )
    split = forms.CharField(
        required=False, max_length=100, help_text="Of the hub’s dataset: all if empty."
    )
    revision = forms.CharField(
        required=False, max_length=100, help_text="Of the hub’s dataset: the newest if empty."
    )
    licence = forms.CharField(
        required=False,
        max_length=200,
        help_text="Under which the file was published, as far as you know: cc-by-4.0, apache-2.0.",
    )
    red_team = forms.BooleanField(
        required=False,
        label="Red-team prompts",
        help_text="Written to make a model fail. They need a collection of their own, which builds for "
        "training leave out.",
    )
    rubric = forms.CharField(
        required=False,
        max_length=50,
        validators=[slug_rule],
        help_text="For judgments: the slug of a rubric of yours whose questions they answer. If empty, "
        "as the file says; questions that it brings along become a rubric of their own.",
    )
    masks = forms.MultipleChoiceField(
        required=False,
        choices=[(kind, LABELS[kind]) for kind in KINDS],
        widget=forms.CheckboxSelectMultiple,
        label="Personal data to mask",
        help_text="You see what would be masked before anything is read in.",
    )
    mask_words = forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        label="Words and patterns of your own to mask",
        help_text="One a line, as names or numbers of customers: “Erika Mustermann”, “KD-######”. "
        "# is a digit, @ a letter, * the rest of a word. Whole words are found, whatever their case.",
    )

    def clean_mask_words(self) -> list[str]:
        try:
            return own_words(self.cleaned_data["mask_words"].splitlines())
        except UnfitWord as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors and bool(found.get("file")) == bool(found.get("dataset")):
            self.add_error("file", "Choose a file, or name a dataset of the hub: one of the two.")
        return found


PART_LABELS: dict[Part, str] = {
    "prompt": "the prompt",
    "messages": "the conversation",
    "system": "the system message",
    "completion": "a completion",
    "model": "a model’s name",
    "reference": "the reference answer",
    "document": "a source",
    "slice": "a slice",
    "group": "its group",
    "prompt_id": "the prompt’s id",
    "row_id": "the judgment’s id",
    "chosen": "the chosen answer",
    "rejected": "the rejected answer",
    "choice": "the better one",
    "rating": "a rating",
    "label": "a label",
    "demonstration": "a demonstration",
    "critique": "a remark",
    "annotator": "who judged",
    "time": "when",
}
FIELDS = ("part", "name", "of", "low", "high")


class MappingForm(forms.Form):
    """A line of fields for each column of the table."""

    has_head = forms.BooleanField(
        required=False, initial=True, label="The first row holds the names of the columns"
    )

    def __init__(self, *args: Any, columns: list[str], known: dict[str, Any], **more: Any) -> None:
        super().__init__(*args, **more)
        self._columns = columns
        self.fields["has_head"].initial = known.get("has_head", True)
        others = [("", "—"), *((name, name) for name in columns)]
        for nth, name in enumerate(columns):
            use = known.get("columns", {}).get(name) or known.get("columns", {}).get(
                f"column {nth + 1}"
            )
            self._add(nth, name, use or {}, others)

    def _add(
        self, nth: int, column: str, use: dict[str, Any], others: list[tuple[str, str]]
    ) -> None:
        made: dict[str, forms.Field] = {
            "part": forms.ChoiceField(
                required=False, choices=[("", "left out"), *PART_LABELS.items()]
            ),
            "name": forms.CharField(required=False, max_length=100),
            "of": forms.ChoiceField(required=False, choices=others),
            "low": forms.IntegerField(required=False, min_value=-1000, max_value=1000),
            "high": forms.IntegerField(required=False, min_value=-1000, max_value=1000),
        }
        titles = {
            "part": "is",
            "name": "is called",
            "of": "is about",
            "low": "scale from",
            "high": "scale to",
        }
        for name, field in made.items():
            field.initial = use.get("as" if name == "part" else name, "")
            field.label = titles[name]
            field.widget.attrs["aria-label"] = f"{column} {titles[name]}"
            self.fields[f"{name}-{nth}"] = field

    def lines(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [
            (name, [self[f"{field}-{nth}"] for field in FIELDS])
            for nth, name in enumerate(self._columns)
        ]

    def mapping(self) -> dict[str, Any]:
        """As JSON has it, of a form that is valid."""
        found, has_head = self.cleaned_data, self.cleaned_data["has_head"]
        columns = {}
        for nth, name in enumerate(self._columns):
            given = {field: found[f"{field}-{nth}"] for field in FIELDS}
            if given["part"]:
                use = {"as": given.pop("part")}
                if given["of"] and not has_head:
                    given["of"] = f"column {self._columns.index(given['of']) + 1}"
                use |= {field: value for field, value in given.items() if value not in ("", None)}
                columns[name if has_head else f"column {nth + 1}"] = use
        return {"columns": columns} | ({} if has_head else {"has_head": False})
