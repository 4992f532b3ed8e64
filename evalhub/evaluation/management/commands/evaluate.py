"""`manage.py evaluate --workspace W --model M --set S --json`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.evaluation.figures import in_order, kind_of, said
from evalhub.evaluation.frozen_set import names_in
from evalhub.evaluation.models import Evaluation
from evalhub.evaluation.queries import evaluation_summary
from evalhub.evaluation.services import evaluate_named
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow


class Command(BaseCommand):
    help = (
        "Measure a model on a build's test split or on a benchmark, each figure with its 95 % interval; "
        "Ctrl-C cancels. What was measured there is told again. Options are those of the recipe evaluate."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace’s slug")
        parser.add_argument("--model", required=True, help="its name")
        parser.add_argument(
            "--set", default=[], action="append", dest="sets", metavar="SET",
            help="a build's uid or digest, or a benchmark's name, uid or digest; twice for an SFT and a "
            "preference build",
        )  # fmt: skip
        parser.add_argument(
            "--harness", default="", metavar="TASKS",
            help="tasks of lm-evaluation-harness, with commas between: arc_easy,hellaswag; no set is needed then",
        )  # fmt: skip
        parser.add_argument("--reward-model", default="", help="its name; it scores the answers")
        parser.add_argument("--options", default="{}", help="a JSON object")
        parser.add_argument(
            "--again", action="store_true", help="measure anew what was measured there"
        )
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        evaluation = self._evaluation(options)
        if not evaluation.is_measured:
            job = run_or_follow(evaluation.run.job)
            if job.state != JobState.SUCCEEDED:
                raise CommandError(job.error or f"The run was {job.state}.")
            evaluation.refresh_from_db()
        if options["json"]:
            self.stdout.write(json.dumps(evaluation_summary(evaluation), ensure_ascii=False))
            return
        for name in in_order(evaluation.metrics):
            self.stdout.write(f"{kind_of(name).label}: {said(name, evaluation.metrics[name])}")

    def _evaluation(self, options: dict[str, Any]) -> Evaluation:
        try:
            chosen = json.loads(options["options"])
        except ValueError as error:
            raise CommandError(f"--options is no JSON: {error}.") from error
        if not isinstance(chosen, dict):
            raise CommandError('--options is a JSON object, as {"max_new_tokens": 48}.')
        if tasks := names_in(options["harness"]):
            chosen["harness"] = tasks
        try:
            return evaluate_named(
                workspace=workspace_named(options["workspace"]),
                model=options["model"],
                sets=options["sets"],
                rewarder=options["reward_model"],
                options=chosen,
                again=options["again"],
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
