from evalhub.judgments.models.answers import (
    Correction,
    Demonstration,
    Preference,
    RankedCompletion,
    Rating,
)
from evalhub.judgments.models.desk import DeskSettings, ExpertAnswer, ReturnedJudgment
from evalhub.judgments.models.judgment import Judgment, JudgmentQuerySet, undo_ended
from evalhub.judgments.models.passages import JudgedStep, JudgedToolCall, Span
from evalhub.judgments.models.pay import PaidJudgment, PayLine, PayRun
from evalhub.judgments.models.price import PriceForecast
from evalhub.judgments.models.review import Review
from evalhub.judgments.models.tally import FILLS_A_PLACE, WORKED_MS, Tally, TallyMark

__all__ = [
    "FILLS_A_PLACE",
    "WORKED_MS",
    "Correction",
    "Demonstration",
    "DeskSettings",
    "ExpertAnswer",
    "JudgedStep",
    "JudgedToolCall",
    "Judgment",
    "JudgmentQuerySet",
    "PaidJudgment",
    "PayLine",
    "PayRun",
    "Preference",
    "PriceForecast",
    "RankedCompletion",
    "Rating",
    "ReturnedJudgment",
    "Review",
    "Span",
    "Tally",
    "TallyMark",
    "undo_ended",
]
