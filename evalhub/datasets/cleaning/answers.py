"""Answers that decline, stop short or speak of something else. Careful: a wrong find costs a row."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evalhub.datasets.cleaning.code import has_open_fence, without_code

_SHORT = 400  # characters: a longer answer that begins by declining goes on to help
_LONG = 200  # a shorter one without a full stop is an answer in a few words

_NOT = r"(?:can['’]?t|cannot|can not|am unable|['’]m unable|am not able|['’]m not able|won['’]t|will not)"
_DO = (
    r"(?:help|assist|do that|do this|provide|comply|fulfil|answer|create|write|discuss|engage|"
    r"support|continue|give|generate|share|offer|make|produce|to)\b"
)
_REFUSALS = re.compile(
    rf"(?:(?:i['’]?m |i am |we['’]re )?(?:very |so )?(?:sorry|afraid)|i apologi[sz]e|apologies|unfortunately"
    rf"|as an ai(?: language)?(?: model| assistant)?)"
    rf"[,.:!]?(?: but| that)?,? (?:i|we) ?{_NOT} (?:\w+ )?{_DO}"
    rf"|i ?{_NOT} (?:\w+ )?{_DO}"
    r"|i must (?:respectfully )?(?:decline|refuse)"
    r"|(?:es )?tut mir (?:sehr )?leid,? (?:aber )?(?:das|dabei|damit|hierbei|ich) .{0,80}\bnicht\b"
    r"|leider (?:kann|darf) ich .{0,80}\bnicht\b"
    r"|(?:ich|dabei|damit|hierbei|das) (?:kann|darf)(?: ich)? .{0,80}\bnicht "
    r"(?:helfen|weiterhelfen|unterstützen|beantworten|erfüllen|erstellen|schreiben|geben|tun)\b",
    re.IGNORECASE,
)

_ENDS = re.compile(r"[.!?…。！？؟।:;)\]}>\"'”’»*_`|~]\Z|\Z(?<=\d)")
_SENTENCE = re.compile(r"[.!?。！？؟।]")
_NO_PROSE = re.compile(r"\s*(?:[-*+•|#>]|\d+[.)]|https?://)")

_STEM = 5  # letters: "explain" and "explanation" are the same
_ENOUGH = 8  # stems on both sides, else there is too little to go by
_LETTERS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]{5,}")
_COMMON = frozenset(
    _LETTERS.findall("""
    about after again along among another because before being below between could doing during
    every first found further great having little might never other please quite really right
    shall should since still their theirs there these thing things think those through under
    until using usually very where which while whose within without would write yours yourself
    aber alle allen allem andere anderen auch beim bitte damit dann dass deine diese diesem diesen
    dieser dieses durch eine einem einen einer eines etwas gegen haben hatte immer jede jeden jeder
    keine können könnte machen mehr meine müssen nicht nichts schreibe sein seine sich sind solche
    sollte über unter viele welche wenn werden wieder wird würde zwischen
""")
)


def is_refusal(text: str) -> bool:
    """Whether a short answer begins by declining, in English or German."""
    stripped = text.strip().lstrip('*_>"“„ ')
    return len(stripped) <= _SHORT and _REFUSALS.match(stripped) is not None


def is_truncated(text: str) -> bool:
    """Whether it stops within code or, though it is written in sentences, within one."""
    if has_open_fence(text):
        return True
    stripped = text.rstrip()
    if len(stripped) < _LONG or _ENDS.search(stripped):
        return False
    last = stripped[-1]
    if not (last.isalpha() or last in ",-–—("):
        return False
    line = stripped.rpartition("\n")[2]
    return not _NO_PROSE.match(line) and len(_SENTENCE.findall(without_code(stripped))) >= 2


def is_off_topic(prompt: Sequence[str], answer: str) -> bool:
    """Whether an answer has no content word of its prompt, where both have at least eight.

    Words count by their first five letters, Han, kana and Hangul by the character. An answer in
    another script than the prompt (a translation) is not looked at.
    """
    asked, said = _stems(" ".join(prompt)), _stems(answer)
    if min(len(asked), len(said)) < _ENOUGH or asked & said:
        return False
    return _script(asked) == _script(said)


def _stems(text: str) -> set[str]:
    words = set(_LETTERS.findall(text.casefold())) - _COMMON
    return {each[:_STEM] for each in words}


def _script(stems: set[str]) -> int:
    """Roughly: the block that most of the words begin in, of 128 signs, or all of East Asia's."""
    codes = [ord(each[0]) for each in stems]
    blocks = [code >> 7 if code < 0x3000 else 0x3000 for code in codes]
    blocks = [0 if block < 5 else block for block in blocks]  # Latin with its accents
    return max(set(blocks), key=blocks.count)
