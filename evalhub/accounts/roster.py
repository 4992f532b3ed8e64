"""Many members at once, from a list: first what would happen, then all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from django.db import transaction
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from evalhub.accounts.choices import Role
from evalhub.accounts.errors import RosterChanged, RosterFaulty
from evalhub.accounts.invitations import Invited, invite
from evalhub.accounts.models import Member, User, Workspace, roles_of
from evalhub.accounts.roster_file import WORDS, Fault, PersonRow, read_roster
from evalhub.accounts.services import Eligibility, change_member, set_eligibility
from evalhub.audit.services import record
from evalhub.common.canonical import sha256_of

Action = Literal["add", "change", "same"]


@dataclass(frozen=True)
class Planned:
    """What a row of the list does, as the member would be after it."""

    line: int
    username: str  # of the account that is there, else the address
    email: str
    action: Action
    pseudonym: str
    roles: list[str]
    words: Mapping[str, list[str]]
    changes: tuple[str, ...] = ()  # the fields that differ from now
    member: Member | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Plan:
    steps: list[Planned]
    faults: list[Fault]

    @property
    def digest(self) -> str:
        """The same as long as applying would do the same."""
        return sha256_of(repr(self.steps))

    @property
    def to_do(self) -> list[Planned]:
        return [step for step in self.steps if step.action != "same"]

    def count(self, action: Action) -> int:
        return sum(step.action == action for step in self.steps)


def plan_roster(*, workspace: Workspace, text: str) -> Plan:
    """What the list would do to the workspace; nothing is written."""
    file = read_roster(text)
    emails = [row.email for row in file.rows]
    by_email: dict[str, list[User]] = {}
    for user in User.objects.annotate(lower=Lower("username")).filter(lower__in=emails):
        by_email.setdefault(user.username.lower(), []).append(user)
    members = workspace.members.select_related("workspace")
    by_user = {each.user_id: each for each in members if each.user_id is not None}
    taken = {each.pseudonym: each for each in members}
    steps, faults = [], list(file.faults)
    for row in file.rows:
        accounts = by_email.get(row.email, [])
        known = [by_user[user.pk] for user in accounts if user.pk in by_user]
        step = _step(workspace, row, accounts, known)
        fault = _fault(row, step, accounts, taken)
        if fault is None:
            steps.append(step)
        else:
            faults.append(fault)
    return Plan(steps, sorted(faults, key=lambda fault: (fault.line, fault.field)))


@transaction.atomic
def apply_roster(*, workspace: Workspace, text: str, digest: str, by: Member) -> list[Invited]:
    """Do what was planned, whole; who is new comes back with the link to choose a password.

    Raises:
        RosterFaulty: a row is wrong.
        RosterChanged: it would do something else than the plan with that digest.
        NameTaken: somebody of the list became a member at this moment.
        Conflict: the last owner would lose the role.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)  # two lists: in turn
    plan = plan_roster(workspace=workspace, text=text)
    if plan.faults:
        raise RosterFaulty(_("Some rows are wrong; nothing was changed."))
    if plan.digest != digest:
        told = _("The list or the members changed since you looked; look once more.")
        raise RosterChanged(told)
    invited = [_add(workspace, step, by) for step in plan.steps if step.action == "add"]
    for step in plan.steps:
        if step.action == "change" and step.member is not None:
            _change(step.member, step, by)
    record(
        "members.imported",
        actor=by.pseudonym,
        workspace=workspace.slug,
        added=plan.count("add"),
        changed=plan.count("change"),
    )
    return invited


def _step(
    workspace: Workspace, row: PersonRow, accounts: list[User], known: list[Member]
) -> Planned:
    member = known[0] if known else None
    words = {name: row.words[name] for name in WORDS}
    if member is None:
        return Planned(
            line=row.line,
            username=accounts[0].username if accounts else row.email,
            email=row.email,
            action="add",
            pseudonym=row.pseudonym or _pseudonym_for(workspace, row.email),
            roles=roles_of(row.roles or ["annotator"]),
            words={name: given or [] for name, given in words.items()},
        )
    roles = member.roles if row.roles is None else roles_of(row.roles)
    after = {
        name: getattr(member, name) if given is None else given for name, given in words.items()
    }
    changes = ["roles"] if roles != member.roles else []
    changes += [name for name, given in after.items() if given != getattr(member, name)]
    return Planned(
        line=row.line,
        username=accounts[0].username,
        email=row.email,
        action="change" if changes else "same",
        pseudonym=member.pseudonym,
        roles=roles,
        words=after,
        changes=tuple(changes),
        member=member,
    )


def _fault(
    row: PersonRow, step: Planned, accounts: list[User], taken: Mapping[str, Member]
) -> Fault | None:
    if len(accounts) > 1:
        told = _(
            "Several accounts have this name in large and small letters; add the person by hand."
        )
        return Fault(row.line, "email", told)
    if step.member is not None and row.pseudonym not in ("", step.pseudonym):
        told = _("This member is “%(name)s”, which a list does not change: leave the cell empty.")
        return Fault(row.line, "pseudonym", told % {"name": step.pseudonym})
    if step.member is None and step.pseudonym in taken:
        told = _("Another member has this pseudonym; choose another.")
        return Fault(row.line, "pseudonym", told)
    return None


def _pseudonym_for(workspace: Workspace, email: str) -> str:
    """One that does not give the address away, the same each time the list is read."""
    digest = salted_hmac("evalhub.roster", f"{workspace.uid}:{email}", algorithm="sha256")
    return f"person-{digest.hexdigest()[:8]}"


def _add(workspace: Workspace, step: Planned, by: Member) -> Invited:
    invited = invite(
        workspace=workspace,
        username=step.username,
        email=step.email,
        roles=step.roles,
        pseudonym=step.pseudonym,
        by=by,
    )
    if any(step.words.values()):
        set_eligibility(member=invited.member, by=by, **_eligibility(step))
    return invited


def _change(member: Member, step: Planned, by: Member) -> None:
    manages = member.manages if Role.MANAGER in step.roles else []  # of which, its page says
    change_member(member=member, roles=step.roles, manages=manages, by=by, **_eligibility(step))


def _eligibility(step: Planned) -> Eligibility:
    return Eligibility(
        languages=step.words["languages"],
        groups=step.words["groups"],
        qualifications=step.words["qualifications"],
    )
