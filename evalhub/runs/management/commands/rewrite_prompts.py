from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.prompts.access import collection_named
from evalhub.registry.access import model_named
from evalhub.runs.models import Rewriting, RewritingWay
from evalhub.runs.rewriting.asking import LANGUAGES
from evalhub.runs.rewriting.queries import rewriting_summary
from evalhub.runs.rewriting.services import start_rewriting


class Command(BaseCommand):
    help = "Let a model write a collection’s prompts for training anew; Ctrl-C cancels."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace’s slug")
        parser.add_argument("--collection", required=True, help="its slug")
        parser.add_argument("--model", required=True, help="the name of a base or an adapter")
        parser.add_argument("--way", required=True, choices=RewritingWay.values)
        parser.add_argument(
            "--language", default="", choices=["", *LANGUAGES], help="of the prompts"
        )
        parser.add_argument("--through", default="", choices=["", *LANGUAGES], help="in between")
        parser.add_argument("--each", type=int, default=1, help="new prompts for each, at most")
        parser.add_argument("--most", type=int, default=1000, help="prompts, drawn by --seed")
        parser.add_argument("--max-new-tokens", type=int, default=256)
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        rewriting = self._started(options)
        while rewriting.made is None:
            job = run_or_follow(rewriting.last_run.job)
            if job.state != JobState.SUCCEEDED:
                raise CommandError(job.error or f"The run was {job.state}.")
            rewriting = Rewriting.objects.select_related("first__job", "second__job").get(
                pk=rewriting.pk
            )
        summary = rewriting_summary(rewriting)
        if options["json"]:
            self.stdout.write(json.dumps(summary, ensure_ascii=False))
            return
        dropped = sum(rewriting.dropped.values())
        self.stdout.write(
            f"{rewriting}: {rewriting.made:,} prompts in {rewriting.target.slug}, {dropped:,} dropped"
        )

    def _started(self, options: dict[str, Any]) -> Rewriting:
        names = ("way", "language", "through", "each", "most", "max_new_tokens", "seed")
        try:
            workspace = workspace_named(options["workspace"])
            return start_rewriting(
                collection=collection_named(workspace, options["collection"]),
                model=model_named(workspace.pk, options["model"]),
                **{name: options[name] for name in names},
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
