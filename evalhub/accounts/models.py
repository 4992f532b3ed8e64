from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from evalhub.accounts.choices import ROLE_NAMES, MailWish, MemberKind, Role
from evalhub.common.models import PublicModel, one_of

slug_rule = RegexValidator(
    r"^[a-z0-9][a-z0-9-]{0,49}$", _("Lower-case letters, digits and hyphens.")
)


class User(AbstractUser):
    """Somebody who signs in. What they judge points at their Member, never here."""

    timezone = models.CharField(max_length=60, default="UTC")
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    # in which they are told what happens; empty: nobody knows yet
    wants_mail = models.CharField(
        max_length=10,
        choices=MailWish.choices,
        default=MailWish.NONE.value,
        db_default=MailWish.NONE.value,
    )

    class Meta(AbstractUser.Meta):  # type: ignore[name-defined,misc]  # unknown to its stubs
        constraints = [one_of("mail_wish_known", "wants_mail", MailWish)]


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def visible_to(self, user: User) -> Self:
        mine = Member.objects.active().own().filter(user=user)
        return self.filter(pk__in=mine.values("workspace"))


class Workspace(PublicModel):
    """A tenant: its members, rubrics, prompts, models. Nothing crosses it."""

    slug = models.CharField(max_length=50, unique=True, validators=[slug_rule])
    name = models.CharField(max_length=100)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name


class MemberQuerySet(models.QuerySet["Member"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def with_role(self, *roles: Role) -> Self:
        return self.filter(roles__overlap=list(roles))

    def own(self) -> Self:
        """Without those who came by a join link, who may be thousands."""
        return self.filter(only_campaign=None)

    def judging(self) -> Self:
        """Whom a campaign can be for."""
        return self.own().with_role(Role.ANNOTATOR, Role.OWNER)


class Member(PublicModel):
    """A person, or a judge model, in one workspace: a pseudonym and a set of roles."""

    workspace = models.ForeignKey(Workspace, models.PROTECT, related_name="members")
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="members")
    kind = models.CharField(
        max_length=10, choices=MemberKind.choices, default=MemberKind.PERSON.value
    )
    pseudonym = models.CharField(max_length=100)
    roles: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=12, choices=Role.choices), default=list
    )
    is_active = models.BooleanField(default=True)
    erased_at = models.DateTimeField(null=True, blank=True)  # see lineage.erasing
    # What a campaign may ask for; each a list of plain words in order
    languages: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=50), default=list, blank=True, db_default=[]
    )  # as in a prompt's slice: de, en, pt-br
    groups: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=50), default=list, blank=True, db_default=[]
    )
    qualifications: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=50), default=list, blank=True, db_default=[]
    )
    # The groups whose people a manager sees, and nobody else; see groups.access
    manages: ArrayField[list[str], list[str]] = ArrayField(
        models.CharField(max_length=50), default=list, blank=True, db_default=[]
    )

    # The key of the campaign in which alone somebody may judge who came by a join link. They get
    # nothing else of the workspace: no role does, see `access`.
    only_campaign = models.BigIntegerField(null=True, blank=True)
    # In a day of the member's time zone; None: no limit
    most_tasks = models.PositiveIntegerField(null=True, blank=True)
    most_minutes = models.PositiveIntegerField(null=True, blank=True)  # active ones

    objects = MemberQuerySet.as_manager()

    class Meta:
        ordering = ["pseudonym"]
        constraints = [
            models.CheckConstraint(
                condition=Q(only_campaign=None) | Q(roles=[Role.ANNOTATOR.value]),
                name="who_came_by_a_link_only_judges",
            ),
            models.CheckConstraint(
                condition=Q(manages=[]) | Q(roles__contains=[Role.MANAGER.value]),
                name="only_a_manager_manages",
            ),
            models.UniqueConstraint(
                fields=["workspace", "pseudonym"], name="pseudonym_once_per_workspace"
            ),
            models.UniqueConstraint(
                fields=["workspace", "user"], name="one_member_per_user_and_workspace"
            ),
            models.CheckConstraint(
                condition=Q(kind=MemberKind.PERSON) | Q(user=None),
                name="only_persons_sign_in",
            ),
            models.CheckConstraint(
                condition=~Q(kind=MemberKind.WORKER) | Q(roles=[]), name="a_worker_has_no_role"
            ),
            one_of("member_kind_known", "kind", MemberKind),
        ]

    def __str__(self) -> str:
        return self.pseudonym

    @property
    def role_names(self) -> list[str]:
        """The roles in the reader's language."""
        return [str(ROLE_NAMES[role]) for role in self.roles]

    @property
    def is_limited(self) -> bool:
        return self.most_tasks is not None or self.most_minutes is not None

    def has(self, *roles: Role) -> bool:
        """Whether the member holds one of `roles`; an owner holds them all."""
        return bool({Role.OWNER, *roles} & set(self.roles))


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def live(self) -> Self:
        return self.filter(revoked_at=None, member__is_active=True)

    def visible_to(self, member: Member) -> Self:
        """One's own; an owner sees those of the whole workspace."""
        if member.has(Role.OWNER):
            return self.filter(member__workspace=member.workspace_id)
        return self.filter(member=member)


class ApiToken(PublicModel):
    """A key of one member for the API. Only its sha256 is kept; the text is shown once."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)  # what a person recognises it by
    digest = models.CharField(max_length=64, unique=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.prefix}…"


class FailedSignIn(models.Model):
    """One wrong password, kept for 15 minutes; `key` is a digest of the name or the address."""

    key = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["key", "at"], name="failed_sign_in_by_key")]

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.at:%H:%M}"


class Identity(PublicModel):
    """Somebody at an identity provider, who signs in to one account of ours."""

    user = models.ForeignKey(User, models.PROTECT, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)  # never given to another person, unlike an address

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once"),
            models.UniqueConstraint(
                fields=["issuer", "user"], name="one_identity_per_account_and_issuer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


def roles_of(names: Iterable[str]) -> list[str]:
    """The roles in their fixed order, each once."""
    wanted = set(names)
    return [role.value for role in Role if role.value in wanted]
