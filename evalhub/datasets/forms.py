from __future__ import annotations

from typing import Any, NamedTuple

from django import forms

from evalhub.common.forms import RowField, choose_from
from evalhub.datasets.export.asked import Container, foretold
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import SPLITS
from evalhub.datasets.sending import MOST_ROWS


class RowsAsked(NamedTuple):
    split: str
    text: str
    place: int


class RowsForm(forms.Form):
    """Which rows of a build: the split, words in them, and from where on."""

    split = forms.ChoiceField(choices=[(each, each) for each in SPLITS], required=False)
    q = forms.CharField(required=False, max_length=200, label="Text")
    at = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def chosen(self) -> RowsAsked:
        """What is wrong is as if it had not been given."""
        self.is_valid()
        given = self.cleaned_data
        return RowsAsked(given.get("split") or SPLITS[0], given.get("q", ""), given.get("at") or 0)


class SendBackForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        label="What their authors shall look at again",
        help_text=f"Of the first {MOST_ROWS} rows each judgment that a person made here goes back to "
        "its author’s My work with this. It counts until they have revised it.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class PageAsked(NamedTuple):
    place: int
    shown: int


class PageForm(forms.Form):
    """From which place in a file on, and how many rows were shown already: for the heading alone."""

    at = forms.IntegerField(required=False, min_value=0)
    shown = forms.IntegerField(required=False, min_value=0, max_value=10**9)

    def chosen(self) -> PageAsked:
        """What is wrong is as if it had not been given."""
        self.is_valid()
        given = self.cleaned_data
        return PageAsked(given.get("at") or 0, given.get("shown") or 0)


class OtherBuildForm(forms.Form):
    """Another finished build of the same dataset."""

    other = RowField(DatasetBuild.objects.none(), label="Compare with")

    def __init__(self, data: Any = None, *, build: DatasetBuild) -> None:  # Any: a QueryDict
        super().__init__(data)
        others = DatasetBuild.objects.filter(dataset=build.dataset_id).exclude(digest="")
        choose_from(self, "other", others.exclude(pk=build.pk).select_related("dataset"))


def _shapes(kind: str) -> list[tuple[str, str]]:
    return [(each["name"], each["title"]) for each in foretold(kind)]


class ExportForm(forms.Form):
    shape = forms.ChoiceField()
    container = forms.ChoiceField(
        choices=Container.choices,
        initial=Container.FOLDER.value,
        widget=forms.RadioSelect,
        label="Format",
    )
    splits = forms.MultipleChoiceField(
        choices=[(each, each) for each in SPLITS],
        initial=list(SPLITS),
        widget=forms.CheckboxSelectMultiple,
        help_text="One alone is a file; several, and a folder, come as an archive.",
    )

    def __init__(self, data: Any = None, *, kind: str) -> None:  # Any: a QueryDict
        super().__init__(data)
        self.fields["shape"] = forms.ChoiceField(
            choices=_shapes(kind), widget=forms.RadioSelect, initial="trl"
        )


class PushForm(forms.Form):
    target = forms.CharField(
        max_length=300,
        label="Where to",
        help_text="s3://BUCKET/PREFIX or hf://datasets/OWNER/NAME",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
    )
    shape = forms.ChoiceField()

    def __init__(self, data: Any = None, *, kind: str) -> None:  # Any: a QueryDict
        super().__init__(data)
        self.fields["shape"] = forms.ChoiceField(choices=_shapes(kind), initial="trl")
