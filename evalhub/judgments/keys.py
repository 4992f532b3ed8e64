"""The keys of the annotator's page: what each does, whose presets there are, what one changed.

An act's key is what the browser calls it (`KeyboardEvent.key`), lower case for letters. Digits
choose options and arrows move, whatever the preset; Ctrl or Cmd with Enter always submits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from evalhub.judgments.choices import Preset

ACTS: dict[str, Any] = {  # `Any`: a lazy translation
    "submit": _("submit and show the next task"),
    "skip": _("skip this task, with a reason"),
    "flag": _("flag this task, or ask the leads"),
    "undo": _("go back to the last one"),
    "edit": _("edit the lit response"),
    "mark": _("mark the selected passage"),
    "raw": _("responses as they were written, or rendered"),
    "sources": _("sources"),
    "guidelines": _("guidelines"),
    "end": _("jump to the end of the responses, or to their start"),
    "lock": _("scroll the responses together, or each for itself"),
    "reveal": _("show what is blurred"),
    "keys": _("this list"),
}

_EVALHUB = {
    "submit": "",
    "skip": "s",
    "flag": "f",
    "undo": "u",
    "edit": "e",
    "mark": "m",
    "raw": "r",
    "sources": "d",
    "guidelines": "g",
    "end": "j",
    "lock": "l",
    "reveal": "b",
    "keys": "?",
}
PRESETS: dict[str, dict[str, str]] = {
    Preset.EVALHUB: _EVALHUB,
    Preset.ARGILLA: _EVALHUB | {"submit": "Enter", "skip": "Backspace"},
    Preset.DOCCANO: _EVALHUB | {"submit": "Enter"},
    Preset.PRODIGY: _EVALHUB | {"submit": "a", "skip": " ", "undo": "Backspace"},
}
FIXED = {*"0123456789", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Escape", "Tab"}
ALLOWED_NAMES = {"Enter", "Backspace", " ", "Delete", "Home", "End", "PageUp", "PageDown"}


def keymap(preset: str, changed: Mapping[str, str]) -> dict[str, str]:
    """The key of each act: the preset's where nothing was changed."""
    return PRESETS[Preset(preset)] | {act: key for act, key in changed.items() if act in ACTS}


def fault_of(keys: Mapping[str, str]) -> tuple[str, str] | None:
    """The first act whose key cannot be, and why; None where all can."""
    used: dict[str, str] = {}
    for act, key in keys.items():
        if not key:
            continue
        if key in FIXED:
            return act, str(_("This key chooses or moves; take another."))
        if len(key) != 1 and key not in ALLOWED_NAMES:
            return act, str(_("One character, or the name of a key such as Enter."))
        if key.lower() in used:
            return act, str(_("Two acts cannot have the same key."))
        used[key.lower()] = act
    return None
