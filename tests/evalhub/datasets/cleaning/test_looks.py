from __future__ import annotations

import re
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path

import django
import pytest

from evalhub.common.personal_data import find_personal_data, mask_personal_data
from evalhub.datasets.cleaning import language
from evalhub.datasets.cleaning.answers import is_off_topic, is_refusal, is_truncated
from evalhub.datasets.cleaning.language import language_of
from evalhub.datasets.cleaning.normal import full_words, iso_dates, plain_numbers
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.cleaning.recipe import Recipe
from evalhub.datasets.cleaning.spelling import corrected, proposal_for, unknown_words
from evalhub.datasets.cleaning.unsafe import WordList

SENTENCES = "The sky is blue because of how light is scattered. Short waves go everywhere. " * 3


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, but I can’t assist with that request.",
        "Sorry, I cannot provide this information.",
        "As an AI language model, I am unable to share opinions.",
        "I cannot create content of that kind.",
        "I won't write that.",
        "Unfortunately, I can't do that.",
        "Es tut mir leid, aber dabei kann ich nicht helfen.",
        "Tut mir leid, das kann ich nicht beantworten.",
        "Leider kann ich diese Frage nicht beantworten.",
        "Ich kann dir dabei nicht helfen.",
        "Dabei kann ich Ihnen leider nicht weiterhelfen.",
    ],
)
def test_a_short_answer_that_declines_is_a_refusal(text: str) -> None:
    assert is_refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "I can't believe how blue it is!",
        "I'm sorry to hear that you are ill. Drink water.",
        "Sorry for the wait: the answer is 4.",
        "You cannot provide an argument twice.",
        "The AI said: I cannot help you.",
        "Ich kann nicht genug davon bekommen, wie blau der Himmel ist.",
        "Leider ist der Zug abgefahren.",
        "Das kann man nicht wissen, aber vermutlich sind es vier.",
        "I'm sorry, but I can't help with that. " + "But here is what else I know about it. " * 12,
        "申し訳ありません",
        "",
    ],
)
def test_what_only_sounds_like_one_is_none(text: str) -> None:
    assert not is_refusal(text)


@pytest.mark.parametrize(
    ("text", "truncated"),
    [
        (SENTENCES + "And then the", True),
        (SENTENCES + "Among them,", True),
        ("Here:\n```python\nx = 1", True),
        (SENTENCES, False),
        (SENTENCES + "Is it 42", False),
        (SENTENCES + "\n\n- blue\n- red", False),
        (SENTENCES + "See **this**", False),
        (SENTENCES + "\n```\nx\n```", False),
        ("In a few words", False),
        ("words without any stop " * 20, False),
        ("天空是蓝色的。" * 40, False),
        ("天空是蓝色的。" * 40 + "因为光", True),
        (SENTENCES + "Nice 👍", False),
    ],
)
def test_an_answer_that_stops_short_is_seen(text: str, truncated: bool) -> None:  # noqa: FBT001
    assert is_truncated(text) is truncated


PROMPT = "Explain quantum computers, qubits, superposition, entanglement, interference and measurement, gates"


@pytest.mark.parametrize(
    ("answer", "off"),
    [
        ("Bananas ripen quickly inside paper sacks, yellow peels turning brown, sweetness growing", True),
        ("Qubits ripen quickly inside paper sacks, yellow peels turning brown, sweetness growing", False),
        ("Yes.", False),
        ("Квантовые компьютеры используют кубиты, которые находятся одновременно разных состояниях вместе", False),
    ],
)  # fmt: skip
def test_an_answer_that_shares_no_word_is_off_topic(answer: str, off: bool) -> None:  # noqa: FBT001
    assert is_off_topic([PROMPT], answer) is off


