"""`manage.py endpoint --workspace acme --name gpt --url https://api.example.com/v1 --model m --json`."""

from __future__ import annotations

import json
import sys
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.accounts.models import Workspace
from evalhub.common.errors import DomainError
from evalhub.registry.access import endpoint_named
from evalhub.registry.endpoints import Access, add_endpoint, change_endpoint, retire_endpoint
from evalhub.registry.models import Endpoint, LanguageModel
from evalhub.registry.serializers import EndpointSerializer


class Command(BaseCommand):
    help = (
        "Register a model that a server elsewhere runs, or change or retire one; without --name, list them. "
        "A key is read from standard input, so that no list of processes shows it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="its slug")
        parser.add_argument("--name", help="of the model here")
        parser.add_argument("--url", help="what stands before /chat/completions")
        parser.add_argument("--model", help="as the server calls it")
        parser.add_argument("--price", nargs=2, metavar=("READ", "WRITTEN"), help="of a million tokens")  # fmt: skip
        parser.add_argument("--per-minute", type=int, help="requests; 0: as many as it takes")
        parser.add_argument("--at-once", type=int, help="requests")
        parser.add_argument("--key-stdin", action="store_true", help="read the key; empty drops it")
        parser.add_argument("--retire", action="store_true", help="start no run with it any more")
        parser.add_argument("--json", action="store_true", help="all of them as a JSON list")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            workspace = workspace_named(options["workspace"])
            if options["name"]:
                _set(workspace, options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        endpoints = Endpoint.objects.filter(model__workspace=workspace).select_related("model")
        listed = endpoints.order_by("model__name", "pk")
        if options["json"]:
            told = EndpointSerializer(listed, many=True).data
            self.stdout.write(json.dumps(told, ensure_ascii=False, default=str))
        else:
            for each in listed:
                self.stdout.write(f"{each.model}: {each} ({each.model.stage})")


def _set(workspace: Workspace, options: dict[str, Any]) -> None:
    name = options["name"]
    if options["retire"]:
        retire_endpoint(endpoint=endpoint_named(workspace.pk, name))
        return
    key = sys.stdin.readline().strip() if options["key_stdin"] else None
    if LanguageModel.objects.of_workspace(workspace).filter(name=name).exists():
        endpoint = endpoint_named(workspace.pk, name)
        change_endpoint(endpoint=endpoint, given=_given(options), key=key)
        return
    given = {"url": "", "served_name": ""} | _given(options)
    add_endpoint(workspace=workspace, name=name, access=Access(**given), key=key or "")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Of the fields of an Access, those that were named."""
    named = {
        "url": options["url"], "served_name": options["model"], "per_minute": options["per_minute"],
        "at_once": options["at_once"],
    }  # fmt: skip
    if options["price"]:
        try:
            named["input_price"], named["output_price"] = map(Decimal, options["price"])
        except InvalidOperation as error:
            raise CommandError("--price takes two numbers, as 0.15 0.60.") from error
    return {field: value for field, value in named.items() if value is not None}
