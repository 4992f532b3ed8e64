"""What each kind of dataset makes of the evidence about one prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import Definition
from evalhub.datasets.labels import label_rows
from evalhub.datasets.measured import evaluation_rows
from evalhub.datasets.pairs import preference_rows
from evalhub.datasets.rows import Answers, Kept, LeftOut
from evalhub.datasets.singles import sft_rows, unpaired_rows
from evalhub.quality.evidence import Evidence

Maker = Callable[[Evidence, Answers, Definition], Iterable[Kept | LeftOut]]

MAKERS: Mapping[BuildKind, Maker] = {
    BuildKind.SFT: sft_rows,
    BuildKind.PREFERENCE: preference_rows,
    BuildKind.UNPAIRED: unpaired_rows,
    BuildKind.REWARD: preference_rows,
    BuildKind.CLASSIFICATION: label_rows,
    BuildKind.EVALUATION: evaluation_rows,
}
PAIRS = (BuildKind.PREFERENCE, BuildKind.REWARD)
MADE_OF_PROMPTS = (BuildKind.TEXT, BuildKind.EVALUATION)  # judged or not
