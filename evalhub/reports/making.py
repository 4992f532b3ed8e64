"""The reports by kind. Needs scipy: workers and the command import this, pages never do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evalhub.reports.agreement import agreement_report
from evalhub.reports.bias import bias_report
from evalhub.reports.choices import ReportKind
from evalhub.reports.consistency import consistency_report
from evalhub.reports.leaderboard import leaderboard_report
from evalhub.reports.read import Read
from evalhub.reports.reliability import reliability_report
from evalhub.reports.wordings import wordings_report

__all__ = ["REPORTS", "SHAPE", "Read"]

SHAPE = 2  # goes up when any of these tells other fields, so that no recount is held against an older one

REPORTS: dict[str, Callable[..., dict[str, Any]]] = {  # read, beat= -> JSON
    ReportKind.AGREEMENT: agreement_report,
    ReportKind.BIAS: bias_report,
    ReportKind.LEADERBOARD: leaderboard_report,
    ReportKind.RELIABILITY: reliability_report,
    ReportKind.WORDINGS: wordings_report,
    ReportKind.CONSISTENCY: consistency_report,
}
