"""What every target says of people's judgments that it cannot count."""

from __future__ import annotations

from evalhub.runs.exporting.spec import Exportable

SOFT = (
    "labels: evalhub counts a pair by how sure people were (p_chosen); here each is a hard label."
)
WEIGHTS = (
    "weights: evalhub counts a row by the judgments behind it; here every row counts the same."
)
CUT = "max_length: evalhub leaves a row that is too long out whole; here it is cut."


def judgments_lost(spec: Exportable) -> list[str]:
    """Soft labels and weights, where the run used them."""
    lost = [SOFT] if spec.asks("labels") == "soft" else []
    return [*lost, WEIGHTS] if spec.asks("weights") == "rows" else lost
