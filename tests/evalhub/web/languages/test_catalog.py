"""The catalog holds every sentence an annotator can meet, and its built file says the same."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest

from tests.evalhub.web.languages.reading import (
    CATALOG,
    ROOT,
    SOURCES,
    TEMPLATES,
    bare_sentences_of,
    catalog,
    names_in,
    sentences_in,
    sentences_of,
)

OF_COMMANDS = {
    "”, nor any other: manage.py add_workspace makes one.",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*TEMPLATES, *SOURCES], ids=name_of)
def test_every_sentence_has_its_german(path: Path) -> None:
    known = catalog()
    sentences = sentences_in(path) if path.suffix == ".html" else sentences_of(path)
    for text, plural in sentences:
        assert text in known, f"`make messages` brings this in: {text}"
        message = known[text]
        assert message.plural == plural
        assert len(message.texts) == (2 if plural else 1)
        assert all(message.texts), f"without German: {text}"
        assert not message.is_fuzzy, f"guessed by msgmerge: {text}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_sentence_goes_past_gettext(path: Path) -> None:
    assert [text for text in bare_sentences_of(path) if text not in OF_COMMANDS] == []


def test_placeholders_and_tags_are_the_same_on_both_sides() -> None:
    for message in list(catalog().values())[1:]:
        for text, english in zip(message.texts, [message.id, message.plural], strict=False):
            if text:
                assert names_in(text) == names_in(english), message.id


def test_the_german_keeps_the_voice() -> None:
    """No exclamation marks, and German quotation marks where the English has its own."""
    for message in list(catalog().values())[1:]:
        for text in message.texts:
            assert "!" not in text
            assert text.count("„") == text.count("“"), text


def test_the_built_catalog_says_what_its_source_says() -> None:
    with CATALOG.with_suffix(".mo").open("rb") as built:
        translations = gettext.GNUTranslations(built)
    expected: dict[object, str] = {}
    for message in catalog().values():
        if message.plural:
            expected |= {(message.id, nth): text for nth, text in enumerate(message.texts)}
        elif message.texts[0]:
            expected[message.id] = message.texts[0]
    said: dict[object, str] = translations._catalog  # type: ignore[attr-defined]  # nothing public lists it
    assert said == expected, "make messages builds it anew"
