"""`manage.py add_workspace acme --owner olga`: a workspace, and a link for its owner."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from evalhub.accounts.choices import Role
from evalhub.accounts.invitations import Invited, invite
from evalhub.accounts.services import create_workspace
from evalhub.common.errors import DomainError


class Command(BaseCommand):
    help = "Make a workspace and its owner; prints the link with which they choose a password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="its name in addresses: a-z, 0-9 and hyphens")
        parser.add_argument("--name", help="as people read it; the slug when not given")
        parser.add_argument("--owner", required=True, help="user name; an account is made if new")

    def handle(self, *args: Any, **options: Any) -> None:  # Any: Django's own signature
        try:
            invited = _add(options["slug"], options["name"] or options["slug"], options["owner"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        host = f"http://{settings.EVALHUB_HOST}:{settings.EVALHUB_PORT}"
        self.stdout.write(f"{host}/w/{options['slug']}/ belongs to {options['owner']}.")
        if invited.path:
            self.stdout.write(
                f"To choose a password, once, within three days: {host}{invited.path}"
            )


@transaction.atomic
def _add(slug: str, name: str, owner: str) -> Invited:
    workspace = create_workspace(slug=slug, name=name)
    return invite(workspace=workspace, username=owner, roles=[Role.OWNER])
