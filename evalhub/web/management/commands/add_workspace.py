"""`manage.py add_workspace acme --owner olga`: a workspace with a base model, and a link for its owner."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.common.errors import DomainError
from evalhub.registry.models import LanguageModel
from evalhub.web.services import open_workspace


class Command(BaseCommand):
    help = "Make a workspace and its owner; prints the link with which they choose a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="its name in addresses: a-z, 0-9 and hyphens")
        parser.add_argument("--name", help="as people read it; the slug when not given")
        parser.add_argument("--owner", required=True, help="user name; an account is made if new")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's own signature
        try:
            invited = open_workspace(
                slug=options["slug"],
                name=options["name"] or options["slug"],
                owner=options["owner"],
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        host = f"http://{settings.EVALHUB_HOST}:{settings.EVALHUB_PORT}"
        self.stdout.write(f"{host}/w/{options['slug']}/ belongs to {options['owner']}.")
        models = LanguageModel.objects.of_workspace(invited.member.workspace)
        if base := models.first():
            self.stdout.write(f"Its Rounds start from the base model {base}.")
        else:
            self.stdout.write(
                f"It has no base model: EVALHUB_BASE_MODEL is {settings.EVALHUB_BASE_MODEL}, and there "
                "is none. Register one with manage.py add_model."
            )
        if invited.path:
            self.stdout.write(
                f"To choose a password, once, within three days: {host}{invited.path}"
            )
