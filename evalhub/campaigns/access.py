"""The only way a view gets a campaign or an assignment."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from rest_framework.request import Request

from evalhub.accounts.access import ROLES_FOR, Act, access_member, acting_member, must_annotate
from evalhub.accounts.acting import Acting
from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member, User, Workspace
from evalhub.campaigns.choices import AssignmentState, CampaignState
from evalhub.campaigns.models import Assignment, Campaign, Flag, Guidelines, Task, WordingHalf
from evalhub.common.errors import NotFound
from evalhub.common.rows import joined
from evalhub.rubrics.models import RubricVersion

_OF_LATE = (
    "draft",
    "member",
    "task__prompt",
    "task__campaign__rubric_version",
    "task__campaign__guidelines",
    "task__campaign__workspace",
    "campaign",
)
_OF_TASK = ("prompt", "campaign__rubric_version", "campaign__guidelines", "campaign__workspace")
WATCHERS = (Role.LEAD, Role.ENGINEER, Role.REVIEWER)


def access_campaign(member: Member, uid: UUID) -> Campaign:
    """The workspace's campaign `uid`; drafts are seen only by those who prepare or watch them."""
    campaign = (
        Campaign.objects.filter(workspace_id=member.workspace_id, uid=uid)
        .select_related("rubric_version__rubric", "workspace", "guidelines")
        .first()
    )
    if campaign is None or not _shown_to(member, campaign):
        raise NotFound(_("No such campaign."))
    return campaign


class AtDesk(NamedTuple):
    member: Member
    campaign: Campaign


def access_desk(user: User, slug: str, uid: UUID) -> AtDesk:
    """Who judges and what, for the annotator's page, which asks with every judgment: one read.

    What is frozen (the rubric version, the guidelines) comes from the process's memory.

    Raises:
        NotFound, Forbidden: as `access_member` and `access_campaign` do.
    """
    desk, _more = access_desk_with(user, slug, uid)
    return desk


def access_desk_with(
    user: User,
    slug: str,
    uid: UUID,
    *,
    tables: str = "",
    values: Sequence[object] = (),
    also: str = "",
) -> tuple[AtDesk, list[Any] | None]:
    """As `access_desk`, with more that is read in the same statement.

    Args:
        tables: what is joined to the member m, the workspace w and the campaign c; our own text,
            with %s for `values`.
        also: the columns of it that are wanted.

    Returns:
        The desk, and those columns; None when the tables have no such row.
    """
    found = joined(
        [("m", Member), ("w", Workspace), ("c", Campaign)],
        "accounts_member m JOIN accounts_workspace w ON w.id = m.workspace_id"
        f" JOIN campaigns_campaign c ON c.workspace_id = w.id {tables}"
        " WHERE m.user_id = %s AND w.slug = %s AND m.is_active AND c.uid = %s",
        [*values, user.pk, slug, uid],
        also=also,
    )
    if found is None or not found[0].has(*ROLES_FOR["judge"]) or not _shown_to(found[0], found[2]):
        member = access_member(user, slug, to="judge")  # which says what is wrong
        return AtDesk(member, access_campaign(member, uid)), None
    member, workspace, campaign, *more = found
    member.workspace, member.user = workspace, user
    campaign.workspace = workspace
    campaign.rubric_version = version_of(campaign.rubric_version_id)
    shown_to(campaign, member.pk)
    if campaign.guidelines_id is not None:
        campaign.guidelines = guidelines_of(campaign.guidelines_id)
    return AtDesk(member, campaign), more


def shown_to(campaign: Campaign, member_pk: int) -> Campaign:
    """The campaign with the wording of the rubric that the member is shown, where two are tried.

    Without a trial it is left as it is, and nothing is read.
    """
    if campaign.second_version_id is not None:
        halves = WordingHalf.objects.filter(campaign=campaign.pk, member=member_pk)
        version = halves.values_list("version", flat=True).first()
        if version is None:
            uid = Member.objects.values_list("uid", flat=True).get(pk=member_pk)
            version = campaign.wording_drawn_for(uid)
        campaign.rubric_version = version_of(version)
    return campaign


@lru_cache(maxsize=256)
def version_of(pk: int) -> RubricVersion:
    """A published version; kept in the process, as it is frozen."""
    return RubricVersion.objects.select_related("rubric").get(pk=pk)


@lru_cache(maxsize=256)
def guidelines_of(pk: int) -> Guidelines:
    """One version of a campaign's guidelines; kept in the process, as it is frozen."""
    return Guidelines.objects.get(pk=pk)


