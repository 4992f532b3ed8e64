"""Text can be read in light and in dark: 4.5 to 1, as WCAG 2.2 counts it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

PAIR = re.compile(r"--([\w-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)")
ON_GROUNDS = ["ink", "ink-soft", "accent", "accent-strong", "good", "caution", "bad", "info"]
TEXTS = [(text, ground) for text in ON_GROUNDS for ground in ("ground", "paper", "raised")] + [
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("accent-strong", "accent-ground"),
    ("ink", "accent-ground"),
    *[(name, f"{name}-ground") for name in ("good", "caution", "bad", "info")],
    *[("ink", f"{name}-ground") for name in ("good", "caution", "bad", "info")],
]


def sheet() -> str:
    return Path(str(finders.find("app.css"))).read_text()


def tokens(scheme: int) -> dict[str, str]:
    return {name: values[scheme] for name, *values in PAIR.findall(sheet())}


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb. Source: WCAG 2.2, "relative luminance"."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_counted_as_in_the_standard() -> None:
    """Black on white is 21; #767676 on white is the famous grey that just passes, 4.54."""
    assert contrast("000000", "ffffff") == pytest.approx(21)
    assert contrast("767676", "ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_stands_out(text: str, ground: str, scheme: int) -> None:
    colours = tokens(scheme)
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_edges_of_fields_can_be_seen(scheme: int) -> None:
    colours = tokens(scheme)
    assert contrast(colours["line-strong"], colours["paper"]) >= 3


def test_nothing_in_the_sheet_is_loaded_from_elsewhere() -> None:
    assert "url(" not in sheet()
    assert "@import" not in sheet()
