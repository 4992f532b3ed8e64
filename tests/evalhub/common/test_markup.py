"""The one place where hostile text becomes markup."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.common.markup import MOST_RENDERED, to_html

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "[x](  java\nscript:alert(1))",
    "[x][y]\n\n[y]: javascript:alert(1)",
    "<javascript:alert(1)>",
    '![x" onerror="alert(1)](http://tracker.example/x.png "a\' onload=alert(1)")',
    '```python" onmouseover="alert(1)\nx\n```',
    "```<script>alert(1)</script>\nx\n```",
    r"$\text{<img src=x onerror=alert(1)>}$",
    r"$$\text{</math><script>alert(1)</script>}$$",
    r"$\href{javascript:alert(1)}{x}$",
    r"\(\text{<svg onload=alert(1)>}\)",
    r"\[x\] (<img src=x onerror=alert(1)>)",
    "| a |\n|---|\n| <script>alert(1)</script> |",
    "<div hx-get='/w/acme/members/' hx-trigger='load'>x</div>",
    "<form action='/sign-out/' method=post><button>x</button></form>",
    "<style>*{display:none}</style>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!--><script>alert(1)</script-->",
    "\x00<scr\x00ipt>alert(1)</script>",
]
TAG = re.compile(r"<\s*/?\s*([a-zA-Z][a-zA-Z0-9]*)([^>]*)>")
NEVER = {"script", "img", "svg", "iframe", "form", "style", "input", "button", "object", "link"}


def assert_harmless(html: str) -> None:
    for name, attributes in TAG.findall(html):
        assert name.lower() not in NEVER, html
        assert not re.search(r"\s(on\w+|style|src|srcdoc|hx-[\w-]+|id)\s*=", attributes), html
        for target in re.findall(r'href="([^"]*)"', attributes):
            assert target.startswith(("http://", "https://", "mailto:")), html


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_becomes_harmless(attack: str) -> None:
    assert_harmless(to_html(attack))
    assert_harmless(to_html(f"> - {attack}\n\n*{attack}*"))


@given(st.text(alphabet="<>/\"'=`$\\[](){}!&;:*_|#-~ \nabxscriptonmail\x00", max_size=200))
@settings(max_examples=300)
def test_no_text_makes_a_tag_of_its_own_nor_an_error(text: str) -> None:
    assert_harmless(to_html(text))


def test_markdown_is_rendered() -> None:
    html = to_html(
        "# Title\n\nSome **bold** and `code`.\n\n- one\n- two\n\n| a | b |\n|-|-|\n| 1 | 2 |"
    )
    for part in (
        "<h1>Title</h1>",
        "<strong>bold</strong>",
        "<code>code</code>",
        "<li>",
        "<td>1</td>",
    ):
        assert part in html


def test_code_is_coloured_by_classes_only() -> None:
    html = to_html("```python\ndef f(): return 1\n```")
    assert '<span class="k">def</span>' in html
    assert "style=" not in html


def test_code_of_a_language_nobody_knows_stays_code() -> None:
    assert to_html("```klingon\nqapla' <b>\n```") == "<pre><code>qapla' &lt;b&gt;\n</code></pre>\n"


@pytest.mark.parametrize("formula", ["$x^2$", r"\(x^2\)", "$$\nx^2\n$$", "\\[\nx^2\n\\]"])
def test_formulas_become_mathml(formula: str) -> None:
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in to_html(formula)


def test_prices_are_not_formulas() -> None:
    assert to_html("From $5 to $10, or $1,000.") == "<p>From $5 to $10, or $1,000.</p>\n"


@pytest.mark.parametrize("after", ["(see below)", "see below", ". see below"])
def test_what_follows_a_formula_in_brackets_is_kept(after: str) -> None:
    html = to_html(f"\\[x = 1\\] {after}\n")
    assert "see below" in html
    assert html.count("<math") == 1


def test_a_formula_in_brackets_is_shown_once() -> None:
    assert to_html("\\[\nx\n\\]\n\nend").count("x") == 1


def test_an_escaped_bracket_within_a_sentence_is_no_formula() -> None:
    assert to_html(r"as in \[1\] and \[2\]") == "<p>as in [1] and [2]</p>\n"


@pytest.mark.parametrize("broken", [r"$\frac{a$", r"$\begin{matrix}$", "$}{$", r"$\left($"])
def test_a_formula_we_cannot_read_shows_its_source(broken: str) -> None:
    shown = to_html(broken)
    assert broken.strip("$")[:5] in shown or "<math" in shown


def test_a_picture_is_named_and_not_loaded() -> None:
    html = to_html("![a cat](https://tracker.example/cat.png)")
    assert "[image: a cat https://tracker.example/cat.png]" in html
    assert "<img" not in html


@pytest.mark.parametrize("url", ["/sign-out/", "//evil.example/", "?next=x", "members/", "#main"])
def test_a_link_into_evalhub_itself_stays_text(url: str) -> None:
    assert "<a" not in to_html(f"[click]({url})")


def test_links_tell_nothing_about_the_reader() -> None:
    html = to_html("[site](https://example.org/)")
    assert 'href="https://example.org/"' in html
    assert 'rel="noopener noreferrer nofollow"' in html


@pytest.mark.parametrize(
    "huge",
    [
        ">" * 50_000 + " deep",
        "[" * 50_000,
        "![[" * 15_000,
        "**a" * 15_000,
        "\n".join("  " * depth + "- a" for depth in range(150)),
        r"\(" * 20_000,
        "$x$ " * 10_000,
        "`" * 50_000,
        "$" + "x^{" * 600 + "}" * 600 + "$",
        "a" * (MOST_RENDERED + 1),
    ],
)
def test_huge_and_deep_text_is_bounded(huge: str) -> None:
    start = time.process_time()
    html = to_html(huge)
    assert time.process_time() - start < 5
    assert len(html) < 60 * len(huge)


def test_text_too_deep_to_render_is_shown_whole() -> None:
    assert "at the bottom" in to_html(">" * 60 + " at the bottom")


def test_text_too_long_to_render_is_shown_whole() -> None:
    text = "word " * 20_000 + "the end"
    assert to_html(text).endswith("the end</pre>")
