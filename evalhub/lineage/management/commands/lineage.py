from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.models import Member
from evalhub.judgments.models import Judgment
from evalhub.lineage.access import Subject
from evalhub.lineage.queries import as_json, touched_by
from evalhub.prompts.models import Prompt


class Command(BaseCommand):
    help = "Every build, run, model, evaluation and promotion that a judgment, prompt or member touched."

    def add_arguments(self, parser: CommandParser) -> None:
        named = parser.add_mutually_exclusive_group(required=True)
        named.add_argument("--judgment", metavar="UID")
        named.add_argument("--prompt", metavar="UID")
        named.add_argument("--member", metavar="UID")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        found = as_json(touched_by(_subject(options)))
        if options["json"]:
            self.stdout.write(json.dumps(found))
            return
        for build in found["builds"]:
            rows = sum(build["rows"].values())
            alone = build["rows_resting_on_it"]
            self.stdout.write(
                f"build {build['build']} of {build['dataset']}: {rows} rows, {alone} rest on it"
            )
        for run in found["runs"]:
            self.stdout.write(f"run {run['run']} ({run['recipe']})")
        for model in found["models"]:
            self.stdout.write(f"model {model['name']} ({model['stage']}), {model['through']}")
        counts = f"{len(found['evaluations'])} evaluations, {len(found['promotions'])} promotions"
        self.stdout.write(f"{counts}.")


def _subject(options: dict[str, Any]) -> Subject:
    models: dict[str, type[Subject]] = {"judgment": Judgment, "prompt": Prompt, "member": Member}
    kind = next(name for name in models if options[name])
    rows = models[kind].objects.select_related("workspace")
    try:
        found = rows.filter(uid=options[kind]).first()
    except ValidationError:
        found = None
    if found is None:
        raise CommandError(f"There is no {kind} {options[kind]}.")
    return found
