"""`manage.py value_tasks --workspace W --campaign UID --json`."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.valuing.choices import Aim
from evalhub.valuing.models import Valuation
from evalhub.valuing.queries import newest_job
from evalhub.valuing.serializers import ValuationSerializer
from evalhub.valuing.services import ask_by_value, stop_valuing


class Command(BaseCommand):
    help = (
        "Let a campaign of comparisons, rankings or ratings ask first what is likeliest to change a decision, and value its "
        "open tasks now; Ctrl-C cancels."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace’s slug")
        parser.add_argument("--campaign", required=True, type=UUID, help="its uid")
        parser.add_argument("--aim", choices=Aim.values, default=Aim.BOTH.value)
        parser.add_argument("--by-lot", type=int, default=20, help="percent of the tasks")
        parser.add_argument("--every", type=int, default=50, help="judgments, then anew")
        parser.add_argument("--threshold", type=float, default=4.0, help="good ratings, 1 to 5")
        parser.add_argument("--stop", action="store_true", help="value no task anew")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            workspace = workspace_named(options["workspace"])
            campaign = Campaign.objects.filter(workspace=workspace, uid=options["campaign"]).first()
            if campaign is None:
                raise CommandError(f"No campaign {options['campaign']} in {workspace.slug}.")
            valuation = self._valued(campaign, options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(ValuationSerializer(valuation).data, default=str))
            return
        for order in valuation.figures.get("orders", []):
            within = f" in {order['slice']}" if order["slice"] else ""
            self.stdout.write(
                f"{order['better']} over {order['worse']}{within}: wrong with {order['wrong']:.0%}"
            )

    def _valued(self, campaign: Campaign, options: dict[str, Any]) -> Valuation:
        if options["stop"]:
            known = Valuation.objects.filter(campaign=campaign).first()
            if known is None:
                raise CommandError("Its tasks stand in the order of the lot: nothing to stop.")
            return stop_valuing(valuation=known)
        valuation = ask_by_value(
            campaign=campaign, aim=Aim(options["aim"]), by_lot=options["by_lot"],
            every=options["every"], threshold=options["threshold"],
        )  # fmt: skip
        if (job := newest_job(valuation)) is not None:
            job = run_or_follow(job)
            if job.state != JobState.SUCCEEDED:
                raise CommandError(job.error or f"The job was {job.state}.")
        valuation.refresh_from_db()
        return valuation
