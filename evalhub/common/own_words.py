"""Words and patterns of one's own that shall not stand in a text: names, numbers of customers.

A pattern is as people write it on paper: # is a digit, @ a letter, * the rest of a word. It becomes a
regular expression whose every part is bounded, so that neither a slip nor a hostile text costs more
than time in proportion to its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from django.utils.translation import gettext as _

from evalhub.common.errors import DomainError

MOST_WORDS, MOST_LETTERS = 200, 100
LEAST_LETTERS = 2  # of what is looked for; one alone would blacken a whole text

# each finds itself, too: an address or a number that somebody wrote out is found as it stands
_PARTS = {"#": r"[\d#]", "@": r"(?:[^\W\d_]|@)", "*": r"[*\w-]{0,64}"}


class UnfitWord(DomainError):
    code, http_status = "unfit_word", 422


def own_words(lines: Iterable[str]) -> list[str]:
    """The lines that say something, each once, in order.

    Raises:
        UnfitWord: too many or too long ones, one that says nearly nothing, or more than one *.

    >>> own_words(["  Erika  Mustermann", "", "KD-####"])
    ['Erika Mustermann', 'KD-####']
    """
    words = list(dict.fromkeys(word for line in lines if (word := " ".join(line.split()))))
    if len(words) > MOST_WORDS:
        told = _("At most %(most)s words and patterns; these are %(n)s.")
        raise UnfitWord(told % {"most": MOST_WORDS, "n": len(words)}, field="mask_words")
    for word in words:
        _check(word)
    return words


def _check(word: str) -> None:
    if len(word) > MOST_LETTERS:
        told = _("A word or pattern has at most %(most)s letters; “%(word)s…” has more.")
        raise UnfitWord(told % {"most": MOST_LETTERS, "word": word[:20]}, field="mask_words")
    if word.count("*") > 1:
        told = _("“%(word)s”: one * in a pattern is enough; write # for a digit, @ for a letter.")
        raise UnfitWord(told % {"word": word}, field="mask_words")
    if sum(each.isalnum() or each in "#@" for each in word) < LEAST_LETTERS:
        told = _("“%(word)s” fits nearly everything; write %(least)s letters or digits at least.")
        raise UnfitWord(told % {"word": word, "least": LEAST_LETTERS}, field="mask_words")


def finder_of(words: Sequence[str]) -> re.Pattern[str] | None:
    """What finds them as whole words, whatever their case and however they are spaced; the longest first.

    >>> finder_of(["KD-##*"]).sub("…", "KD-12, kd-12a7 and XKD-12")
    '…, … and XKD-12'
    """
    if not words:
        return None
    longest = sorted(words, key=lambda word: (-len(word), word))
    either = "|".join("".join(_parts(word)) for word in longest)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)


def _parts(word: str) -> Iterator[str]:
    for char in word:
        yield r"\s{1,8}" if char == " " else _PARTS.get(char) or re.escape(char)
