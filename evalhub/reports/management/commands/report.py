from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.table import Table

from evalhub.campaigns.models import Campaign
from evalhub.reports.making import REPORTS


class Command(BaseCommand):
    help = "Compute a report on a campaign's judgments and print it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("report", choices=sorted(REPORTS))
        parser.add_argument("--campaign", required=True, type=UUID, metavar="UID")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        campaign = Campaign.objects.filter(uid=options["campaign"]).first()
        if campaign is None:
            raise CommandError(f"There is no campaign {options['campaign']}.")
        console = Console(stderr=True)
        with console.status("Computing"):
            made = REPORTS[options["report"]](campaign)
        if options["json"]:
            self.stdout.write(json.dumps(made))
        else:
            table = _TABLES[options["report"]](made)
            with console.capture() as shown:
                console.print(table)
            self.stdout.write(shown.get())


def _agreement(made: dict[str, Any]) -> Table:
    table = Table("question", "level", "alpha", "95 %", "answers", "missing", "verdict")
    for each in made["questions"]:
        alpha = each["alpha"]
        table.add_row(
            each["question"],
            each["level"],
            _shown(alpha["value"]),
            f"{_shown(alpha['low'])} to {_shown(alpha['high'])}",
            f"{each['answers']:,}",
            f"{each['missing']:,}",
            each["undefined"] or each["verdict"],
        )
    return table


def _leaderboard(made: dict[str, Any]) -> Table:
    table = Table("question", "rank", "model", "strength", "95 %", "judgments")
    for each in made["boards"]:
        for row in each["models"]:
            table.add_row(
                each["question"],
                f"{row['best_rank']} to {row['worst_rank']}",
                row["model"],
                _shown(row["strength"]),
                f"{_shown(row['low'])} to {_shown(row['high'])}",
                f"{row['judgments']:,}",
            )
    return table


def _reliability(made: dict[str, Any]) -> Table:
    table = Table("question", "person", "answers", "agreement", "95 %", "what the model says")
    for each in made["questions"]:
        for row in each["people"]:
            own = row["agreement"]
            told = [
                f"{name} {_shown(row[name]['value'])}"
                for name in ("strength", "position", "severity", "spread", "accuracy")
                if name in row
            ]
            table.add_row(
                each["question"],
                row["annotator"] + " (much below the others)" * row["is_careless"],
                f"{row['answers']:,}",
                _shown(own["value"]),
                f"{_shown(own['low'])} to {_shown(own['high'])}",
                ", ".join(told),
            )
    return table


def _wordings(made: dict[str, Any]) -> Table:
    versions = [f"version {each['version']}" for each in made["wordings"]]
    table = Table("figure", "question", *versions, "difference")
    for row in made["rows"]:
        values = [
            f"{_shown(each['value'])} ({_shown(each['low'])} to {_shown(each['high'])})"
            for each in [*row["sides"], row["gap"]]
        ]
        table.add_row(row["figure"], row["question"], *values)
    return table


def _consistency(made: dict[str, Any]) -> Table:
    table = Table("person", "judgments", "gold passed", "repeats alike", "first place", "too fast")
    for each in made["people"]:
        table.add_row(
            each["annotator"],
            f"{each['judgments']:,}",
            _part(each["gold"]),
            _part(each["repeats"]),
            _shown(each["position"] and each["position"]["value"]),
            _part(each["hasty"]),
        )
    return table


def _part(share: dict[str, Any] | None) -> str:
    return "–" if share is None else f"{share['part']} of {share['n']}"


_TABLES = {
    "agreement": _agreement,
    "consistency": _consistency,
    "leaderboard": _leaderboard,
    "reliability": _reliability,
    "wordings": _wordings,
}


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
