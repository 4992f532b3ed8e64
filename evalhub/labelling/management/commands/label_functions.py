from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evalhub.campaigns.models import Campaign
from evalhub.common.errors import DomainError
from evalhub.labelling.access import access_criterion_of
from evalhub.labelling.figures import Figures, FunctionFigures
from evalhub.labelling.grounds import tasks_of
from evalhub.labelling.polling import poll


class Command(BaseCommand):
    help = (
        "Let a campaign's labelling functions vote, and print what comes of it; nothing is stored."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", required=True, type=UUID, metavar="UID")
        parser.add_argument("--criterion", default="", metavar="SLUG", help="default: the first")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        campaign = Campaign.objects.filter(uid=options["campaign"]).first()
        if campaign is None:
            raise CommandError(f"There is no campaign {options['campaign']}.")
        try:
            criterion = access_criterion_of(campaign, options["criterion"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        console = Console(stderr=True)
        with console.status("Voting"):
            figures = poll(tasks_of(campaign), criterion, report=lambda **_far: None).figures
        if options["json"]:
            told = {"campaign": str(campaign.uid), "criterion": criterion.slug}
            self.stdout.write(json.dumps(told | figures.public()))
            return
        with console.capture() as shown:
            console.print(_table(figures))
        self.stdout.write(shown.get())


def _table(figures: Figures) -> Table:
    table = Table("function", "votes", "overlaps", "conflicts", "estimated", "measured", "95 %")
    for each in figures.functions:
        share = each.measured
        table.add_row(
            escape(f"{each.name} v{each.number}"),
            f"{each.votes:,}",
            f"{each.overlaps:,}",
            f"{each.conflicts:,}",
            _shown(each.accuracy),
            f"{_shown(share.value)} ({each.right} of {each.labelled})",
            _interval(each),
        )
    return table


def _interval(each: FunctionFigures) -> str:
    return f"{_shown(each.measured.low)} to {_shown(each.measured.high)}"


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
