"""`manage.py register_model --workspace acme --adapter DIR --base Qwen/Qwen3-0.6B`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.datasets.access import build_named
from evalhub.registry.access import base_named
from evalhub.runs.outside import Registered, register_adapter


class Command(BaseCommand):
    help = (
        "Take an adapter that was trained elsewhere into the registry: a folder as PEFT writes it, "
        "in safetensors. It can then be evaluated, reviewed and promoted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument("--adapter", required=True, type=Path, metavar="DIR")
        parser.add_argument("--base", required=True, help="a registered base: name, source or uid")
        parser.add_argument("--build", help="the build it was trained on: its digest, or its uid")
        parser.add_argument("--name", default="", help="of the model; made up when not given")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            workspace = workspace_named(options["workspace"])
            found = register_adapter(
                workspace=workspace,
                folder=options["adapter"],
                base=base_named(workspace.pk, options["base"]),
                name=options["name"],
                build=build_named(options["build"]) if options["build"] else None,
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"Cannot read {error.filename}: {error.strerror}.") from error
        self.stdout.write(json.dumps(_as_json(found)) if options["json"] else _in_words(found))


def _as_json(found: Registered) -> dict[str, Any]:
    model, inspected = found
    return {
        "model": str(model.uid),
        "name": model.name,
        "kind": model.kind,
        "digest": model.digest,
        "rank": inspected.rank,
        "modules": inspected.modules,
        "notes": inspected.notes,
        "not_kept": inspected.left,
    }


def _in_words(found: Registered) -> str:
    model, inspected = found
    lines = [f"{model} is registered: rank {inspected.rank} on {', '.join(inspected.modules)}."]
    lines += inspected.notes
    if inspected.left:
        lines.append(f"Left where they are, unread: {', '.join(inspected.left)}.")
    return "\n".join(lines)
