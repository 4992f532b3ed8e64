"""Patterns for personal data: what they find, what they leave, and what they cost."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.common.personal_data import (
    KINDS,
    find_personal_data,
    mask_personal_data,
    passes_luhn,
    passes_mod_97,
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Write to zoe.b+x@mail.example.org.", "Write to [EMAIL]."),
        ("<zoe@x.org>, max@bücher.de", "<[EMAIL]>, [EMAIL]"),
        ("Card 4111 1111 1111 1111, or 5500-0055-5555-5559.", "Card [CARD], or [CARD]."),
        ("amex 378282246310005", "amex [CARD]"),
        ("IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFF", "IBAN [IBAN] BIC COBADEFF"),
        ("GB82WEST12345698765432", "[IBAN]"),
        ("de89 3704 0044 0532 0130 00", "[IBAN]"),
        ("_zoe@x.org_, 1-800-555-0147", "[EMAIL]_, [PHONE]"),
        ("from 192.0.2.17 and 2001:db8::8a2e:370:7334.", "from [IP] and [IP]."),
        ("Call +49 (30) 901820-0 or +1 212 555 0147", "Call [PHONE] or [PHONE]"),
        ("0049 30 901820, 030/901820, 0171 2345678", "[PHONE], [PHONE], [PHONE]"),
        ("(212) 555-0147 and 212-555-0147", "[PHONE] and [PHONE]"),
        ("AKIAIOSFODNN7EXAMPLE", "[KEY]"),
        ("key=sk-" + "a1B2" * 8, "key=[KEY]"),
        ("ghp_" + "a1B2" * 9, "[KEY]"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: x\nMII=\n-----END RSA PRIVATE KEY-----",
            "[KEY]",
        ),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLW9m", "[KEY]"),
    ],
)
def test_it_is_masked(text: str, masked: str) -> None:
    assert mask_personal_data(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # Luhn does not hold
        "0000 0000 0000 0000",
        "999.1.1.1 and 1.2.3 and 1.2.3.4.5",
        "127.0.0.1, ::1 and at 12:30:45",
        "2024-01-02, 01.02.2024, 1,234,567.89 and 3.14159265358979",
        "std::vector, face::bad, a @ b, @handle, user@localhost",
        "x+12345678, 2+2=4, order 12345678",
        "sk-short, AKIA, ghp_short",
        "https://example.org/2024/05/12345678",
    ],
)
def test_it_is_left_alone(text: str) -> None:
    assert mask_personal_data(text).text == text


@pytest.mark.parametrize(
    "text", ["DE89 3704 0044 0532 0130 01", "DE89 3704 0044", "ZZ00 1234 5678 9012"]
)
def test_a_number_without_its_check_or_country_is_no_account(text: str) -> None:
    assert mask_personal_data(text, ["iban"]).text == text


def test_a_find_is_placed_in_the_masked_text_too() -> None:
    masked = mask_personal_data("a@b.org, 192.0.2.17!")
    assert [masked.text[each.start : each.end] for each in masked.places] == ["[EMAIL]", "[IP]"]


def test_only_what_is_asked_for_is_masked() -> None:
    masked = mask_personal_data("a@b.org from 192.0.2.17, 192.0.2.18", kinds=["ip"])
    assert masked.text == "a@b.org from [IP], [IP]"
    assert masked.counts == {"ip": 2}


def test_the_checks_by_hand() -> None:
    """79927398713: from the right 3+2+7+6+9+6+7+4+9+9+8 with doubled ones reduced is 70."""
    assert passes_luhn([7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3])
    assert not passes_luhn([7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 4])
    assert passes_mod_97("GB82WEST12345698765432")
    assert not passes_mod_97("GB28WEST12345698765432")


@given(st.text(alphabet="0123456789 +-()./:@aAfDE\n[]", max_size=80))
def test_finds_are_in_order_and_apart(text: str) -> None:
    found = find_personal_data(text)
    for before, after in itertools.pairwise(found):
        assert before.end <= after.start
    assert all(0 <= each.start < each.end <= len(text) for each in found)


@pytest.mark.parametrize(
    "piece",
    ["a", "1", "1 ", "a.", "a@", "@a.", "-----BEGIN PRIVATE KEY-----", "0:", "eyJaaaaaaaaaaa.", "DE89 ",
     "+4", "(0", "sk-", "4-", "1.", "[", "é"],
)  # fmt: skip
def test_a_hostile_text_costs_in_proportion_to_its_length(piece: str) -> None:
    """A quadratic pattern would need minutes for 200,000 characters; the bound is far from both."""
    text = piece * (200_000 // len(piece))
    begun = time.process_time()
    find_personal_data(text, KINDS)
    assert time.process_time() - begun < 5
