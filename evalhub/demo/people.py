"""Who lives in the demo: one person per role, and members who judge by a rule."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db import transaction

from evalhub.accounts.choices import MemberKind, Role
from evalhub.accounts.models import Member, User, Workspace
from evalhub.accounts.services import add_member
from evalhub.audit.services import record
from evalhub.registry.services import found_workspace

PEOPLE = {
    "olga": Role.OWNER,  # first: a workspace always has an owner
    "alice": Role.LEAD,
    "bob": Role.ANNOTATOR,
    "erin": Role.ENGINEER,
    "rita": Role.REVIEWER,
}
SIMULATED = ("simulated-1", "simulated-2")

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another


@dataclass(frozen=True)
class Person:
    """`password` is None when the person had one before: it is not known any more."""

    name: str
    role: str
    password: str | None


@transaction.atomic
def settle(*, slug: str) -> Workspace:
    workspace = Workspace.objects.filter(slug=slug).first()
    return workspace or found_workspace(slug=slug, name=slug.replace("-", " ").capitalize())


@transaction.atomic
def invite(*, workspace: Workspace) -> None:
    """Make the accounts that are missing; nobody can sign in before `hand_out_passwords`."""
    for name, role in PEOPLE.items():
        user = User.objects.filter(username=name).first() or _new_user(name)
        if not workspace.members.filter(user=user).exists():
            add_member(workspace=workspace, pseudonym=name, roles=[role], user=user)


@transaction.atomic
def hand_out_passwords(*, workspace: Workspace, reset: bool) -> list[Person]:
    """Give one to everybody who has none; its text is in the answer and nowhere else.

    Done last, so that a seeding that broke off has taken no password with it.

    Args:
        reset: give one to those who have one, too.
    """
    return [
        Person(name, role.value, _password(workspace, name, reset=reset))
        for name, role in PEOPLE.items()
    ]


@transaction.atomic
def simulated_members(*, workspace: Workspace) -> list[Member]:
    return [_simulated(workspace, pseudonym) for pseudonym in SIMULATED]


def _new_user(name: str) -> User:
    user = User(username=name)
    user.set_unusable_password()
    user.save()
    return user


def _password(workspace: Workspace, name: str, *, reset: bool) -> str | None:
    user = User.objects.select_for_update().get(username=name)
    if user.has_usable_password() and not reset:
        return None
    password = _new_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    record("user.password_set", actor="system", workspace=workspace.slug, target=f"user {name}")
    return password


def _simulated(workspace: Workspace, pseudonym: str) -> Member:
    known = workspace.members.filter(pseudonym=pseudonym).first()
    return known or add_member(
        workspace=workspace,
        pseudonym=pseudonym,
        roles=[Role.ANNOTATOR],
        kind=MemberKind.SIMULATED,
    )


def _new_password() -> str:
    """Three groups of five letters: 74 bits, and can be typed."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3))
