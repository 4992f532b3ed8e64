from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.status import Status
from rich.table import Table

from evalhub.common.errors import DomainError
from evalhub.demo.services import Seeded, seed_demo
from evalhub.jobs.console import run_or_follow
from evalhub.jobs.models import Job


class Command(BaseCommand):
    help = "Fill a workspace with the demo: accounts, prompts, campaigns, judgments and a loop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", default="demo", help="its slug; made when missing")
        parser.add_argument(
            "--reset-passwords", action="store_true", help="give the demo's people new passwords"
        )
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        console = Console(stderr=True)
        try:
            with console.status("Seeding the demo") as status:
                seeded = seed_demo(
                    slug=options["workspace"],
                    reset_passwords=options["reset_passwords"],
                    do_job=lambda job: _beside(status, job),
                    report=lambda what: status.update(f"Seeding the demo: {what}"),
                )
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(seeded)))
        else:
            _tell(seeded, console)


def _beside(status: Status, job: Job) -> Job:
    """A terminal shows one live line at a time: ours waits while the job shows its own."""
    status.stop()
    try:
        return run_or_follow(job)
    finally:
        status.start()


def _as_json(seeded: Seeded) -> dict[str, Any]:
    return {
        "workspace": seeded.workspace.slug,
        "people": [
            {"name": each.name, "role": each.role, "password": each.password}
            for each in seeded.people
        ],
        "loop": str(seeded.loop.uid),
        "campaigns": [str(campaign.uid) for campaign in seeded.open_campaigns],
        "made": seeded.made,
    }


def _tell(seeded: Seeded, console: Console) -> None:
    slug = seeded.workspace.slug
    made = seeded.made
    console.print(
        f"Workspace {slug}: {made['prompts']} new prompts, {made['judgments']:,} new simulated "
        f"judgments, {len(seeded.open_campaigns)} open campaigns, loop {seeded.loop.slug}."
    )
    table = Table("name", "role", "password")
    for person in seeded.people:
        table.add_row(person.name, person.role, person.password or "as before")
    console.print(table)
    if any(person.password for person in seeded.people):
        console.print("The passwords are shown this once; only their hashes are kept.")
    if not all(person.password for person in seeded.people):
        console.print("Forgotten ones: manage.py seed_demo --reset-passwords")
