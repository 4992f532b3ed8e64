"""No visible text stands in a template outside of a translate tag."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, TokenType

from tests.evalhub.web.languages.reading import ROOT, TEMPLATES

SHOWN = {"alt", "aria-label", "data-label", "placeholder", "title"}
SILENT = {"code", "kbd", "script", "style"}  # addresses and names of keys are no language
SAME_EVERYWHERE = {
    "evalhub",
    "sha",
    "PROLIFIC",
    "STUDY",
    "SESSION",
    "PID",
    "ID",
}  # names in addresses
LETTERS = re.compile(r"[^\W\d_]+")
DEFAULT = re.compile(r"""default(?:_if_none)?:["']([^"']*)""")


class Words(HTMLParser):
    """The words that a person would see or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in SILENT
        for name, value in attrs:
            if name in SHOWN:
                self.found += LETTERS.findall(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found += LETTERS.findall(data)


def bare(text: str) -> Iterator[str]:
    """The template's own text: without tags, variables, comments and what is translated."""
    until = ""
    for token in Lexer(text).tokenize():
        name = token.contents.split()[0] if token.token_type == TokenType.BLOCK else ""
        if until:
            until = "" if name == until else until
        elif name in ("comment", "blocktranslate"):
            until = f"end{name}"
        elif name == "block" and token.contents.split()[1] in ("body_class", "main_class"):
            until = "endblock"
        elif token.token_type == TokenType.TEXT:
            yield token.contents
        elif token.token_type == TokenType.VAR:
            yield from DEFAULT.findall(token.contents)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_visible_goes_untranslated(path: Path) -> None:
    words = Words()
    words.feed("".join(bare(path.read_text())))
    assert [word for word in words.found if word not in SAME_EVERYWHERE] == []


def test_the_check_finds_what_it_looks_for() -> None:
    words = Words()
    text = '<p title="Bare">{% translate "Good" %} {{ x|default:"Left" }}<kbd>Esc</kbd> out</p>'
    words.feed("".join(bare(text)))
    assert words.found == ["Bare", "Left", "out"]
