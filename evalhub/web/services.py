from __future__ import annotations

from django.db import transaction

from evalhub.accounts.choices import Role
from evalhub.accounts.invitations import Invited, invite, new_account
from evalhub.accounts.models import Member
from evalhub.accounts.services import add_member
from evalhub.registry.services import found_workspace


@transaction.atomic
def open_workspace(*, slug: str, name: str, owner: str) -> Invited:
    """Make a workspace and its owner, with an account if nobody has that user name.

    Raises:
        NameTaken: another workspace has the slug.
    """
    workspace = found_workspace(slug=slug, name=name)
    return invite(workspace=workspace, username=owner, roles=[Role.OWNER])


@transaction.atomic
def sign_up(*, username: str, password: str, slug: str, name: str) -> Member:
    """Make an account and a workspace that it owns; only where sign-up is open.

    Raises:
        NameTaken: another account has the name, or another workspace the slug.
    """
    user = new_account(username=username, password=password)
    workspace = found_workspace(slug=slug, name=name, by=username)
    return add_member(workspace=workspace, pseudonym=username, roles=[Role.OWNER], user=user)
