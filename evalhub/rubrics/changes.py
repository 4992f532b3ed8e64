"""What differs between two versions of a rubric, word by word. Nothing here reads the database."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from django.utils.translation import gettext as _

from evalhub.rubrics.models import Criterion, ScaleKind
from evalhub.rubrics.queries import scales_of

_WORD = re.compile(r"\s*\S+|\s+$")  # a word with the space before it


class Piece(NamedTuple):
    kind: Literal["same", "removed", "added"]
    text: str


class Change(NamedTuple):
    """One aspect that differs: what it is, and its words before and now."""

    what: str
    pieces: list[Piece]


@dataclass
class CriterionChange:
    """A criterion of either version; `earlier` is None where it was added, `later` where removed."""

    earlier: Criterion | None
    later: Criterion | None
    is_moved: bool = False
    changes: list[Change] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.later or self.earlier)


def word_diff(earlier: str, later: str) -> list[Piece]:
    """
    >>> [(piece.kind, piece.text) for piece in word_diff("Is it true?", "Is it all true?")]
    [('same', 'Is it'), ('added', ' all'), ('same', ' true?')]
    """
    old, new = _WORD.findall(earlier), _WORD.findall(later)
    pieces: list[Piece] = []
    # words on every line are junk from 200 words on, so a hostile text costs no minutes
    for tag, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[a:b])))
            continue
        if b > a:
            pieces.append(Piece("removed", "".join(old[a:b])))
        if d > c:
            pieces.append(Piece("added", "".join(new[c:d])))
    return pieces


def criterion_changes(
    earlier: Sequence[Criterion], later: Sequence[Criterion]
) -> list[CriterionChange]:
    """In the order of the later version, those that were removed at the end."""
    before, now = _told(earlier), _told(later)
    old = {each.slug: each for each in earlier}
    new = {each.slug: each for each in later}
    moved = _moved([each for each in old if each in new], [each for each in new if each in old])
    found = [
        CriterionChange(
            old.get(slug),
            each,
            is_moved=slug in moved,
            changes=changes_of(before.get(slug, {}), now[slug]),
        )
        for slug, each in new.items()
    ]
    gone = [each for slug, each in old.items() if slug not in new]
    return found + [
        CriterionChange(each, None, changes=changes_of(before[each.slug], {})) for each in gone
    ]


def named_changes(
    earlier: Iterable[dict[str, str]], later: Iterable[dict[str, str]]
) -> list[Change]:
    """Of error types or severities."""
    return changes_of(_named(earlier), _named(later))


def changes_of(earlier: dict[str, str], later: dict[str, str]) -> list[Change]:
    """The entries that differ, by their names; an absent one is empty."""
    longer, shorter = sorted((later, earlier), key=len, reverse=True)
    names = [*longer, *(each for each in shorter if each not in longer)]
    texts = [(name, earlier.get(name, ""), later.get(name, "")) for name in names]
    return [Change(name, word_diff(old, new)) for name, old, new in texts if old != new]


def _named(rows: Iterable[dict[str, str]]) -> dict[str, str]:
    told = {}
    for row in rows:
        description = row.get("description", "")
        told[row["slug"]] = row["name"] + (f": {description}" if description else "")
    return told


def _moved(old: list[str], new: list[str]) -> set[str]:
    """Those outside the longest run that stayed in order: [a b c] to [c a b] moved c alone."""
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    stayed = {slug for block in blocks for slug in old[block.a : block.a + block.size]}
    return set(new) - stayed


def _told(criteria: Sequence[Criterion]) -> dict[str, dict[str, str]]:
    """By slug: each aspect in words. What is as nobody would expect it otherwise is left out."""
    return {
        each.criterion.slug: _aspects(each.criterion)
        | (
            {_("asked only where"): f"{each.asked_after}: {each.answers}"}
            if each.asked_after
            else {}
        )
        for each in scales_of(criteria)
    }


def _aspects(each: Criterion) -> dict[str, str]:
    told = {_("name"): each.name, _("question"): each.question}
    told[_("kind")] = each.get_kind_display()
    if each.kind in (ScaleKind.SCALE, ScaleKind.NUMBER):
        told[_("scale")] = _("%(low)s to %(high)s") % {"low": each.low, "high": each.high}
    if each.kind == ScaleKind.NUMBER:
        told[_("0 means none")] = _("yes") if each.true_zero else _("no")
    if each.has_points:
        for point in each.points:
            at = {"point": point}
            told[_("anchor of %(point)s") % at] = str(each.anchors.get(str(point), ""))
            told[_("example of %(point)s") % at] = each.examples.get(str(point), "")
    told[_("weight")] = str(each.weight)
    for what, holds in (
        (_("required"), each.required),
        (_("“cannot tell” allowed"), each.cannot_tell),
        (_("room for a comment"), each.asks_comment),
    ):
        told[what] = _("yes") if holds else _("no")
    return told
