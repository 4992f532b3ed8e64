from evalhub.quality.models.alerts import AlertRule
from evalhub.quality.models.consensus import (
    Adjudication,
    Consensus,
    ConsensusSnapshot,
    Dispute,
    ReliabilityFit,
    UnitConsensus,
)
from evalhub.quality.models.leaving import (
    PREVIEW,
    Exclusion,
    ExclusionPreview,
    Reinstatement,
    Withdrawal,
    excluded,
    withdrawn,
)

__all__ = [
    "PREVIEW",
    "Adjudication",
    "AlertRule",
    "Consensus",
    "ConsensusSnapshot",
    "Dispute",
    "Exclusion",
    "ExclusionPreview",
    "Reinstatement",
    "ReliabilityFit",
    "UnitConsensus",
    "Withdrawal",
    "excluded",
    "withdrawn",
]