@pytest.mark.parametrize(
    "text",
    [
        "Mail ada.l+x@example.co.uk now",
        "Call +49 30 1234567.",
        "(212) 555-0123",
        "Card 4111 1111 1111 1111.",
        "IBAN DE89 3704 0044 0532 0130 00",
        "from 8.8.8.8",
        "from fe80::1",
        "sk-abcdefghijklmnopqrstuvwx",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a1" * 18,
        "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_the_quick_look_misses_no_personal_data(text: str) -> None:
    """What the patterns are held to stands in tests/evalhub/common."""
    assert find_personal_data(text)
    [cleaned] = Recipe(Cleaning(), "answer").clean([text])
    [masked] = Recipe(Cleaning(personal="mask"), "answer").clean([text])

    assert cleaned.text == text
    assert [each.step for each in cleaned.findings] == ["personal"]
    assert masked.text == mask_personal_data(text).text
    assert masked.findings[0].what.startswith("masked 1 × ")


def test_words_are_found_whole_and_in_any_case() -> None:
    words = WordList(["Rosebud", "cold fusion"])

    assert words.of("rosebud! COLD   fusion works") == ["rosebud", "cold fusion"]
    assert words.of("Go fuck yourself") == ["fuck"]
    assert words.of("Scunthorpe, a cold. Fusionism; rosebuds, Dickens, shiitake") == []
    assert words.of("Du Arschloch, verpiss dich") == ["arschloch", "verpiss dich"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The sky is blue because short waves are scattered.", "en"),
        ("Der Himmel ist blau, weil kurze Wellen stärker gestreut werden.", "de"),
        ("天空之所以是蓝色的是因为短波被散射得更多而长波较少所以我们看到的是蓝色的天空真美", "zh"),
        ("Short", None),
        ("```\n" + "for each in range(3): print(each)\n" * 3 + "```", None),
    ],
)
def test_the_language_of_enough_prose_is_known(text: str, code: str | None) -> None:
    assert language_of(text) == code
    assert language_of(text, expected=["de", "en", "fr"]) == code


def test_plain_words_of_a_language_that_is_expected_spare_the_asking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three different ones that are a fifth of the first words; of no language that nobody expects."""
    asked: list[str] = []

    def detected(prose: str) -> str:
        asked.append(prose)
        return "xx"

    monkeypatch.setattr(language, "_detected", detected)
    plain = "This is what they said about the weather and the sky over the sea"
    assert language_of(plain, expected=["de", "en"]) == "en"
    assert not asked
    assert language_of(plain, expected=["de"]) == "xx"
    assert (
        language_of("Maak seker dat hierdie waarde kleiner of gelyk is aan een", expected=["en"])
        == "xx"
    )
    assert (
        language_of("The End, the end, the end of Ende Gelände Ahoi Matrosen", expected=["en"])
        == "xx"
    )
    assert len(asked) == 6  # and each time more of the text


def test_no_sentence_of_another_language_is_taken_for_one_of_plain_words() -> None:
    """Of Django's own messages, some 12,000 in 100 languages."""
    found = [
        (code, said)
        for code, text in django_messages()
        if (said := language._plainly_in(text[:80], ["de", "en", "fr"]))
        and not code.startswith(said)
    ]
    assert [code for code, _ in found] == ["km"]  # which stands there in English


@pytest.mark.parametrize(
    "text",
    [
        "Der er mange, der siger, at den slags ikke er noget for dem, og at de hellere vil se noget andet.",
        "Det er den by, der ligger ved den store flod, og dem der bor der, er glade for den.",
        "Det var den som satt der borte og så på dem, og han sa at det ikke var noe for ham.",
        "Den som kommer hit ser att det är den plats där de flesta vill bo, och att de trivs med den.",
        "Wie is er bij de deur, en wat is dat voor een geluid; het is zo dat wij het ook horen.",
        "Die man is so moeg dat hy nie meer kan loop nie, en hy sal by die huis bly tot dit reën.",
        "Els nens i les nenes des de la plaça miren les cases, i des del pont es veuen les muntanyes.",
        "Las gents des vilatges e des vals son pas totes de la mateissa opinion, mas parlan plan.",
    ],
)
def test_prose_of_a_kin_language_is_not_plain_words(text: str) -> None:
    assert language._plainly_in(text[:80], ["de", "en", "fr"]) is None


def django_messages() -> Iterator[tuple[str, str]]:
    """Code and text of each translated message with thirty letters."""
    for path in sorted(Path(django.__file__).parent.rglob("LC_MESSAGES/django.mo")):
        with path.open("rb") as stream:
            messages = GNUTranslations(stream)._catalog  # type: ignore[attr-defined]  # no other way to all
        for text in messages.values():
            words = " ".join(re.sub(r"%\([^)]*\)[sd]|%[sd]|<[^>]*>|&\w+;", " ", text).split())
            if sum(map(str.isalpha, words)) >= 30:
                yield path.parts[-3], words


@pytest.mark.parametrize(
    ("text", "reading", "iso"),
    [
        ("on April 3, 2025 and 3rd April 2025", "en", "on 2025-04-03 and 2025-04-03"),
        ("am 3. April 2025 und 03.04.2025", "de", "am 2025-04-03 und 2025-04-03"),
        ("25/12/2024, 12/25/2024", "en", "2024-12-25, 2024-12-25"),
        ("03/04/2025", "en", "03/04/2025"),
        ("31.02.2025, 192.168.10.2025", "de", "31.02.2025, 192.168.10.2025"),
        ("`April 3, 2025`", "en", "`April 3, 2025`"),
        ("In May 2025 we may", "en", "In May 2025 we may"),
    ],
)
def test_dates_become_iso(text: str, reading: str, iso: str) -> None:
    assert iso_dates(text, reading) == iso
    assert iso_dates(iso, reading) == iso


@pytest.mark.parametrize(
    ("text", "reading", "plain"),
    [
        ("1,234,567.89 and 1,2", "en", "1234567.89 and 1,2"),
        ("1.234.567,89 und 3.14", "de", "1234567.89 und 3.14"),
        ("192.168.178.1", "de", "192.168.178.1"),
        ("`1,000`", "en", "`1,000`"),
    ],
)
def test_numbers_lose_their_marks_of_thousands(text: str, reading: str, plain: str) -> None:
    assert plain_numbers(text, reading) == plain
    assert plain_numbers(plain, reading) == plain


def test_abbreviations_are_written_in_full() -> None:
    assert full_words("fruit, e.g. apples", "en") == "fruit, for example apples"
    assert full_words("Obst, z. B. Äpfel, bzw. Birnen", "de") == (
        "Obst, zum Beispiel Äpfel, beziehungsweise Birnen"
    )


def test_unknown_words_are_proposed_and_nothing_is_corrected_unasked() -> None:
    text = "The sky is verry blue, says Grumbleby. `verry` https://x.org/verry"

    assert unknown_words(text, "en") == ["verry"]
    assert proposal_for("verry", "en") == "very"
    assert unknown_words("Der Himmel ist schön und blau, wircklich.", "de") == ["wircklich"]
    assert corrected(text, {}) == text
    assert corrected(text, {"verry": "very"}).startswith("The sky is very blue")
    assert "`verry` https://x.org/verry" in corrected(text, {"verry": "very"})
