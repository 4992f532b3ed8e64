"""What a worker offers beside its queue, and a job may ask for: "a100"."""

from __future__ import annotations

import re

from evalhub.common.embedded.errors import CannotStart

LABEL = r"[a-z0-9][a-z0-9-]{0,39}"


def is_label(word: str) -> bool:
    return re.fullmatch(LABEL, word) is not None


def labels_of(given: list[str]) -> list[str]:
    """Raise CannotStart for one that is none."""
    for word in given:
        if not is_label(word):
            raise CannotStart(
                f"EVALHUB_WORKER_LABELS has {word!r}: a label is lower-case letters, digits and hyphens."
            )
    return given
