"""Reading a file piece by piece: memory holds one row, never the file."""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Never, TypeVar

import msgspec

from evalhub.formats.rows import Rejected, excerpt_of

LONGEST_ROW = 8 * 2**20  # bytes of a line, characters of an item
CHUNK = 2**16

T = TypeVar("T", bound=msgspec.Struct)

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_PATH = re.compile(r" - at `\$\.?(.*?)`$")


@dataclass(frozen=True)
class Piece:
    """One value of the file, where it stands, and its text."""

    line: int
    value: Any
    text: str
    file: str = ""  # its name, where several came in one archive


class Unfit(Exception):
    """A field of a row that cannot be taken, and the remedy."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class Seen:
    """Tells the second time from the first, at some 80 bytes per row."""

    def __init__(self) -> None:
        self._digests: set[int] = set()
        self._again: dict[int, int] = {}

    def times(self, text: str) -> int:
        """How often this text was asked about before."""
        digest = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        if digest not in self._digests:
            self._digests.add(digest)
            return 0
        self._again[digest] = self._again.get(digest, 0) + 1
        return self._again[digest]


def short_digest(value: Any) -> str:
    """An id for a row that brings none: 24 hex digits over its canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def lines(stream: BinaryIO) -> Iterator[Piece | Rejected]:
    """Each line of a JSONL file as a value; blank lines are passed over, a BOM is dropped."""
    number = 0
    while raw := stream.readline(LONGEST_ROW + 1):
        number += 1
        if len(raw) > LONGEST_ROW:
            yield _too_long(number, raw)
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(LONGEST_ROW)
            continue
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if raw.strip():
            yield _line(number, raw)


def _line(number: int, raw: bytes) -> Piece | Rejected:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return Rejected(
            number,
            "",
            f"Byte {error.start + 1} of the line is not UTF-8. Save the file as UTF-8.",
            excerpt_of(raw.decode("utf-8", "replace")),
        )
    try:
        return checked(Piece(number, _DECODER.decode(text.strip()), text))
    except (ValueError, RecursionError) as error:
        return Rejected(number, "", _not_json(error), excerpt_of(text))


def items(stream: BinaryIO) -> Iterator[Piece | Rejected]:
    """Each item of a file that is one JSON array. Past an item that is not JSON nothing is read."""
    text = _Text(stream)
    if text.take_mark("[") is None:
        yield Rejected(1, "", "The file is not a JSON array: it does not start with [.")
        return
    if text.peek() == "]":
        return
    number = 0
    while True:
        number += 1
        piece = text.take_value(number)
        yield piece if isinstance(piece, Rejected) else checked(piece)
        if isinstance(piece, Rejected):
            return
        mark = text.take_mark(",]")
        if mark == "]":
            return
        if mark is None:
            reason = "Neither , nor ] follows; is the file cut off? The rest was not read."
            yield Rejected(number + 1, "", reason)
            return


class _Text:
    """The file's text ahead of us. Bytes that are not UTF-8 become lone surrogates, found later."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._ahead = ""
        self._ended = False

    def peek(self) -> str:
        while not (stripped := self._ahead.lstrip()) and self._more(CHUNK):
            pass
        self._ahead = stripped or self._ahead.lstrip()
        return self._ahead[:1]

    def take_mark(self, marks: str) -> str | None:
        mark = self.peek()
        if not mark or mark not in marks:
            return None
        self._ahead = self._ahead[1:]
        return mark

    def take_value(self, number: int) -> Piece | Rejected:
        self.peek()
        size = CHUNK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._ahead)
                if end < len(self._ahead) or self._ended:  # else a number may go on
                    piece = Piece(number, value, self._ahead[:end])
                    self._ahead = self._ahead[end:]
                    return piece
            except (ValueError, RecursionError) as error:
                if len(self._ahead) > LONGEST_ROW:
                    return _too_long(number, self._ahead.encode("utf-8", "replace"))
                if isinstance(error, RecursionError) or self._ended:
                    reason = _not_json(error) + " The rest of the file was not read."
                    return Rejected(number, "", reason, excerpt_of(self._ahead))
            self._more(size)
            size *= 2  # a long item is tried again log times, not once a chunk

    def _more(self, size: int) -> bool:
        raw = self._stream.read(size)
        self._ahead += self._decoder.decode(raw, final=not raw)
        self._ended = self._ended or not raw
        return bool(raw)


def checked(piece: Piece) -> Piece | Rejected:
    """Refuse what PostgreSQL cannot store, wherever in the row it stands."""
    risky = "\\u0000" in piece.text or "\\ud" in piece.text.lower()
    plain = (
        piece.text.isascii() and "\0" not in piece.text
    )  # seen ten times as fast as by the pattern
    if not risky and (plain or not _UNSTORABLE.search(piece.text)):
        return piece
    try:
        strings = list(_strings(piece.value, ""))
    except RecursionError as error:
        return rejected(piece, "", _not_json(error))
    for path, text in strings:
        if found := _UNSTORABLE.search(text):
            reason = (
                "A NUL character (\\u0000) stands in the text. Remove it."
                if found[0] == "\x00"
                else "The text is not valid Unicode (bad UTF-8 or half a surrogate pair). "
                "Save the file as UTF-8."
            )
            return rejected(piece, path, reason)
    return piece


def _strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield f"{path}.{key.encode('utf-8', 'replace').decode()}".lstrip("."), key
            yield from _strings(each, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _strings(each, f"{path}[{place}]")


def typed(piece: Piece, kind: type[T], **extra: Any) -> T | Rejected:
    """The piece as a row of `kind`, or which field has the wrong type."""
    if not isinstance(piece.value, dict):
        return rejected(piece, "", "A row must be a JSON object { … }.")
    try:
        return msgspec.convert({**piece.value, **extra}, kind)
    except msgspec.ValidationError as error:
        return rejected(piece, *fault_of(error))


def fault_of(error: msgspec.ValidationError) -> tuple[str, str]:
    """The field that has the wrong type or length, and why."""
    message = str(error)
    path = _PATH.search(message)
    reason = _PATH.sub("", message).replace("`", "")
    return path[1] if path else "", f"{reason}. See docs/formats.md for the fields."


def rejected(piece: Piece, field: str, reason: str) -> Rejected:
    place = f"{piece.file}: {field}" if piece.file else field
    return Rejected(piece.line, excerpt_of(place)[:100], reason, excerpt_of(piece.text))


def _too_long(number: int, raw: bytes) -> Rejected:
    reason = f"The row is longer than {LONGEST_ROW // 2**20} MiB. Split it or leave it out."
    return Rejected(number, "", reason, excerpt_of(raw[:1000].decode("utf-8", "replace")))


def _not_json(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "The JSON is nested too deeply."
    return f"Not JSON: {error}."


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not a JSON value")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
