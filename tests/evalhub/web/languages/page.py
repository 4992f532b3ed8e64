"""A page as a person reads it: what of it is neither translated (⟦ ⟧) nor data (Greek)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

SHOWN = {
    "alt",
    "aria-label",
    "data-anchor",
    "data-label",
    "data-question",
    "data-title",
    "placeholder",
    "title",
}
SILENT = {"code", "kbd", "style", "time"}
SAME_EVERYWHERE = {
    "evalhub", "acme", "English", "Deutsch", "Argilla", "doccano", "Prodigy", "UTC", "Backspace", "Enter", "EUR",
    "email", "pseudonym", "roles", "languages", "groups", "qualifications",  # columns of a file
}  # fmt: skip
_MARKED = re.compile(r"⟦[^⟦⟧]*⟧")
_CODE = re.compile(r"^\d{3} · \w+$")  # of an error, the same in each language
_LATIN = re.compile(r"[A-Za-z]{2,}")


class Page(HTMLParser):
    """The texts of a page that a person sees or hears, and those its scripts say."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent: list[str] = []
        self._pieces: list[str] = []
        self.feed(html)
        self._end_of_text()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag not in SILENT:
            self.texts += [value for name, value in attrs if name in SHOWN and value]
        if tag in SILENT or (tag == "script" and told.get("id") not in ("words", "marks-known")):
            self._silent.append(tag)
        if tag == "select" and told.get("name") == "timezone":
            self._silent.append(tag)
        if tag not in ("b", "span"):
            self._end_of_text()

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()
        elif tag not in ("b", "span"):
            self._end_of_text()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(data)

    def _end_of_text(self) -> None:
        text, self._pieces = "".join(self._pieces).strip(), []
        if text.startswith('{"'):
            self.texts += list(_values(json.loads(text)))
        elif text:
            self.texts.append(text)


def _values(told: Any) -> Iterator[str]:
    """The texts of JSON, without its keys and slugs."""
    if isinstance(told, dict):
        for name, value in told.items():
            yield from _values(value) if name != "slug" else ()
    elif isinstance(told, list):
        for value in told:
            yield from _values(value)
    elif isinstance(told, str):
        yield told


def left_out(html: str) -> list[str]:
    """Visible texts of a page that are neither translated nor data."""
    found = []
    for text in Page(html).texts:
        rest, before = _CODE.sub("", text), ""
        while rest != before:
            rest, before = _MARKED.sub("", rest), rest
        if set(_LATIN.findall(rest)) - SAME_EVERYWHERE:
            found.append(text)
    return found
