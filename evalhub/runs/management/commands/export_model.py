"""`manage.py export_model --workspace acme --model NAME --as peft --output FOLDER`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.registry.access import model_named
from evalhub.registry.models import LanguageModel
from evalhub.registry.serving import serving_of
from evalhub.runs.exporting.models import export_model, start_merge
from evalhub.runs.models import Run


class Command(BaseCommand):
    help = "Write an adapter as a PEFT folder, or merged into its base; Ctrl-C cancels a merge."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument("--model", required=True, help="its name")
        parser.add_argument("--as", required=True, choices=["peft", "merged"], dest="target")
        parser.add_argument("--output", required=True, type=Path, metavar="FOLDER")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        folder: Path = options["output"]
        try:
            model = model_named(workspace_named(options["workspace"]).pk, options["model"])
            merge = _merged(model) if options["target"] == "merged" else None
            files = merge.merged_files if merge else None
            written = export_model(model=model, files=files, folder=folder)
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"Cannot write {folder}: {error.strerror}.") from error
        serving = serving_of(model)
        told = {
            "model": model.name,
            "files": written,
            "difference": merge.metrics if merge else None,
            "vllm": serving.command if serving and not merge else "",
        }
        self.stdout.write(json.dumps(told) if options["json"] else _in_words(folder, told))


def _merged(model: LanguageModel) -> Run:
    """Waits for it, or does it here where no worker runs."""
    run = start_merge(model=model)
    job = run.job if run.is_closed else run_or_follow(run.job)
    run.refresh_from_db()
    if job.state != JobState.SUCCEEDED:
        raise CommandError(job.error or f"The merge was {job.state}.")
    return run


def _in_words(folder: Path, told: dict[str, Any]) -> str:
    lines = [f"{folder}: {', '.join(told['files'])}."]
    if told["difference"]:
        most = told["difference"]["max_logit_difference"]
        lines.append(f"Merged, it gives logits that differ by at most {most:.3g} on six prompts.")
    return "\n".join([*lines, told["vllm"]] if told["vllm"] else lines)
