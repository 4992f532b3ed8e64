"""What stands in a PDF that Chromium printed: its pages, its text, whether lines are drawn.

Enough for Skia's PDFs: streams are deflated, text is glyph numbers in hexadecimal, and each font has a
table from those to letters (ToUnicode).
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

_OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_PIECE = re.compile(rb"/(\w+) [\d.]+ Tf|<([0-9A-Fa-f]+)>|(\bBT\b)")
_CURVE = re.compile(rb"(?:-?[\d.]+ ){6}c\b")  # circles are made of these


@dataclass(frozen=True)
class Printed:
    pages: int
    text: str  # without spaces, which are often no letters
    curves: int


def printed(pdf: bytes) -> Printed:
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    fonts = _fonts(objects)
    text, curves, pages = "", 0, 0
    for body in objects.values():
        if re.search(rb"/Type\s*/Page\b", body):
            pages += 1
        stream = _plain(body)
        if b"BT" in stream:
            text += _text(stream, fonts)
        curves += len(_CURVE.findall(stream))
    return Printed(pages, re.sub(r"\s+", "", text), curves)


def _fonts(objects: dict[int, bytes]) -> dict[bytes, dict[int, str]]:
    """Letters by the name that a font has in a page's resources."""
    found: dict[bytes, dict[int, str]] = {}
    for body in objects.values():
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", body):
            table = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(number)])
            if table:
                found[name] = _letters(_plain(objects[int(table.group(1))]))
    return found


def _letters(table: bytes) -> dict[int, str]:
    letters: dict[int, str] = {}
    for part in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for glyph, code in re.findall(rb"<([0-9A-F]+)> <([0-9A-F]+)>", part):
            letters[int(glyph, 16)] = bytes.fromhex(code.decode()).decode("utf-16-be")
    for part in re.findall(rb"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, code in re.findall(rb"<([0-9A-F]+)> <([0-9A-F]+)> <([0-9A-F]+)>", part):
            for nth in range(int(last, 16) - int(first, 16) + 1):
                letters[int(first, 16) + nth] = chr(int(code, 16) + nth)
    return letters


def _text(stream: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    letters: dict[int, str] = {}
    text = ""
    for font, glyphs, _begin in _PIECE.findall(stream):
        if font:
            letters = fonts.get(font, {})
        elif glyphs:
            numbers = [int(glyphs[at : at + 4], 16) for at in range(0, len(glyphs), 4)]
            text += "".join(letters.get(each, "") for each in numbers)
    return text


def _plain(body: bytes) -> bytes:
    stream = _STREAM.search(body)
    if stream is None:
        return b""
    return zlib.decompress(stream.group(1)) if b"FlateDecode" in body else stream.group(1)
