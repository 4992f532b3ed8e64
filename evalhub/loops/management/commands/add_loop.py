"""`manage.py add_loop main --workspace acme --collection faq`: a Loop for `run_round`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.accounts.models import Workspace
from evalhub.common.errors import DomainError, NotFound
from evalhub.loops.services import create_loop
from evalhub.prompts.models import Collection
from evalhub.registry.access import model_named
from evalhub.registry.services import default_base_model
from evalhub.rubrics.services import default_rubric


class Command(BaseCommand):
    help = "Set up a Loop on a collection, with the workspace's default rubric."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="names it in commands: a-z, 0-9 and hyphens")
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument("--collection", required=True, help="the collection's slug")
        parser.add_argument(
            "--model", default="", help="a base model's name; EVALHUB_BASE_MODEL if none"
        )
        parser.add_argument("--name", default="", help="as people read it; the slug when not given")
        parser.add_argument(
            "--policy", default="{}", type=json.loads, help="JSON: what is not default"
        )

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            workspace = workspace_named(options["workspace"])
            name = options["model"]
            loop = create_loop(
                workspace=workspace,
                slug=options["slug"],
                name=options["name"] or options["slug"],
                base_model=(
                    model_named(workspace.pk, name)
                    if name
                    else default_base_model(workspace=workspace)
                ),
                collection=_collection(workspace, options["collection"]),
                rubric_version=default_rubric(workspace=workspace),
                policy=options["policy"],
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{loop} learns on {loop.base_model} from judgments on {loop.collection}."
        )


def _collection(workspace: Workspace, slug: str) -> Collection:
    found = workspace.collections.filter(slug=slug).first()
    if found is None:
        known = ", ".join(workspace.collections.values_list("slug", flat=True)) or "none"
        raise NotFound(f"“{workspace.slug}” has no collection “{slug}”; it has: {known}.")
    return found
