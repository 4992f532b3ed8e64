"""Sentences in another order, within paragraphs that do not seem to hang on theirs."""

from __future__ import annotations

import re

from evalhub.datasets.augmenting.protected import protected_in
from evalhub.datasets.augmenting.words import lot

_MOST = 10_000  # characters of a paragraph
_LEAST = 3  # sentences in a paragraph; the last stays, so two would change nothing
_BETWEEN = re.compile(r"(?<=[.!?…])\s+(?=[^\W\d_a-zß-öø-ÿ]|[“\"„(])")
_TAIL = 12  # characters that hold an abbreviation
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:\w|dr|mr|mrs|ms|prof|st|vs|etc|no|nr|ca|bzw|usw|e\.g|i\.e|z\.\s?b|d\.\s?h)\.$",
    re.IGNORECASE,
)
_LIST = re.compile(r"^\s*(?:[-*+•>|#]|\d+[.)]|\w+\s*:)")  # or a label, as “User:”
# A sentence that begins with one of these goes on from the one before it.
_GOES_ON = re.compile(
    r"[“\"„(]*(?:it|its|they|them|their|this|that|these|those|he|she|his|her|such|so|then|thus|hence|"
    r"therefore|however|but|and|or|also|first|second|third|next|finally|after|afterwards|meanwhile|"
    r"otherwise|instead|es|er|sie|dies\w*|jene\w*|das|danach|dann|daher|deshalb|darum|doch|aber|und|oder|"
    r"auch|zuerst|zuletzt|schließlich|außerdem|jedoch|stattdessen|sonst)\b",
    re.IGNORECASE,
)


def sentences_of(paragraph: str) -> list[str]:
    """Its sentences; an abbreviation ends none.

    >>> sentences_of("Dr. Lee came. She sat. Why?")
    ['Dr. Lee came.', 'She sat.', 'Why?']
    """
    found: list[str] = []
    for part in _BETWEEN.split(paragraph):
        if found and _ABBREVIATION.search(found[-1][-_TAIL:]):
            found[-1] += f" {part}"
        else:
            found.append(part)
    return found


def shuffled(text: str, *, by: str) -> str:
    """The text with the sentences of each fit paragraph in an order drawn from `by`.

    Questions and the last sentence keep their place. A paragraph is left as it is when it is short,
    a list, or has a label or code, or where a sentence goes on from the one before it.
    """
    if re.search("[`~<⟨⟦]", protected_in(text)):
        return text
    paragraphs = text.split("\n\n")
    return "\n\n".join(_shuffled(each, f"{by}:{nth}") for nth, each in enumerate(paragraphs))


def _shuffled(paragraph: str, by: str) -> str:
    if len(paragraph) > _MOST or "\n" in paragraph.strip() or _LIST.match(paragraph):
        return paragraph
    body = paragraph.strip()
    sentences = sentences_of(body)
    if len(sentences) < _LEAST or any(_GOES_ON.match(each) for each in sentences[1:]):
        return paragraph
    places = [at for at, each in enumerate(sentences[:-1]) if not each.endswith("?")]
    order = sorted(places, key=lambda at: (lot(by, at), at))
    if order == places:  # the lot drew what is there
        order = [*order[1:], *order[:1]]
    moved = dict(zip(places, (sentences[at] for at in order), strict=True))
    told = " ".join(moved.get(at, each) for at, each in enumerate(sentences))
    return paragraph.replace(body, told, 1)
