"""Where the content of a block stands in the text it was read from.

markdown-it strips what a line owes to the list or quote around it, white space, and the backslash
of a table's pipe. The rest is unchanged, so each line of a content is the end of a line of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from markdown_it.common.utils import MD_TRIM_CHARS

_LINE_END = re.compile(r"\r\n?")


class Source:
    """A raw text, and `text`: what markdown-it reads of it, with plain line feeds and no NUL."""

    def __init__(self, raw: str) -> None:
        self.raw = raw
        self.text = raw if "\r" not in raw else _LINE_END.sub("\n", raw)
        if "\x00" in raw:
            self.text = self.text.replace("\x00", "\ufffd")

    def raw_at(self, offset: int) -> int:
        """Turn an offset into `text` into one into `raw`."""
        return offset + bisect_left(self._folded, offset) if self._folded else offset

    @cached_property
    def _folded(self) -> list[int]:
        """Where in `text` a line feed stands for two characters."""
        if len(self.text) == len(self.raw):
            return []
        pairs = enumerate(re.finditer("\r\n", self.raw))
        return [pair.start() - before for before, pair in pairs]

    @cached_property
    def lines(self) -> list[tuple[int, int]]:
        """Start and end of each line of `text`, without its line feed."""
        lines, start = [], 0
        for line in self.text.split("\n"):
            lines.append((start, start + len(line)))
            start += len(line) + 1
        return lines


class Segment(NamedTuple):
    text: str
    at: int  # in the text read, to `to`; as long as its own text, or a tab read as spaces
    to: int


@dataclass(frozen=True)
class Place:
    """Stretches of a content, each of them in one piece in the text."""

    starts: list[int]  # in the content; the first is 0
    ats: list[int]  # in the text, ascending

    def segments(self, text: str, start: int) -> list[Segment]:
        """Cut `text`, which stands at `start` of the content, where the stretches end."""
        found, nth, done = [], bisect_right(self.starts, start) - 1, 0
        while done < len(text):
            inside = start + done - self.starts[nth]
            at = self.ats[nth] + inside
            following = self.ats[nth + 1] if nth + 1 < len(self.ats) else None
            left = len(text) - done
            if following is not None:
                left = min(left, self.starts[nth + 1] - start - done)
            if left > 0:
                to = at + left if following is None else min(at + left, following)
                found.append(Segment(text[done : done + left], at, to))
            done += left
            nth += 1
        return found


def place_of_lines(
    source: Source, content: str, lines: tuple[int, int], *, trimmed: bool
) -> Place | None:
    """Find the lines of `content` at the ends of those of the text; None if they are not there.

    Args:
        lines: the first and the one after the last, as in `token.map`.
        trimmed: white space was taken off both ends of the content.
    """
    text, first = source.text, source.lines[lines[0]][0]
    end = source.lines[lines[1] - 1][1]
    if trimmed:
        while end > first and text[end - 1] in MD_TRIM_CHARS:
            end -= 1
    if content.count("\n") != lines[1] - lines[0] - 1:
        return None
    if end - len(content) >= first and text.startswith(content, end - len(content)):
        return Place([0], [end - len(content)])  # as it nearly always is
    starts: list[int] = []
    ats: list[int] = []
    done = 0
    for nth, line in zip(range(*lines), content.split("\n"), strict=True):
        start, stop = source.lines[nth]
        stop = min(stop, end)
        spaces = _spaces_for_a_tab(text, line, start, stop)
        if spaces is None:
            return None
        at = stop - len(line) + spaces
        if spaces:
            starts.append(done)
            ats.append(at - 1)
        starts.append(done + spaces)
        ats.append(at)
        done += len(line) + 1
    return Place(starts, ats)


def _spaces_for_a_tab(text: str, line: str, start: int, stop: int) -> int | None:
    """How many of the line's first spaces are the rest of a tab that a list or quote cut in two.

    The fewest that fit are right: before one fewer would have to stand a space, not the tab.
    """
    for spaces in range(min(4, len(line) + 1)):
        if line[:spaces].strip(" "):
            break
        at = stop - len(line) + spaces
        tab = not spaces or (at > start and text[at - 1] == "\t")
        if tab and at >= start and text.startswith(line[spaces:], at):
            return spaces
    return None


def place_of_heading(source: Source, content: str, line: int) -> Place | None:
    """Find the content of `## Title ##`: what is left of its line without the closing hashes."""
    start, end = source.lines[line]
    rest = source.text[start:end].rstrip(" \t")
    opened = rest.rstrip("#")
    if opened.endswith((" ", "\t")):
        rest = opened
    at = start + len(rest.rstrip(MD_TRIM_CHARS)) - len(content)
    return Place([0], [at]) if source.text.startswith(content, at) else None


def place_of_cell(source: Source, content: str, pieces: Sequence[tuple[int, int]]) -> Place | None:
    """Find a table's cell in its `pieces`, from `cells_of`."""
    joined = "".join(source.text[start:end] for start, end in pieces)
    skipped = len(joined) - len(joined.lstrip(MD_TRIM_CHARS))
    if joined.strip(MD_TRIM_CHARS) != content:
        return None
    starts: list[int] = []
    ats: list[int] = []
    done = 0
    for start, end in pieces:
        skip = min(skipped, end - start)
        skipped -= skip
        if end - start > skip:
            starts.append(done)
            ats.append(start + skip)
            done += end - start - skip
    return Place(starts, ats)


def cells_of(text: str, start: int, end: int) -> list[list[tuple[int, int]]]:
    """Split a table's row as markdown-it does.

    Returns:
        The pieces of each cell, cut where the backslash of `\\|` was dropped.
    """
    while start < end and text[start] in MD_TRIM_CHARS:
        start += 1
    while end > start and text[end - 1] in MD_TRIM_CHARS:
        end -= 1
    cells: list[list[tuple[int, int]]] = [[]]
    done, pipe = start, text.find("|", start, end)
    while pipe >= 0:
        if pipe > start and text[pipe - 1] == "\\":
            cells[-1].append((done, pipe - 1))
            done = pipe
        else:
            cells[-1].append((done, pipe))
            cells.append([])
            done = pipe + 1
        pipe = text.find("|", pipe + 1, end)
    cells[-1].append((done, end))
    empty = [(start, start)]
    if cells[0] == empty:
        cells.pop(0)
    if cells and cells[-1] == [(end, end)]:
        cells.pop()
    return cells
