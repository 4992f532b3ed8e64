from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.accounts.models import Member
from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.lineage.models import Erasure
from evalhub.lineage.services import start_erasure


class Command(BaseCommand):
    help = (
        "Forget a member: overwrite what they wrote and who they were, delete files that hold it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument("--member", required=True, metavar="UID")
        parser.add_argument("--yes", action="store_true", help="do it; it cannot be undone")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            member = _member(options["workspace"], options["member"])
            if not options["yes"]:
                raise CommandError(f"{member} would be erased for good. Say --yes.")
            unfinished = Erasure.objects.filter(member=member, finished_at=None).first()
            erasure = unfinished or start_erasure(member=member, by=None)
        except DomainError as error:
            raise CommandError(str(error)) from error
        job = run_or_follow(erasure.job)
        if job.state != JobState.SUCCEEDED:
            raise CommandError(job.error or f"The erasure was {job.state}.")
        if options["json"]:
            self.stdout.write(json.dumps(job.result))
            return
        rows = sum(job.result["overwritten"].values())
        self.stdout.write(f"{rows:,} rows overwritten, {len(job.result['builds'])} builds erased.")
        for run in job.result["runs"]:
            self.stdout.write(f"  a run read such a build; on its worker look at {run['folder']}")


def _member(slug: str, uid: str) -> Member:
    try:
        found = workspace_named(slug).members.filter(uid=uid).first()
    except ValidationError:
        found = None
    if found is None:
        raise CommandError(f"“{slug}” has no member {uid}.")
    return found
