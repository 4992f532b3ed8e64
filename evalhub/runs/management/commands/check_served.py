"""`manage.py check_served --workspace acme --model NAME --endpoint NAME [--json]`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.text import capfirst

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.registry.access import endpoint_named, model_named
from evalhub.runs.exporting.served import served_summary, start_check


class Command(BaseCommand):
    help = (
        "Ask the server that is said to serve an adapter, and compare with what the adapter answers here; "
        "ends with 1 where it serves the base alone or reads prompts in another template. Ctrl-C cancels."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace’s slug")
        parser.add_argument("--model", required=True, help="the adapter’s name")
        parser.add_argument("--endpoint", required=True, help="the name of the endpoint")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            workspace = workspace_named(options["workspace"])
            run = start_check(
                model=model_named(workspace.pk, options["model"]),
                endpoint=endpoint_named(workspace.pk, options["endpoint"]).model,
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        job = run_or_follow(run.job)
        if job.state != JobState.SUCCEEDED:
            raise CommandError(job.error or f"The check was {job.state}.")
        run.refresh_from_db()
        run.job.refresh_from_db()
        told = served_summary(run)
        self.stdout.write(json.dumps(told, default=str) if options["json"] else _in_words(told))
        if not told["is_right"]:
            raise CommandError(f"What “{told['endpoint']}” serves is not “{options['model']}”.")


def _in_words(told: dict[str, Any]) -> str:
    metrics = told["metrics"]
    lines = [
        f"Of {metrics['prompts']:.0f} prompts “{told['endpoint']}” begins {metrics['same_as_adapter']:.0%} of its answers as "
        f"the adapter does here, and gives {metrics['same_whole']:.0%} alike to their end."
    ]
    if "same_as_base" in metrics:
        lines.append(
            f"Adapter and base part on {metrics['prompts_apart']:.0f}; of these {metrics['same_as_base']:.0%} begin as the base’s."
        )
    if "prompt_tokens_alike" in metrics:
        lines.append(
            f"It counts as many tokens as our template makes of {metrics['prompt_tokens_alike']:.0%} of "
            f"{metrics['prompts_counted']:.0f} prompts."
        )
    for each in told["findings"]:
        words, remedy = capfirst(each["words"]), capfirst(each["remedy"])
        lines.append(f"{words}: {each['told']}. {remedy}.")
    return "\n".join(lines)
