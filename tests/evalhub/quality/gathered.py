from __future__ import annotations

from evalhub.quality.evidence import Evidence
from evalhub.quality.queries import evidence_in
from evalhub.quality.scope import Scope


def gathered(scope: Scope) -> dict[int, Evidence]:
    """The evidence of all blocks together."""
    return {key: each for block in evidence_in(scope) for key, each in block.items()}
