"""`manage.py add_model Qwen/Qwen3-0.6B --workspace acme`: a base model that Loops can start from."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.registry.services import add_base_model


class Command(BaseCommand):
    help = "Register a base model: a directory of this machine, or a hub id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "source", help="a directory with config.json and safetensors, or owner/name"
        )
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument("--name", help="the last part of the source when not given")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        source = options["source"]
        try:
            model = add_base_model(
                workspace=workspace_named(options["workspace"]),
                name=options["name"] or PurePath(source).name,
                source=source,
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{model} is registered; the first job that needs it reads its files.")
