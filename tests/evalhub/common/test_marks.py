"""Each visible piece says where it stands in the raw text, and never says it wrong."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.common.markup import MOST_RENDERED, to_html, to_marked_html
from evalhub.common.markup.cleaning import cleaned_with_marks
from tests.evalhub.common.test_markup import ATTACKS, assert_harmless


class Reader(HTMLParser):
    """The page as the browser's script sees it: its text, and what each marked element holds."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = self.unmarked = ""
        self.marks: list[tuple[dict[str, int], str]] = []
        self._open: list[str] = []
        self._since = 0  # how many were open when the present mark began; 0 outside of marks
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "hr"):
            return
        places = {name: int(value or "") for name, value in attrs if name.startswith("data-")}
        if places:
            assert not self._since, "a mark inside a mark"
            self._since = len(self._open) + 1
            self.marks.append((places, ""))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if len(self._open) < self._since:
            self._since = 0

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._since:
            places, before = self.marks[-1]
            self.marks[-1] = places, before + data
        else:
            self.unmarked += data


def pieces(raw: str) -> list[tuple[str, str]]:
    """What is shown, and what of the raw text stands for it; checked on the way."""
    html = to_marked_html(raw)
    page = Reader(html)
    assert page.text == Reader(to_html(raw)).text
    assert page.unmarked.strip() == "", html
    found, reached = [], 0
    for places, shown in page.marks:
        at, to = places["data-at"], places.get("data-to")
        if to is None:
            assert raw[at : at + len(shown)] == shown, html
            to = at + len(shown)
        assert reached <= at <= to <= len(raw), html
        reached = to
        found.append((shown, raw[at:to]))
    return found


def same(*texts: str) -> list[tuple[str, str]]:
    return [(text, text) for text in texts]


@pytest.mark.parametrize(
    "raw, expected",
    [
        ("Plain prose.", same("Plain prose.")),
        ("two\nlines, 漢字 and 😀 مرحبا", same("two\nlines, 漢字 and 😀 مرحبا")),
        ("  one  \n   two", same("one", "two")),
        ("one\\\ntwo", same("one", "two")),
        ("a **b _c_** ~~d~~", same("a ", "b ", "c", " ", "d")),
        ("~~a~~~ b", same("a", "~ b")),
        ("snake_case and 2 * 3 * 4", same("snake_case and 2 * 3 * 4")),
        (r"\*not\* \q", same("*not", r"* \q")),
        ("a &amp; b &#65;", [("a ", "a "), ("&", "&amp;"), (" b ", " b "), ("A", "&#65;")]),
        ("# One #\n\nTwo\n===", same("One", "Two")),
        ("# # #", same("#")),
        ("[*a* b](http://x.org/a 'a') a", same("a", " b", " a")),
        ("[a][r] a\n\n[r]: http://x.org/", same("a", " a")),
        ("<http://a.b/c>", same("http://a.b/c")),
        ("<http://a.b/%C3%A4>", [("http://a.b/ä", "<http://a.b/%C3%A4>"[1:-1])]),
        ("`` a`b `` `c`", same("a`b", " ", "c")),
        ("- x `a\n  b`", [("x ", "x "), ("a", "a"), (" ", "\n"), ("b", "b")]),
        ("![a](http://x/y) b", [("[image: a http://x/y]", "![a](http://x/y)"), (" b", " b")]),
        ("| a | b\\|b |\n|-|:-:|\n| a | *b* |", same("a", "b", "|b", "a", "b")),
        ("- | a\n  |---\n  | a\\|", same("a", "a", "|")),
        ("> a | b\n> -|-\n> a | b", same("a", "b", "a", "b")),
        ("1. a\n   - b\n     > c\nd", same("a", "b", "c\nd")),
        ("1. a\n   - b\n     > c\n     > d", same("a", "b", "c\n", "d")),
        ("    a\n      b\n", same("a", "  b")),
        ("```\na\n\n b\n```", same("a\n\n b\n")),
        ("> ```\n> a\n>\n>  b\n> ```", same("a", " b")),
        ("- ```python\n  def f():\n      return 1\n  ```", same("def f():", "    return 1")),
        ("-\t\ta", [("  ", "\t"), ("a", "a")]),
        ("a\r\nb\r\n\r\n> c\r\n", same("a", "b", "c")),
        ("a\rb", same("a", "b")),
        ("```\r\na\r\n\r\nb\r\n```", same("a", "b")),
        ("a\x00b *c*", [("a\ufffdb ", "a\x00b "), ("c", "c")]),
        ("a\u00a0\n a\u00a0", same("a\u00a0\n", "a")),
    ],
)
def test_what_is_shown_stands_where_it_says(raw: str, expected: list[tuple[str, str]]) -> None:
    assert pieces(raw) == expected


