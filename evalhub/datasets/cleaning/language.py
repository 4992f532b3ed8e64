"""Which language a text is in, by lingua: workers only."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from evalhub.datasets.cleaning.code import beginning_without_code

if TYPE_CHECKING:
    from lingua import LanguageDetector

_ENOUGH = 30  # letters, else it is a guess
_AT_FIRST, _AT_MOST = 80, 300  # characters: more make it slower and hardly surer


def can_detect() -> bool:
    return find_spec("lingua") is not None


def language_of(text: str, *, expected: Collection[str] = ()) -> str | None:
    """The ISO 639-1 code, or None where there are too few letters to tell.

    Where the first words are in none of the languages `expected`, more of them are looked at.
    """
    prose = beginning_without_code(text, _AT_MOST)
    if sum(map(str.isalpha, prose)) < _ENOUGH:
        return None
    at_first = _detected(prose[:_AT_FIRST])
    return at_first if at_first in expected else _detected(prose)


def _detected(prose: str) -> str | None:
    found = _detector().detect_language_of(prose)
    return found.iso_code_639_1.name.lower() if found else None


@lru_cache(maxsize=1)
def _detector() -> LanguageDetector:
    from lingua import LanguageDetectorBuilder

    return LanguageDetectorBuilder.from_all_languages().with_low_accuracy_mode().build()
