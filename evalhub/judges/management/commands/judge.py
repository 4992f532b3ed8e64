"""`manage.py judge --workspace W --judge NAME --campaign UID [--model M --rubric-version UID] --json`."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.judges.access import judge_named
from evalhub.judges.choices import OnConflict
from evalhub.judges.models import Judge
from evalhub.judges.queries import judge_summary
from evalhub.judges.services import MOST_REQUESTS, MOST_TASKS, create_judge, start_judging
from evalhub.registry.access import model_named


class Command(BaseCommand):
    help = (
        "Let a judge model judge the tasks of a campaign, within a budget; Ctrl-C cancels. A judge that "
        "there is not yet is made of --model, for the campaign's rubric."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace’s slug")
        parser.add_argument("--judge", required=True, help="its name")
        parser.add_argument("--campaign", required=True, type=UUID)
        parser.add_argument("--model", help="the name of the model that a new judge is made of")
        parser.add_argument(
            "--on-conflict", choices=OnConflict.values, default=OnConflict.TIE.value
        )
        parser.add_argument("--most-tasks", type=int, default=MOST_TASKS)
        parser.add_argument("--most-requests", type=int, default=MOST_REQUESTS)
        parser.add_argument("--most-cost", type=Decimal, help="by the server’s prices")
        parser.add_argument("--max-new-tokens", type=int, default=512)
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        bounds = ("on_conflict", "most_tasks", "most_requests", "most_cost", "max_new_tokens")
        try:
            workspace = workspace_named(options["workspace"])
            campaign = workspace.campaigns.filter(uid=options["campaign"]).first()
            if campaign is None:
                raise CommandError("There is no such campaign in the workspace.")
            judge = _judge(workspace, campaign, options)
            asked = {name: options[name] for name in bounds}
            judging = start_judging(judge=judge, campaign=campaign, by=None, **asked)
        except DomainError as error:
            raise CommandError(str(error)) from error
        job = run_or_follow(judging.run.job)
        if job.state != JobState.SUCCEEDED:
            raise CommandError(job.error or f"The run was {job.state}.")
        judging.refresh_from_db()
        told = f"{judging.counts['judged']:,} tasks judged, {judging.counts['left_out']:,} left out"
        self.stdout.write(json.dumps(judge_summary(judge)) if options["json"] else told)


def _judge(workspace: Workspace, campaign: Campaign, options: dict[str, Any]) -> Judge:
    name, model = options["judge"], options["model"]
    if (found := judge_named(workspace, name)) is not None:
        return found
    if not model:
        raise CommandError(f"There is no judge “{name}”; name the --model that it shall be.")
    return create_judge(
        name=name,
        model=model_named(workspace.pk, model),
        version=campaign.rubric_version,
        by=None,
    )
