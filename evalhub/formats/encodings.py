"""Which encoding a text file has, and the file as UTF-8: never guessed in silence."""

from __future__ import annotations

import codecs
import io
from typing import Any, BinaryIO, NamedTuple

from evalhub.formats.reading import CHUNK

LOOKED_AT = 2**18  # bytes around the first one that is not UTF-8

_MARKS = (  # the longer ones first: UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TITLES = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 (little-endian)",
    "utf-16-be": "UTF-16 (big-endian)",
    "utf-32": "UTF-32",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1252": "Windows-1252",
    "latin_1": "Latin-1",
    "shift_jis": "Shift JIS",
    "euc_jp": "EUC-JP",
    "euc_kr": "EUC-KR",
    "big5": "Big5",
    "gb18030": "GB 18030",
    "koi8_r": "KOI8-R",
}
_GUESSED = [name for name in _TITLES if not name.startswith("utf")]
_BAD = "evalhub.bad"  # what cannot be decoded becomes a lone surrogate, and its row is refused


class Encoding(NamedTuple):
    name: str
    title: str
    is_guessed: bool


UTF8 = Encoding("utf-8", "UTF-8", is_guessed=False)


def encoding_of(stream: BinaryIO) -> Encoding:
    """Look through the file; the stream is left at its start.

    A file with more good UTF-8 than bad is UTF-8, and its bad rows are refused one by one.
    """
    start = stream.read(4)
    stream.seek(0)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return Encoding(name, _TITLES[name], is_guessed=False)
    if len(start) == 4 and start.count(0) == 2:  # two letters of ASCII as UTF-16 (RFC 4627, 3)
        for name, place in (("utf-16-le", 1), ("utf-16-be", 0)):
            if start[place] == start[place + 2] == 0:
                return Encoding(name, _TITLES[name], is_guessed=True)
    bad = _first_bad_byte(stream)
    if bad is None:
        stream.seek(0)
        return UTF8
    stream.seek(max(bad - LOOKED_AT // 2, 0))
    sample = stream.read(LOOKED_AT)
    stream.seek(0)
    return _guess(sample)


def as_utf8(stream: BinaryIO, encoding: Encoding) -> BinaryIO:
    """The text of the stream as UTF-8 bytes; what cannot be decoded is no UTF-8 there either."""
    if encoding.name == "utf-8":
        return stream
    return io.BufferedReader(_Recoded(stream, encoding.name))


def _first_bad_byte(stream: BinaryIO) -> int | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = 0
    while True:
        raw = stream.read(CHUNK)
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            return read - pending + error.start
        if not raw:
            return None
        read += len(raw)


def _guess(sample: bytes) -> Encoding:
    from charset_normalizer import from_bytes  # only where a file is not UTF-8

    text = sample.decode("utf-8", "surrogateescape")
    bad = sum("\udc80" <= each <= "\udcff" for each in text)
    good = sum(each > "\x7f" for each in text) - bad
    if good >= bad:
        return UTF8
    best = from_bytes(sample, cp_isolation=_GUESSED).best()
    name = best.encoding if best else "cp1252"
    if name in ("latin_1", "cp1250") and _is_western(sample):
        name = "cp1252"
    return Encoding(name, _TITLES.get(name, name), is_guessed=True)


def _is_western(sample: bytes) -> bool:
    """Whether it is text in Windows-1252, which differs from Latin-1 where that has no letters.

    A detector that weighs a few accents only calls short Western texts Central European.
    """
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    odd = [each for each in text if each > "\x7f"]
    return sum(each in "àâäæçèéêëìíîïñòóôöœùúûüßÀÂÄÇÈÉÊÖÜ–—‘’“”„…€«»" for each in odd) * 2 > len(
        odd
    )


class _Recoded(io.RawIOBase):
    def __init__(self, stream: BinaryIO, name: str) -> None:
        codecs.register_error(_BAD, lambda error: ("\udcff", getattr(error, "end", 1)))
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(name)(_BAD)
        self._ahead = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # any buffer
        view = memoryview(buffer)
        while not self._ahead and not self._ended:
            raw = self._stream.read(CHUNK)
            self._ended = not raw
            text = self._decoder.decode(raw, final=self._ended)
            self._ahead = text.encode("utf-8", "surrogatepass")
        taken, self._ahead = self._ahead[: len(view)], self._ahead[len(view) :]
        view[: len(taken)] = taken
        return len(taken)
