"""Tokens that say where they stand: `data-at`, and `data-to` where the text is not literally there.

A place is written only where the raw text says the same, letter by letter. What cannot be placed
stands, with all of its block, for the lines of that block.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markdown_it.token import Token

from evalhub.common.markup.places import (
    Place,
    Source,
    cells_of,
    place_of_cell,
    place_of_heading,
    place_of_lines,
)

_CARRIERS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "td", "th"}


class _Mark(NamedTuple):
    at: int
    to: int | None  # None when the text stands there literally

    @property
    def attributes(self) -> dict[str, str | int | float]:
        return {"data-at": self.at} if self.to is None else {"data-at": self.at, "data-to": self.to}

    def __str__(self) -> str:
        return "".join(f' {name}="{value}"' for name, value in self.attributes.items())


def _mark_of(source: Source, text: str, start: int, end: int) -> _Mark:
    at, to = source.raw_at(start), source.raw_at(end)
    literal = to - at == len(text) and source.raw.startswith(text, at)
    return _Mark(at, None if literal else to)


def mark_attributes(source: Source, text: str, start: int, end: int) -> str:
    """Write where `text` stands, given where it stands in `source.text`."""
    return str(_mark_of(source, text, start, end))


def mark(tokens: Sequence[Token], source: Source) -> list[Token]:
    """Give each visible text among the tokens of a recording parser the place it stands at."""
    marked: list[Token] = []
    cells: list[list[tuple[int, int]]] | None = None
    column = 0
    for token in tokens:
        if token.type == "tr_open":
            cells, column = None, 0
        elif token.type == "inline" and token.content:
            if "row" in token.meta and token.map:
                if cells is None:  # once for each row: it may have thousands of cells
                    cells = cells_of(source.text, token.meta["row"], source.lines[token.map[0]][1])
                pieces = cells[column] if column < len(cells) else []
                place = place_of_cell(source, token.content, pieces)
            else:
                place = _place_of(source, token, marked[-1])
            _mark_inline(token, place, source, marked[-1])
        elif token.type in ("fence", "code_block"):
            _mark_code(token, source)
        elif token.type == "math_block":
            marked += _wrapped(token, _mark_of_formula(token, source), tag="div")
            continue
        column += token.type in ("th_close", "td_close")
        marked.append(token)
    return marked


def _place_of(source: Source, token: Token, block: Token) -> Place | None:
    if token.map is None:
        return None
    first, after = token.map
    if block.markup.startswith("#"):
        return place_of_heading(source, token.content, first)
    return place_of_lines(source, token.content, (first, after), trimmed=True)


def _mark_of_lines(token: Token, source: Source) -> _Mark:
    """The whole lines of a block: what stands in for a place that is not known."""
    first, after = token.map or (0, len(source.lines))
    start, end = source.lines[first][0], source.lines[max(first, after - 1)][1]
    return _Mark(source.raw_at(start), source.raw_at(end))


def _mark_of_formula(token: Token, source: Source) -> _Mark:
    """From the bracket that opens it to the end of its last line."""
    first, after = token.map or (0, len(source.lines))
    start, end = source.lines[first]
    start = max(start, source.text.find(token.markup, start, end))
    last = source.text[source.lines[after - 1][0] : source.lines[after - 1][1]]
    end = source.lines[after - 1][0] + len(last.rstrip())
    return _Mark(source.raw_at(start), source.raw_at(end))


def _wrapped(token: Token, mark: _Mark, *, tag: str = "span") -> list[Token]:
    opening = Token(f"{tag}_open", tag, 1, attrs=mark.attributes)
    return [opening, token, Token(f"{tag}_close", tag, -1)]


def _mark_code(token: Token, source: Source) -> None:
    """Mark the whole block where it stands in one piece, else each line of it."""
    content, (first, after) = token.content, token.map or (0, 0)
    if not content:
        return
    lines = content.removesuffix("\n")
    first += token.type == "fence"
    after = min(first + lines.count("\n") + 1, after)
    place = place_of_lines(source, lines, (first, after), trimmed=False) if first < after else None
    if place is None:
        token.meta["whole"] = str(_mark_of_lines(token, source))
        return
    start = place.ats[0]
    mark = _mark_of(source, content, start, start + len(content))
    if len(place.ats) == 1 and mark.to is None:
        token.meta["whole"] = str(mark)
        return
    pieces, done = [], 0
    for line in content.split("\n"):
        segments = place.segments(line, done)
        pieces.append([(mark_attributes(source, *segment), segment.text) for segment in segments])
        done += len(line) + 1
    token.meta["lines"] = pieces


def _mark_inline(token: Token, place: Place | None, source: Source, block: Token) -> None:
    children = token.children or []
    if place is None or any("at" not in child.meta for child in children):
        opening, closing = _wrapped(token, _mark_of_lines(token, source))[::2]
        token.children = [opening, *children, closing]
        return
    runs = _Runs(source, place, token.content)
    for child in children:
        runs.take(child)
    runs.end()
    only = runs.out[0]
    if len(runs.out) == 1 and only.type == "marked" and block.tag in _CARRIERS and not block.hidden:
        block.attrs |= only.attrs  # one element fewer, as plain prose has it
        only.type = "text"
    token.children = runs.out


class _Runs:
    """Children of a block put together again: as few as possible, each in one piece."""

    def __init__(self, source: Source, place: Place, content: str) -> None:
        self.source, self.place, self.content = source, place, content
        self.out: list[Token] = []
        self._parts: list[str] = []
        self._at = self._end = 0

    def take(self, child: Token) -> None:
        at = child.meta["at"]
        match child.type:
            case "text" if child.content and "to" in child.meta:  # a bare address
                self._whole(child.content, at, child.meta["to"])
            case "text" if child.content:
                self._text(child.content, at)
            case "text_special" if child.info == "entity":
                self._whole(child.content, at, at + len(child.markup))
            case "text_special":
                self._text(child.content, at + (child.content != child.markup))
            case "softbreak":
                self._line_feed(child, at)
            case "code_inline":
                self._code(child, at)
            case "image":
                self._put(*_wrapped(child, self._between(at, child.meta["to"])))
            case "math_inline":
                to = at + len(child.content) + 2 * len(child.markup)
                self._put(*_wrapped(child, self._between(at, to)))
            case "text":
                pass  # what is left of two stars that became one tag
            case _:
                self._put(child)

    def end(self) -> None:
        if self._parts:
            self.out.append(_marked("".join(self._parts), _Mark(self._at, None)))
            self._parts = []

    def _put(self, *tokens: Token) -> None:
        self.end()
        self.out += tokens

    def _text(self, text: str, start: int) -> None:
        for segment in self.place.segments(text, start):
            mark = _mark_of(self.source, *segment)
            if mark.to is not None:
                self._put(_marked(segment.text, mark))
                continue
            if not self._parts or mark.at != self._end:
                self.end()
                self._at = mark.at
            self._parts.append(segment.text)
            self._end = mark.at + len(segment.text)

    def _whole(self, shown: str, start: int, end: int) -> None:
        """A text that may differ from what stands for it: only both together have a place."""
        if self.content[start:end] == shown:
            self._text(shown, start)
        else:
            self._put(_marked(shown, self._between(start, end)))

    def _line_feed(self, child: Token, start: int) -> None:
        """Part of a run where the raw text has exactly that, else white space between two."""
        segment = self.place.segments("\n", start)[0]
        mark = _mark_of(self.source, *segment)
        if self._parts and mark == (self._end, None):
            self._parts.append("\n")
            self._end += 1
        else:
            self._put(child)

    def _code(self, child: Token, start: int) -> None:
        """`code`, which shows a line feed as a space and hides one space at each end."""
        start += len(child.markup)
        end = start + len(child.content)
        if self.content[start:end].replace("\n", " ") != child.content:
            start, end = start + 1, end + 1
        self._put(Token("code_open", "code", 1))
        for nth, line in enumerate(self.content[start:end].split("\n")):
            if nth:
                self._put(_marked(" ", self._between(start - 1, start)))
            self._text(line, start)
            start += len(line) + 1
        self._put(Token("code_close", "code", -1))

    def _between(self, start: int, end: int) -> _Mark:
        segments = self.place.segments(self.content[start:end], start)
        return _Mark(self.source.raw_at(segments[0].at), self.source.raw_at(segments[-1].to))


def _marked(text: str, mark: _Mark) -> Token:
    return Token("marked", "span", 0, content=text, attrs=mark.attributes, markup=str(mark))
