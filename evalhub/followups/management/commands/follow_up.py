"""`manage.py follow_up --workspace W --model M --campaign UID --json`, and `--read UID --json`."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.accounts.models import Workspace
from evalhub.common.errors import DomainError
from evalhub.followups.access import about_named, follow_ups
from evalhub.followups.asking import ask_people
from evalhub.followups.models import FollowUp
from evalhub.followups.serializers import FollowUpSerializer
from evalhub.followups.services import end_follow_up, start_follow_up
from evalhub.followups.telling import headline
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.registry.access import model_named


class Command(BaseCommand):
    help = (
        "Ask whether a model learned what people corrected or criticised: it answers those prompts "
        "again, and others judge old, edit and new without knowing which is which. The command ends "
        "when they are asked; --read tells what they found. Ctrl-C cancels."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace’s slug")
        parser.add_argument("--read", type=UUID, help="a follow-up’s uid: tell where it stands")
        parser.add_argument("--end", type=UUID, help="a follow-up’s uid: ask nobody any more")
        parser.add_argument("--model", help="the name of the one that is asked about")
        parser.add_argument("--campaign", type=UUID, help="its uid: what people said there")
        parser.add_argument("--collection", help="or its slug: what they said on its prompts")
        parser.add_argument("--votes", type=int, default=2, help="judgments on each answer")
        parser.add_argument("--most-prompts", type=int, default=200)
        parser.add_argument("--max-new-tokens", type=int, default=256)
        parser.add_argument(
            "--accepts-simulated", action="store_true", help="simulated members count as people"
        )
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            workspace = workspace_named(options["workspace"])
            follow_up = self._follow_up(workspace, options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(FollowUpSerializer(follow_up).data, default=str))
        else:
            self.stdout.write(f"{follow_up.uid}\n{headline(follow_up)}")

    def _follow_up(self, workspace: Workspace, options: dict[str, Any]) -> FollowUp:
        if options["end"]:
            return end_follow_up(follow_up=_named(workspace, options["end"]))
        if options["read"]:
            return _named(workspace, options["read"])
        if not options["model"] or bool(options["campaign"]) == bool(options["collection"]):
            raise CommandError("Name --model, and --campaign or --collection.")
        begun = start_follow_up(
            model=model_named(workspace.pk, options["model"]),
            about=about_named(
                workspace, campaign=options["campaign"], collection=options["collection"] or ""
            ),
            votes=options["votes"],
            most_prompts=options["most_prompts"],
            max_new_tokens=options["max_new_tokens"],
            accepts_simulated=options["accepts_simulated"],
        )
        job = run_or_follow(begun.run.job)
        if job.state != JobState.SUCCEEDED:
            raise CommandError(job.error or f"The job was {job.state}.")
        ask_people(begun.pk)  # at once: its news may be on the way, and twice changes nothing
        return _named(workspace, begun.uid)


def _named(workspace: Workspace, uid: UUID) -> FollowUp:
    found = follow_ups().filter(workspace=workspace, uid=uid).first()
    if found is None:
        raise CommandError(f"No follow-up {uid} in {workspace.slug}.")
    return found
