"""What no template may hold, because the CSP refuses it or a person is hurt by it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
FORBIDDEN = {
    "an inline style": re.compile(r"\sstyle\s*="),
    "a style element": re.compile(r"<style"),
    "an inline handler": re.compile(r"\son[a-z]+\s*=\s*[\"']"),
    "an inline script": re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*application/json)"),
    "|safe": re.compile(r"\|\s*safe\b"),
    "autoescape off": re.compile(r"autoescape\s+off"),
    "an address elsewhere": re.compile(r"(src|href)=\"(https?:)?//"),
}


@pytest.mark.parametrize(
    "path", TEMPLATES, ids=lambda path: str(path.relative_to(settings.BASE_DIR))
)
def test_a_template_holds_nothing_inline_nor_unescaped(path: Path) -> None:
    text = path.read_text()
    assert [name for name, pattern in FORBIDDEN.items() if pattern.search(text)] == []
    engines["django"].from_string(text)


def test_hostile_text_is_rendered_only_where_htmx_is_switched_off() -> None:
    for path in TEMPLATES:
        text = path.read_text()
        if "|rendered" in text and path.parent.name != "web":
            assert "hx-disable" in text, path


LENGTH = re.compile(r"\b(x|y|x1|x2|y1|y2|cx|cy|dx|points|width|height)=\"{{")


def test_what_is_drawn_with_our_numbers_has_points_in_every_language() -> None:
    """In German a length of 1.5 would be written 1,5, and no browser draws it."""
    for path in TEMPLATES:
        localized = re.split(r"{%\s*(?:end)?localize[^%]*%}", path.read_text())[
            ::2
        ]  # it is off in the rest
        assert not any(LENGTH.search(text) for text in localized), path
