"""What mends a text without changing what it says. Nothing here raises, whatever the text."""

from __future__ import annotations

import re
import unicodedata

from ftfy import TextFixerConfig, fix_text
from ftfy.chardata import CHARMAP_ENCODINGS

from evalhub.datasets.cleaning.code import outside_code


def _signs(encoding: str, values: range) -> str:
    return "".join(re.escape(bytes([each]).decode(encoding, "ignore")) for each in values)


_FIRST, _SECOND = range(0xC2, 0xF5), range(0x80, 0xC0)  # bytes of a character in UTF-8


def _pair(encoding: str) -> str:
    """How the first two bytes of a character in UTF-8 look in another encoding."""
    return f"[{_signs(encoding, _FIRST)}][{_signs(encoding, _SECOND)}]"


_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# Mojibake has such a pair, or one whose second sign became a space
_PAIRS = re.compile(
    rf"(?=[^\x00-\x7f])(?:{'|'.join(_pair(each) for each in CHARMAP_ENCODINGS)}|[ÃÂâ] )"
)
# What each of those is, and a little more: one look at a text for all encodings, as hardly any has a pair
_MAY_BE_PAIRS = re.compile(
    f"[{''.join(_signs(each, _FIRST) for each in CHARMAP_ENCODINGS)}]"
    f"[{''.join(_signs(each, _SECOND) for each in CHARMAP_ENCODINGS)}]"
)
_BEFORE_SPACE = ("Ã ", "Â ", "â ")
_CONFIG = TextFixerConfig(
    unescape_html=False,  # &amp; may be what is meant
    uncurl_quotes=False,
    fix_latin_ligatures=False,
    fix_character_width=False,  # full width is right among Han characters
    fix_line_breaks=False,
    decode_inconsistent_utf8=False,  # would also mend a text that explains mojibake
    normalization="NFC",
    explain=False,
)

_MESSY_LINES = (" \n", "\t\n", "\n\n\n\n")
_ODD_SPACES = re.compile(
    "[\r\v\f\u00a0\u00ad\u0085\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u2060\ufeff]"
)
_SPACES: dict[int, str | None] = (
    dict.fromkeys((0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F), " ")
    | {0x2028: "\n", 0x2029: "\n\n", 0x85: "\n", 0x0B: "\n", 0x0C: "\n"}
    | {0xAD: None, 0x2060: None, 0xFEFF: None}
)
_BREAKS_WORDS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
)  # with U+200B: Thai, Khmer, …
_LINE_ENDS = re.compile(r"([ \t]+)\n")
_BLANK_LINES = re.compile(r"\n{4,}")

_TOKEN = re.compile(
    r"<\|[\w.\-]{1,60}\|>|<｜[^<>｜\n]{1,60}｜>|</?s>|<</?SYS>>|\[/?INST\]"
    r"|</?(?:pad|unk|bos|eos|mask|start_of_turn|end_of_turn|tool_call|tool_response)>"
    r"|\[/?(?:AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT|CLS|SEP|PAD|UNK|MASK|gMASK)\]",
    re.ASCII,
)
_VISIBLE = str.maketrans("<>[]", "⟨⟩⟦⟧")


def mend_unicode(text: str) -> str:
    """Undo a wrong encoding (ftfy) outside code, compose accents; right text stays as it is."""
    if text.isascii() and not _CONTROLS.search(text):
        return text
    return outside_code(text, _mended)


def _mended(piece: str) -> str:
    if _CONTROLS.search(piece) or _has_pairs(piece):
        piece = fix_text(piece, _CONFIG)
    return piece if unicodedata.is_normalized("NFC", piece) else unicodedata.normalize("NFC", piece)


def _has_pairs(piece: str) -> bool:
    may_have = _MAY_BE_PAIRS.search(piece) or any(each in piece for each in _BEFORE_SPACE)
    return bool(may_have) and _PAIRS.search(piece) is not None


def tidy_space(text: str) -> str:
    """Lines end in \\n and in no space, odd spaces are plain ones, at most two lines are blank.

    Code, indentation, and the two spaces that end a line in Markdown are kept.
    """
    if not _is_messy(text):
        return text
    text = outside_code(text.replace("\r\n", "\n").replace("\r", "\n"), _tidied)
    return text.lstrip("\n").rstrip()


def _is_messy(text: str) -> bool:
    """A look for each kind: all in one expression takes five times as long."""
    return (
        text[:1] == "\n"
        or text[-1:].isspace()
        or any(each in text for each in _MESSY_LINES)
        or _ODD_SPACES.search(text) is not None
    )


def _tidied(piece: str) -> str:
    piece = piece.translate(_SPACES)
    if "\u200b" in piece and not _BREAKS_WORDS.search(piece):
        piece = piece.replace("\u200b", "")
    piece = _LINE_ENDS.sub(_line_end, piece)
    return _BLANK_LINES.sub("\n\n\n", piece)


def _line_end(found: re.Match[str]) -> str:
    """A line that goes on below may end in two spaces: a line break in Markdown."""
    text = found.string
    is_blank = found.start() > 0 and text[found.start() - 1] == "\n"
    goes_on = found.end() < len(text) and not text[found.end()].isspace()
    breaks = found[1].startswith("  ") and "\t" not in found[1]
    return "  \n" if breaks and goes_on and not is_blank else "\n"


def neutralise_tokens(text: str) -> str:
    """Show what a chat template takes for its own as text: ⟨|im_start|⟩, ⟦INST⟧.

    Other brackets, which no tokenizer knows as part of a token. Putting them back gives the text
    as it was.
    """
    if "<" not in text and "[" not in text:
        return text
    return _TOKEN.sub(lambda found: found[0].translate(_VISIBLE), text)
