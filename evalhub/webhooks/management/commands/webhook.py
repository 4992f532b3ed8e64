"""`manage.py webhook --workspace acme --name ops --address https://… --event round.ended --json`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.common.errors import DomainError
from evalhub.webhooks.choices import EVENTS, WebhookKind
from evalhub.webhooks.models import Webhook
from evalhub.webhooks.serializers import MadeSerializer, WebhookSerializer
from evalhub.webhooks.services import add_webhook


class Command(BaseCommand):
    help = (
        "Tell a server elsewhere what happens in a workspace; without --address, list who is told."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument("--name", default="", help="as people know the receiver")
        parser.add_argument("--kind", default="standard", choices=WebhookKind.values)
        parser.add_argument("--address", default="", help="https://…; it is kept encrypted")
        parser.add_argument(
            "--event", action="append", choices=[*EVENTS], help="all when not given"
        )
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            workspace = workspace_named(options["workspace"])
            if not options["address"]:
                rows = Webhook.objects.standing().filter(workspace=workspace)
                told = WebhookSerializer(rows, many=True).data
                self.stdout.write(json.dumps(told, default=str, ensure_ascii=False))
                return
            made = add_webhook(
                workspace=workspace,
                name=options["name"],
                kind=options["kind"],
                address=options["address"],
                events=options["event"] or [*EVENTS],
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            data = MadeSerializer(made).data
            self.stdout.write(json.dumps(data, default=str, ensure_ascii=False))
            return
        self.stdout.write(f"{made.webhook} at {made.webhook.told} is told from now on.")
        if made.secret:
            self.stdout.write(f"Its secret, shown this once: {made.secret}")
