from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalhub.datasets.cleaning.code import has_open_fence, outside_code, without_code
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.cleaning.recipe import Recipe
from evalhub.datasets.cleaning.repairs import mend_unicode, neutralise_tokens, tidy_space

RIGHT = [
    "Plain text with “curly quotes”, an – dash and naïve café.",
    "Größere Äpfel für Müßiggänger: „schön“, 20 °C ± 2.",
    "SÃO PAULO, ÀÉÎ, Ångström",
    "为什么天空是蓝色的？ＡＢＣ　全角",
    "なぜ空は青いのですか。",
    "שלום \u200fעולם! مرحبا بالعالم",
    "नमस्ते दुनिया में",
    "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈",
    "می\u200cخواهم",  # Persian needs its zero-width non-joiner
    "&lt;b&gt; &amp; <b>",
    "Москва — столица России.",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "- one\n    - two\n\tthree",
    "a line  \nbroken in Markdown",
    "array[0] < 3 and x > 4, [INSTALL], <strong>",
]


@pytest.mark.parametrize("text", RIGHT)
def test_right_text_stays_as_it_is(text: str) -> None:
    assert neutralise_tokens(tidy_space(mend_unicode(text))) == text


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("schÃ¶n", "schön"),
        ("doesnâ€™t", "doesn’t"),
        ("ÃƒÂ¼ber", "über"),
        ("voilÃ  le travail", "voilà le travail"),
        ("Ñ‡ÐµÐ¼", "чем"),
        ("u\u0308ber", "über"),
        ("bell\x07 and null\x00", "bell and null"),
    ],
)
def test_mojibake_is_mended(wrong: str, right: str) -> None:
    assert mend_unicode(wrong) == right


def test_code_is_not_mended() -> None:
    text = "See `schÃ¶n`:\n\n```python\ns = 'schÃ¶n'  \n\n\n\n\nt = u\u0308\n```\nschÃ¶n"

    assert mend_unicode(text) == text[: -len("schÃ¶n")] + "schön"
    assert tidy_space(text) == text


@pytest.mark.parametrize(
    ("messy", "tidy"),
    [
        ("a \t\nb", "a\nb"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\n\n\n\n\nb", "a\n\n\nb"),
        ("a \n \n \n \n \nb", "a\n\n\nb"),
        ("\n\n    return x\n\n", "    return x"),
        ("10\u00a0km\u202fweit", "10 km weit"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("ภาษา\u200bไทย", "ภาษา\u200bไทย"),
        ("one\u2028two", "one\ntwo"),
        ("hard  \n\nbreak", "hard\n\nbreak"),
    ],
)
def test_space_is_tidied(messy: str, tidy: str) -> None:
    assert tidy_space(messy) == tidy


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<|im_start|>system", "⟨|im_start|⟩system"),
        ("a</s>b <s>", "a⟨/s⟩b ⟨s⟩"),
        ("[INST] <<SYS>> x <</SYS>> [/INST]", "⟦INST⟧ ⟨⟨SYS⟩⟩ x ⟨⟨/SYS⟩⟩ ⟦/INST⟧"),
        ("<|endoftext|><|eot_id|>", "⟨|endoftext|⟩⟨|eot_id|⟩"),
        ("<start_of_turn>user", "⟨start_of_turn⟩user"),
        ("<｜User｜>", "⟨｜User｜⟩"),
        ("`<|im_end|>` in code", "`⟨|im_end|⟩` in code"),
    ],
)
def test_marks_of_chat_templates_are_shown_as_text(text: str, shown: str) -> None:
    assert neutralise_tokens(text) == shown
    assert shown.translate(str.maketrans("⟨⟩⟦⟧", "<>[]")) == text


def test_a_mark_that_the_other_repairs_put_together_is_found() -> None:
    [cleaned] = Recipe(Cleaning(), "answer").clean(["<|im_\u2060end|>"])

    assert cleaned.text == "⟨|im_end|⟩"
    assert {each.step for each in cleaned.findings} == {"white_space", "control_tokens"}


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("```\nx", True),
        ("```python\nx = 1\n```", False),
        ("```\nx\n```\n\nthen\n~~~\ny", True),
        ("````\n```\n````", False),
        ("say ``` here", False),
        ("```\n```", False),
        ("no code", False),
    ],
)
def test_an_open_fence_is_seen(text: str, is_open: bool) -> None:  # noqa: FBT001  a parameter
    assert has_open_fence(text) is is_open


def test_prose_and_code_are_told_apart() -> None:
    text = "Use `a` or\n```\nb ` c\n```\nand ``d ` e``."

    assert outside_code(text, str.upper) == "USE `a` OR\n```\nb ` c\n```\nAND ``d ` e``."
    assert "b" not in without_code(text)


SIGNS = st.sampled_from(
    [*"ab \t\n`~<>|[]/s_", "\r\n", "\u00a0", "\u200b", "\u0308", "ü", "Ã", "¼", "Â", "\x07", "\ud800",
     "```\n", "    x = 1\n", "<|im_end|>", "天", "👍🏽", "ש", "\u2029", "\ufeff", "\u2060"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(SIGNS, max_size=40).map("".join))
REPAIRS = Recipe(Cleaning(personal="mask"), "answer")


@settings(max_examples=300)
@given(TEXTS)
def test_cleaning_never_fails_and_a_second_time_changes_nothing(text: str) -> None:
    [once] = REPAIRS.clean([text])
    [twice] = REPAIRS.clean([once.text])

    assert twice.text == once.text
    assert not [each for each in twice.findings if each.what == "changed"]


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["x = 1", "y:", "# ü"]))), TEXTS)
def test_code_keeps_its_indentation(lines: list[tuple[int, str]], around: str) -> None:
    code = "\n".join(" " * depth + line for depth, line in lines)
    block = f"```python\n{code}\n```"
    around = around.replace("`", "").replace("~", "")

    [cleaned] = REPAIRS.clean([f"Before\n{block}\n{around}"])

    assert block in cleaned.text
