"""What each kind of dataset makes of the evidence about one prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import Definition
from evalhub.datasets.labels import label_rows
from evalhub.datasets.rows import Answers, Kept, LeftOut, preference_rows, sft_rows
from evalhub.quality.evidence import Evidence

Maker = Callable[[Evidence, Answers, Definition], Iterable[Kept | LeftOut]]

MAKERS: Mapping[BuildKind, Maker] = {
    BuildKind.SFT: sft_rows,
    BuildKind.PREFERENCE: preference_rows,
    BuildKind.CLASSIFICATION: label_rows,
}


def rows_of_kind(
    kind: BuildKind, evidence: Evidence, answers: Answers, definition: Definition
) -> Iterable[Kept | LeftOut]:
    """Each row, and why what could have been one is none."""
    return MAKERS[kind](evidence, answers, definition)