@pytest.mark.parametrize(
    "raw, formula",
    [
        ("so $x^2$ is", "$x^2$"),
        (r"so \(x^2\) is", r"\(x^2\)"),
        (r"\[x^2\], so", r"\[x^2\]"),
        ("> $$\n> x^2\n> $$\n", "$$\n> x^2\n> $$"),
        ("- \\[\n  x^2\n  \\] (1)\n", "\\[\n  x^2\n  \\] (1)"),
    ],
)
def test_a_formula_stands_for_its_source_as_a_whole(raw: str, formula: str) -> None:
    assert formula in [behind for _, behind in pieces(raw)]


def test_plain_prose_needs_no_element_more() -> None:
    assert to_marked_html("One.\n\nTwo.") == '<p data-at="0">One.</p>\n<p data-at="6">Two.</p>\n'


@pytest.mark.parametrize("raw", [">" * 60 + " deep", "word\n" * 20_000])
def test_text_shown_as_it_is_stands_at_its_start(raw: str) -> None:
    assert to_marked_html(raw).startswith('<pre><span data-at="0">')
    assert pieces(raw) == [(raw, raw)]


def test_text_shown_as_it_is_with_other_line_ends_is_placed_line_by_line() -> None:
    """A browser would count CR LF once, and drop a line feed right after `<pre>`."""
    assert pieces("\na\r\n\nb\rc" + "d" * MOST_RENDERED)[1:3] == same("a", "")
    assert "<pre><span" in to_marked_html("\n" + "a" * MOST_RENDERED)


def test_text_that_the_sanitiser_cannot_read_is_shown_as_it_is() -> None:
    """Half a surrogate pair: JSON can say it, UTF-8 cannot."""
    assert pieces("*a* \ud800") == same("*a* \ud800")


def test_a_place_that_is_not_known_is_that_of_the_whole_block() -> None:
    """The white space that Markdown does not know as such makes a line vanish."""
    assert pieces("*a*\n\u00a0\n\nb") == [("a", "*a*\n\u00a0"), ("b", "b")]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_becomes_harmless_with_marks_too(attack: str) -> None:
    assert_harmless(to_marked_html(attack))
    assert_harmless(to_marked_html(f"> - {attack}\n\n*{attack}*"))


@pytest.mark.parametrize(
    "forged", ['<span data-at="7">x</span>', "`x`{data-at=7}", '[x](http://x "\\" data-at=7")']
)
def test_a_text_cannot_forge_its_place(forged: str) -> None:
    assert "7" not in [str(places["data-at"]) for places, _ in Reader(to_marked_html(forged)).marks]


@pytest.mark.parametrize("value", ["", "-1", "1 2", "x", "١", "1e3", "javascript:1"])
def test_a_place_is_a_number_or_dropped(value: str) -> None:
    made = f'<span data-at="{value}" data-to="{value}" data-x="1" id="2">a</span>'
    assert cleaned_with_marks(made) == "<span>a</span>"
    assert (
        cleaned_with_marks('<a data-at="1">a</a>') == '<a rel="noopener noreferrer nofollow">a</a>'
    )


LETTERS = "*_`[]()!\\<>&;#-|$~+=:1.\n\n\t\r \x00 abc漢😀م\u00a0"
WORDS = ["- ", "1. ", "> ", "# ", "\n\n", "    ", "```py\n", "```\n", "**", "~~", "[a](http://x)"]
WORDS += [
    "![i](http://x/y)",
    "<http://a.b/%C3%A4>",
    "&amp;",
    "&#65;",
    "\\*",
    "\\|",
    "| ",
    "\t",
    "\n",
]
WORDS += ["\n|-|-|\n", "\n---\n", "\n===\n", "$x$", "$$\nx\n$$\n", "\\(x\\)", "\\[x\\]", "  \n"]
WORDS += [
    "\\\n",
    "word",
    "漢字",
    "😀",
    "\r\n",
    "def f(): 1",
    "[r]: http://x\n",
    "[r]",
    "`",
    "*",
    " ",
]


@given(st.text(alphabet=LETTERS, max_size=80) | st.lists(st.sampled_from(WORDS)).map("".join))
@settings(max_examples=600)
def test_no_text_makes_a_place_wrong(raw: str) -> None:
    pieces(raw)
    assert_harmless(to_marked_html(raw))


@pytest.mark.parametrize(
    "huge",
    [
        "[" * 50_000,
        r"\(" * 20_000,
        "\\[\n" * 20_000,
        "\\*" * 30_000,
        "a *b* c\r\n" * 6_000,
        "- x\n\n" + "\t\tcode\r\n" * 5_000,
        "|a" * 10_000 + "\n" + "|-" * 10_000 + "\n" + "|b" * 10_000,
        "a\r\n" * 60_000,
    ],
)
def test_marks_on_huge_text_are_bounded(huge: str) -> None:
    start = time.process_time()
    html = to_marked_html(huge)
    assert time.process_time() - start < 5
    assert len(html) < 60 * len(huge)
