"""The part of a dataset's form that says which rows are made from others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms

from evalhub.datasets.augmenting.options import CAP

_HOW = "Of the training rows that people made; 0: none."


class ShareField(forms.FloatField):
    def __init__(self, **options: Any) -> None:  # Any: Django's own
        super().__init__(required=False, min_value=0, max_value=1, initial=0, **options)


class SeedField(forms.IntegerField):
    def __init__(self, way: str) -> None:
        told = "Another number draws other rows, and changes them in other ways."
        super().__init__(required=False, initial=0, label=f"Seed of {way}", help_text=told)


class PairsField(forms.CharField):
    """One to a line: a word, an equals sign, what it stands with."""

    def __init__(self, **options: Any) -> None:  # Any: Django's own
        area = forms.Textarea({"rows": 3, "spellcheck": "false"})
        super().__init__(required=False, widget=area, **options)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(f"{one} = {other}" for one, other in value)

    def to_python(self, value: Any) -> Any:
        found = []
        for line in filter(str.strip, (super().to_python(value) or "").splitlines()):
            one, is_one, other = (" ".join(each.split()) for each in line.partition("="))
            if not is_one or not one or not other:
                raise forms.ValidationError(
                    f"“{line.strip()[:50]}” is not of the form word = other."
                )
            found.append((one, other))
        return found


class SlicesField(forms.CharField):
    """Like language=de, domain=law: values by key."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return ", ".join(f"{key}={told}" for key, values in value.items() for told in values)

    def to_python(self, value: Any) -> Any:
        found: dict[str, list[str]] = {}
        for word in filter(None, map(str.strip, (super().to_python(value) or "").split(","))):
            key, is_one, told = (each.strip() for each in word.partition("="))
            if not is_one or not key or not told:
                raise forms.ValidationError(f"“{word}” is not of the form key=value.")
            found.setdefault(key, []).append(told)
        return found


class AugmentForm(forms.Form):
    word_share = ShareField(label="Share of rows by word replacement", help_text=_HOW)
    words = PairsField(
        label="Words and others of the same meaning",
        help_text="As in: big = large, huge. In what users ask, and in raw texts; never in answers.",
    )
    word_seed = SeedField("word replacement")
    shuffle_share = ShareField(
        label="Share of rows by sentence shuffling",
        help_text="Of what users ask, and of raw texts; the last sentence stays. Answers are never shuffled.",
    )
    shuffle_seed = SeedField("sentence shuffling")
    swap_share = ShareField(
        label="Share of rows by counterfactual swaps",
        help_text="Against bias: prompt and answers about the other one of each pair.",
    )
    swap_lists = forms.MultipleChoiceField(
        required=False,
        label="Lists of pairs that come with evalhub",
        choices=[
            ("gender_en", "she and he, mother and father, … (English)"),
            ("names_en", "Emily and Lakisha, Greg and Jamal, … (United States)"),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    swap_pairs = PairsField(
        label="Pairs of your own",
        help_text="As in: Berlin = Lagos. Both ways; each word in one pair.",
    )
    swap_seed = SeedField("counterfactual swaps")
    cap = forms.FloatField(
        required=False,
        min_value=0.01,
        max_value=1,
        initial=CAP,
        label="Share of augmented rows at most",
        help_text="All ways together, of the training rows that people made.",
    )
    never = SlicesField(
        required=False,
        label="Never from prompts of these slices",
        help_text="Like domain=medicine, domain=law.",
    )
    never_from = forms.MultipleChoiceField(
        required=False,
        label="Never from prompts of these collections",
        widget=forms.SelectMultiple(attrs={"size": 4}),
    )

    def __init__(
        self, *args: Any, collections: Sequence[tuple[str, str]], **named: Any
    ) -> None:  # Django's own
        super().__init__(*args, **named)
        never_from = self.fields["never_from"]
        if isinstance(never_from, forms.ChoiceField):
            never_from.choices = collections

    def options(self) -> dict[str, Any]:
        """What a definition has of augmentation; nothing where every share is 0."""
        given = self.cleaned_data
        ways = list(self._ways(given))
        never = {"slices": given["never"], "collections": given["never_from"]}
        told = {
            "augment": ways,
            "augment_never": {name: each for name, each in never.items() if each},
        }
        return told | ({"augment_cap": given["cap"]} if given["cap"] else {})

    @classmethod
    def initial_of(cls, definition: dict[str, Any]) -> dict[str, Any]:
        """What the form begins with, to say the same as `definition`, as far as it can."""
        ways = {way["by"]: way for way in definition.get("augment", [])}
        words = ways.get("word_replacement", {})
        shuffles = ways.get("sentence_shuffle", {})
        swaps = ways.get("counterfactual_swap", {})
        return {
            "word_share": words.get("share", 0),
            "words": [(word, ", ".join(others)) for word, others in words.get("words", {}).items()],
            "word_seed": words.get("seed", 0),
            "shuffle_share": shuffles.get("share", 0),
            "shuffle_seed": shuffles.get("seed", 0),
            "swap_share": swaps.get("share", 0),
            "swap_lists": swaps.get("lists", []),
            "swap_pairs": swaps.get("pairs", []),
            "swap_seed": swaps.get("seed", 0),
            "cap": definition.get("augment_cap", CAP),
            "never": definition.get("augment_never", {}).get("slices", {}),
            "never_from": definition.get("augment_never", {}).get("collections", []),
        }

    def _ways(self, given: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if share := given["word_share"]:
            words = {
                word: [each for each in map(str.strip, others.split(",")) if each]
                for word, others in given["words"]
            }
            yield {
                "by": "word_replacement",
                "share": share,
                "seed": given["word_seed"] or 0,
                "words": words,
            }
        if share := given["shuffle_share"]:
            yield {"by": "sentence_shuffle", "share": share, "seed": given["shuffle_seed"] or 0}
        if share := given["swap_share"]:
            pairs, lists = given["swap_pairs"], given["swap_lists"]
            yield {
                "by": "counterfactual_swap",
                "share": share,
                "seed": given["swap_seed"] or 0,
                "pairs": pairs,
                "lists": lists,
            }
