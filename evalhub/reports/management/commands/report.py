from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from evalhub.campaigns.models import Campaign
from evalhub.reports.choices import ReportKind
from evalhub.reports.flat import csv_text, figures_in
from evalhub.reports.making import REPORTS, Read
from evalhub.reports.management.listing import LISTS, write_list
from evalhub.reports.paper import bias_file
from evalhub.reports.parts import PARTS, only
from evalhub.reports.progress import progress_report
from evalhub.reports.queries import kinds_of

PROGRESS = "progress"  # needs no job, so it is no kind of Report
ALL = "all"  # of those that the campaign has, from answers that are read once


class Command(BaseCommand):
    help = (
        "Compute a report on a campaign's judgments, or all of them, and print it; or list its "
        "consensus, its disagreements, how its gold does, what leaving somebody out would change."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("report", choices=sorted([*_TABLES, *LISTS, ALL]))
        parser.add_argument("--campaign", required=True, type=UUID, metavar="UID")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="print one JSON object")
        form.add_argument("--csv", action="store_true", help="print one line for each figure")
        parser.add_argument(
            "--by",
            choices=sorted({part for parts in PARTS.values() for part in parts}),
            help="only that: agreement by slice, version or pair, leaderboard by slice, "
            "bias by model, slice or week",
        )
        form.add_argument(
            "--output", type=Path, metavar="FILE.html", help="of bias: write one HTML file"
        )

        parser.add_argument("--member", type=UUID, metavar="UID", help="of exclusion: who")
        parser.add_argument("--question", default="", help="of consensus: a slug, or overall")
        parser.add_argument("--below", type=float, help="of consensus: less sure than, 0 to 1")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        campaign = Campaign.objects.filter(uid=options["campaign"]).first()
        if campaign is None:
            raise CommandError(f"There is no campaign {options['campaign']}.")
        kind, output, by = options["report"], options["output"], options["by"]
        if output and kind != ReportKind.BIAS:
            raise CommandError("Only the report on bias is written as a file of its own.")
        if by and by not in PARTS.get(kind, ()):
            raise CommandError(f"The report on {kind} is not split by {by}.")
        console = Console(stderr=True)
        if kind == ALL:
            self._all(campaign, console, options)
            return
        if kind in LISTS:
            write_list(self.stdout, kind, LISTS[kind](campaign, options), options)
            return
        with console.status("Computing"):
            made = progress_report(campaign) if kind == PROGRESS else REPORTS[kind](Read(campaign))
        if by and not output:
            made = only(kind, made, by)
        if output:
            page = bias_file(campaign.title, made, made_at=timezone.now())
            try:
                output.write_text(page, encoding="utf-8")
            except OSError as error:
                raise CommandError(f"Cannot write {output}: {error.strerror}.") from error
        elif options["json"]:
            self.stdout.write(json.dumps(made))
        elif options["csv"]:
            self.stdout.write("".join(csv_text(made)))
        else:
            self._print(console, _table(kind, by, made))

    def _all(self, campaign: Campaign, console: Console, options: dict[str, Any]) -> None:
        """One JSON object of all by their kinds, or one table after the other."""
        if options["csv"]:
            raise CommandError("The reports differ in their lines: ask for each as CSV.")
        read = Read(campaign)
        made: dict[str, dict[str, Any]] = {}
        for kind in kinds_of(campaign):
            with console.status(f"Computing: {kind}"):
                made[kind.value] = REPORTS[kind](read)
            if not options["json"]:
                self._print(console, _table(kind, None, made[kind.value]))
        if options["json"]:
            self.stdout.write(json.dumps(made))

    def _print(self, console: Console, table: Table) -> None:
        with console.capture() as shown:
            console.print(table)
        self.stdout.write(shown.get())


def _table(kind: str, by: str | None, made: dict[str, Any]) -> Table:
    if by and kind == ReportKind.AGREEMENT:
        return _pairs(made) if by == "pair" else _agreement_by(made)
    return _TABLES[kind](made)


def _agreement_by(made: dict[str, Any]) -> Table:
    table = Table("question", made["part"], "alpha", "95 %", "answers", "missing", "verdict")
    for each in made["questions"]:
        for row in each["rows"]:
            alpha = row["alpha"]
            table.add_row(
                each["question"],
                row["split"],
                _shown(alpha["value"]),
                f"{_shown(alpha['low'])} to {_shown(alpha['high'])}",
                f"{row['answers']:,}",
                f"{row['missing']:,}",
                row["undefined"] or row["verdict"],
            )
    return table


def _pairs(made: dict[str, Any]) -> Table:
    table = Table("question", "person", "with", "alpha", "95 %", "both answered", "alike", "kappa")
    for each in made["questions"]:
        for row in each["pairs"]:
            table.add_row(
                each["question"],
                row["first"],
                row["second"],
                row["undefined"] or _shown(row["alpha"]),
                f"{_shown(row['low'])} to {_shown(row['high'])}",
                f"{row['n']:,}",
                _shown(row["percent"]),
                _shown(row["kappa"]),
            )
    return table


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
    """With slices, these; a board of a whole question has no `slice`."""
    table = Table("question", "slice", "rank", "model", "strength", "95 %", "judgments", "missing")
    boards = [
        (each["question"], board)
        for each in made["boards"]
        for board in ([each] if "models" in each else each["slices"])
    ]
    for question, board in boards:
        for row in board["models"]:
            table.add_row(
                question,
                board.get("slice", ""),
                f"{row['best_rank']} to {row['worst_rank']}",
                row["model"],
                _shown(row["strength"]),
                f"{_shown(row['low'])} to {_shown(row['high'])}",
                f"{row['judgments']:,}",
                f"{board.get('missing') or 0:,}",
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
    table = Table("person", "judgments", "gold passed", "repeats alike", "swapped: first", "first place", "too fast")  # fmt: skip
    for each in made["people"]:
        table.add_row(
            each["annotator"],
            f"{each['judgments']:,}",
            _part(each["gold"]),
            _part(each["repeats"]),
            _shown(each["swapped"] and each["swapped"]["value"]),
            _shown(each["position"] and each["position"]["value"]),
            _part(each["hasty"]),
        )
    return table


def _bias(made: dict[str, Any]) -> Table:
    table = Table("figure", "question", "slice", "model", "value", "95 %", "n", "missing", "p")
    for row in figures_in(made):
        table.add_row(
            row["figure"],
            row.get("question", ""),
            str(row.get("slice") or ""),
            str(row.get("subject") or "all"),
            _shown(row["value"]),
            f"{_shown(row['low'])} to {_shown(row['high'])}",
            "" if row["n"] is None else f"{row['n']:,}",
            f"{row.get('missing') or 0:,}",
            _shown(row["p_corrected"]),
        )
    return table


def _progress(made: dict[str, Any]) -> Table:
    table = Table("tasks", "wanted", "done", "in hand", "waiting", "expected", "95 %")
    counts = [f"{made[name]:,}" for name in ("tasks", "wanted", "done", "in_hand", "waiting")]
    ends = [made["expected"][name] or "–" for name in ("value", "low", "high")]
    table.add_row(*counts, ends[0], f"{ends[1]} to {ends[2]}")
    return table


def _part(share: dict[str, Any] | None) -> str:
    return "–" if share is None else f"{share['part']} of {share['n']}"


_TABLES = {
    "agreement": _agreement,
    "bias": _bias,
    "consistency": _consistency,
    "leaderboard": _leaderboard,
    PROGRESS: _progress,
    "reliability": _reliability,
    "wordings": _wordings,
}


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
