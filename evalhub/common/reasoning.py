"""The steps of a reasoning, so that each can be judged by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_STEPS = 100  # the rest is joined to the last

_START = r"[ \t]{0,3}"
_STEP = re.compile(
    rf"{_START}(?:#{{1,6}}[ \t]{{1,3}})?[*_]{{0,3}}(?:step|schritt)[ \t]{{1,3}}\d{{1,3}}"
    r"[*_]{0,3}[ \t]{0,3}(?:[.:)(\-–—]|\r?$)",
    re.IGNORECASE,
)
_NUMBER = re.compile(rf"{_START}[*_]{{0,3}}\d{{1,3}}[.)][*_]{{0,3}}(?:[ \t]|\r?$)")
_FENCE = re.compile(r"[ \t>]{0,12}(?:(?:[-*+]|\d{1,3}[.)])[ \t]{1,4})?(`{3,}|~{3,})(.*)")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]*_`]{0,3}(?=\s|$)|[。！？][」』”]?")
_NEXT = re.compile(r"\s*(\S?)")
_LAST_WORD = re.compile(r"(?:^|[\s(])([^\s(]{1,8})$")
_SHORT = {
    "e.g",
    "i.e",
    "cf",
    "vs",
    "dr",
    "mr",
    "mrs",
    "ms",
    "prof",
    "st",
    "fig",
    "eq",
    "no",
    "approx",
}
_SHORT |= {"z.b", "d.h", "u.a", "bzw", "ca", "nr", "vgl", "usw", "evtl", "abb", "gl"}


@dataclass(frozen=True)
class Passage:
    """A piece of a raw text, from `start` to before `end`, in Unicode code points."""

    start: int
    end: int


@dataclass(frozen=True)
class _Line:
    start: int
    text: str
    fenced: bool  # part of a code block, its fences included


def steps_of(text: str) -> list[Passage]:
    """Split a reasoning where its writer did: at its marks, else its paragraphs, else its sentences.

    Marks are "Step 1:" or "Schritt 1:" at the start of a line, else "1." or "1)"; one alone is
    none. What stands before the first is a step of its own. Fenced code is never split. From the
    100th on all is one step.

    Returns:
        Passages in order, without white space at their ends, that cover all else. None overlap.

    >>> [(step.start, step.end) for step in steps_of("So:\\n1. Add.\\n2. Divide.")]
    [(0, 3), (4, 11), (12, 22)]
    """
    lines = list(_lines(text))
    free = [line for line in lines if not line.fenced]
    for marker in (_STEP, _NUMBER):
        marked = [line.start for line in free if marker.match(line.text)]
        if len(marked) > 1:
            return _between(text, marked)
    paragraphs = _between(text, [line.start for line in free if not line.text.strip()])
    if len(paragraphs) > 1:
        return paragraphs
    return _between(text, [cut for line in free for cut in _sentence_ends(text, line)])


def _lines(text: str) -> Iterator[_Line]:
    start, fence = 0, ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        marks, after = found.groups() if found else ("", "")
        if fence:
            yield _Line(start, line, fenced=True)
            if marks.startswith(fence) and not after.strip():
                fence = ""
        elif marks and not (marks[0] == "`" and "`" in after):  # that is code within a line
            yield _Line(start, line, fenced=True)
            fence = marks
        else:
            yield _Line(start, line, fenced=False)
        start += len(line) + 1


def _sentence_ends(text: str, line: _Line) -> Iterator[int]:
    for end in _SENTENCE_END.finditer(line.text):
        cut = line.start + end.end()
        following = _NEXT.match(text, cut)
        if following and following[1].islower():
            continue  # so it was an abbreviation, or dots in thought
        if end[0][0] == ".":
            word = _LAST_WORD.search(line.text, max(0, end.start() - 10), end.start())
            if word and (word[1].lower() in _SHORT or (len(word[1]) == 1 and word[1].isalpha())):
                continue
        yield cut


def _between(text: str, cuts: Sequence[int]) -> list[Passage]:
    passages = []
    for start, end in pairwise([0, *cuts, len(text)]):
        piece = text[start:end]
        if piece.strip():
            start += len(piece) - len(piece.lstrip())
            passages.append(Passage(start, start + len(piece.strip())))
    if len(passages) > MOST_STEPS:
        last = Passage(passages[MOST_STEPS - 1].start, passages[-1].end)
        return [*passages[: MOST_STEPS - 1], last]
    return passages
