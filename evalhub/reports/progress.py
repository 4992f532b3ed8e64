"""How far a campaign is, as its live page shows it. Quick enough to need no job: it is worked out when asked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import progress_of
from evalhub.judgments.pace import pace_of, people_of
from evalhub.quality.choices import Counts
from evalhub.reports.behind import behind_report


def progress_report(campaign: Campaign) -> dict[str, Any]:
    """Counts in judgments: `done`, `in_hand` and `waiting` make `wanted`.

    Returns:
        also `pace` (judgments of each of the last hours or days), `expected`, when all is done, as a
        moment with its 95 % interval (None: nothing to tell it by), and `people` by their judgments.
    """
    progress = progress_of(campaign)
    pace = pace_of(campaign, progress)
    return {
        "campaign": str(campaign.uid),
        "behind": behind_report(campaign, Counts.PLACES),
        "tasks": progress.tasks,
        "wanted": progress.wanted,
        "done": progress.done,
        "in_hand": progress.in_hand,
        "waiting": progress.waiting,
        "percent": progress.percent,
        "counted_at": _moment(progress.counted_at),
        "pace": {
            "period": "day" if pace.is_by_day else "hour",
            "judgments": [
                {"begin": _moment(bar.begin), "judgments": bar.judgments} for bar in pace.bars
            ],
        },
        "expected": {
            "value": _moment(pace.expected),
            "low": _moment(pace.low),
            "high": _moment(pace.high),
        },
        "people": [
            {
                "annotator": each.member.pseudonym,
                "judgments": each.judged,
                "behind": {"member": str(each.member.uid)},
                "ms_each": each.ms_each,
                "missing": each.judged - each.timed,  # active time not known
                "held": each.hand.held,
                "skipped": each.hand.skipped,
            }
            for each in people_of(campaign)
        ],
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
