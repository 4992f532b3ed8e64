from __future__ import annotations

from uuid import UUID

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member
from evalhub.common.errors import Forbidden, NotFound
from evalhub.jobs.models import Job


def access_job(member: Member, uid: UUID, *, to_cancel: bool = False) -> Job:
    """A job of the member's workspace; its maker, a lead, an engineer or an owner may cancel it."""
    job = Job.objects.of_workspace(member.workspace).filter(uid=uid).first()
    if job is None:
        raise NotFound("No such job.")
    if to_cancel and job.created_by_id != member.pk and not member.has(Role.LEAD, Role.ENGINEER):
        raise Forbidden("Only who started a job, a lead or an engineer may cancel it.")
    return job