def acting_campaign(request: Request, uid: UUID, *, to: Act) -> Campaign:
    """The same for the API, for a token or a session."""
    campaign = (
        Campaign.objects.filter(uid=uid)
        .select_related("rubric_version__rubric", "workspace", "guidelines")
        .first()
    )
    if campaign is None:
        raise NotFound(_("No such campaign."))
    try:
        member = acting_member(request, campaign.workspace_id, to=to)
    except NotFound as error:
        raise NotFound(_("No such campaign.")) from error
    if not _shown_to(member, campaign):
        raise NotFound(_("No such campaign."))
    return campaign


def acting_judge(request: Request, workspace_pk: int) -> int:
    """The key of the member who judges; for a token without another query.

    Raises:
        NotFound: not a member of that workspace.
        Forbidden: a member, but no annotator.
    """
    if not isinstance(request.auth, Acting):
        return acting_member(request, workspace_pk, to="judge").pk
    if request.auth.workspace_id != workspace_pk:
        raise NotFound(_("No such campaign."))
    must_annotate(request.auth.roles)
    return request.auth.member_id


def acting_assignment(request: Request, uid: UUID) -> Assignment:
    """The caller's own assignment; anybody else's is as absent."""
    mine = Assignment.objects.filter(uid=uid, member__is_active=True).select_related(
        "campaign__workspace", "member"
    )
    if isinstance(request.auth, Acting):
        assignment = mine.filter(member_id=request.auth.member_id).first()
    else:
        user = cast(User, request.user)  # IsAuthenticated has let nobody else in
        assignment = mine.filter(member__user=user).first()
    if assignment is None:
        raise NotFound(_("No such assignment."))
    acting_judge(request, assignment.campaign.workspace_id)
    return assignment


def access_assignment(member: Member, campaign: Campaign, uid: UUID) -> Assignment:
    """The member's own assignment in `campaign`."""
    mine = campaign.assignments.filter(member=member, uid=uid).select_related("campaign")
    assignment = mine.first()
    if assignment is None:
        raise NotFound(_("No such assignment."))
    return assignment


def access_task(campaign: Campaign, uid: UUID) -> Task:
    """A task of a campaign that the caller may see."""
    task = campaign.tasks.select_related(*_OF_TASK).filter(uid=uid).first()
    if task is None:
        raise NotFound(_("No such task."))
    return task


def access_workspace_task(member: Member, uid: UUID) -> Task:
    """A task of any campaign of the workspace that the member may see."""
    tasks = Task.objects.filter(campaign__workspace_id=member.workspace_id)
    task = tasks.select_related(*_OF_TASK).filter(uid=uid).first()
    if task is None or not _shown_to(member, task.campaign):
        raise NotFound(_("No such task."))
    return task


def acting_task(request: Request, uid: UUID) -> tuple[Task, Member]:
    """A task and the lead who changes it."""
    task = Task.objects.select_related("campaign__workspace").filter(uid=uid).first()
    if task is None:
        raise NotFound(_("No such task."))
    try:
        return task, acting_member(request, task.campaign.workspace_id, to="lead")
    except NotFound as error:
        raise NotFound(_("No such task.")) from error


def access_flag(member: Member, uid: UUID) -> Flag:
    flags = Flag.objects.filter(campaign__workspace_id=member.workspace_id, uid=uid)
    flag = flags.select_related("campaign__workspace", "task__prompt").first()
    if flag is None:
        raise NotFound(_("No such flag."))
    return flag


def access_skipped(member: Member, uid: UUID) -> Assignment:
    """A task that the member skipped, or took back since."""
    mine = Assignment.objects.of_member(member).filter(uid=uid).select_related("campaign")
    assignment = mine.exclude(state=AssignmentState.SUBMITTED).first()
    if assignment is None:
        raise NotFound(_("No such task."))
    return assignment


def access_lost(member: Member, uid: UUID) -> Assignment:
    """A task that the member lost with work on it, or judged as an extra since."""
    mine = Assignment.objects.of_member(member).filter(uid=uid)
    lost = Q(pk__in=Assignment.objects.late().values("pk")) | Q(state=AssignmentState.EXTRA)
    assignment = mine.filter(lost).select_related(*_OF_LATE).first()
    if assignment is None:
        raise NotFound(_("No such task."))
    return assignment


def access_late(member: Member, uid: UUID) -> Assignment:
    """Somebody's work that came too late, for whoever leads in the workspace."""
    late = Assignment.objects.late().filter(campaign__workspace_id=member.workspace_id, uid=uid)
    assignment = late.select_related(*_OF_LATE).first()
    if assignment is None:
        raise NotFound(_("No such task."))
    return assignment


def _shown_to(member: Member, campaign: Campaign) -> bool:
    is_theirs = member.only_campaign in (None, campaign.pk)
    return is_theirs and (campaign.state != CampaignState.DRAFT or member.has(*WATCHERS))
