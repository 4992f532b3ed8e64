from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from evalhub.accounts.choices import MemberKind, Role
from evalhub.accounts.models import Member, Workspace
from evalhub.accounts.services import shut_out
from evalhub.audit.services import record
from evalhub.common.files import file_store
from evalhub.datasets.errors import NotBuilt
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.services import start_build
from evalhub.jobs.services import queue_job
from evalhub.lineage.access import Subject
from evalhub.lineage.errors import BadSet, CannotErase
from evalhub.lineage.models import ContaminationCheck, Erasure
from evalhub.lineage.queries import Touched, as_json, touched_by
from evalhub.notifications.services import notify
from evalhub.prompts.models import Prompt
from evalhub.prompts.services.archive import archive_prompt, restore_prompt
from evalhub.quality.models import Reinstatement, Withdrawal
from evalhub.quality.services import reinstate, withdraw_from_data
from evalhub.registry.models import MarkCause
from evalhub.registry.services import lift_marks, mark_models

ERASE, CHECK = "lineage.erase", "lineage.check"  # kinds of their jobs
_WITHDRAWN: dict[str, Any] = {  # by kind; `Any`: lazy translations, here and below
    "judgment": gettext_lazy("A judgment was withdrawn: %(reason)s"),
    "prompt": gettext_lazy("A prompt was withdrawn: %(reason)s"),
    "member": gettext_lazy("A member was withdrawn: %(reason)s"),
}
_AGAIN: dict[str, Any] = {
    "judgment": gettext_lazy("A judgment counts again: %(reason)s"),
    "prompt": gettext_lazy("A prompt counts again: %(reason)s"),
    "member": gettext_lazy("A member counts again: %(reason)s"),
}


@transaction.atomic
def withdraw(*, subject: Subject, reason: str, builds_again: bool, by: Member) -> Withdrawal:
    """Keep it out of all data from now on, mark the models that learned from it, and tell people.

    A prompt is archived too. Builds and snapshots that are there stay what they were.

    Args:
        builds_again: queue a new build of each dataset that used it.

    Raises:
        UnfitWithdrawal: no reason was given.
        Conflict: it is withdrawn already.
    """
    touched = touched_by(subject)
    archived = isinstance(subject, Prompt) and archive_prompt(prompt=subject, by=by)
    made = withdraw_from_data(
        subject=subject, reason=reason, by=by, effect=as_json(touched) | {"archived": archived}
    )
    mark_models(
        models=[each.model for each in touched.models],
        cause=MarkCause.WITHDRAWAL,
        cause_uid=made.uid,
        reason=made.reason,
        by=by,
    )
    if builds_again:
        _build_again(touched, by)
    _tell(made, touched, by)
    return made


@transaction.atomic
def take_back(*, withdrawal: Withdrawal, reason: str, by: Member) -> Reinstatement:
    """Let what was withdrawn count again, from the next snapshot and build on.

    Raises:
        UnfitWithdrawal: no reason was given.
        Conflict: it was taken back already.
    """
    made = reinstate(withdrawal=withdrawal, reason=reason, by=by)
    if withdrawal.prompt is not None and withdrawal.effect.get("archived"):
        restore_prompt(prompt=withdrawal.prompt, by=by)
    lift_marks(cause_uid=withdrawal.uid, by=by)
    notify(
        _engineers_and_leads(by),
        topic="withdrawal",
        sentence=lambda: _AGAIN[withdrawal.kind] % {"reason": made.reason},
        path=page_of(withdrawal),
    )
    return made


@transaction.atomic
def start_erasure(*, member: Member, by: Member | None) -> Erasure:
    """Shut a member out at once, and queue the erasure of all they wrote and of who they were.

    Raises:
        CannotErase: it was asked for already, or the member stands for nobody in particular.
        Conflict: there would be no owner any more.
    """
    if Erasure.objects.filter(member=member).exists():
        raise CannotErase("This member is erased already, or is being erased.")
    if member.kind == MemberKind.MODEL:
        raise CannotErase("This member is a model, and nobody to be forgotten.")
    shut_out(member=member, by=by)
    job = queue_job(
        kind=ERASE,
        title=f"Erase the member {str(member.uid)[:8]}",
        workspace=member.workspace,
        by=by,
        subject_uid=member.uid,
    )
    return Erasure.objects.create(workspace=member.workspace, member=member, job=job, asked_by=by)


def page_of(withdrawal: Withdrawal) -> str:
    return reverse("lineage:withdrawal", args=[withdrawal.workspace.slug, withdrawal.uid])


def _build_again(touched: Touched, by: Member) -> list[DatasetBuild]:
    datasets = {each.build.dataset.pk: each.build.dataset for each in touched.builds}
    return [start_build(dataset=each, by=by) for each in datasets.values()]


def _tell(withdrawal: Withdrawal, touched: Touched, by: Member) -> None:
    """Whoever builds, trains or leads; a person who is withdrawn hears it, with the reason."""
    notify(
        _engineers_and_leads(by),
        topic="withdrawal",
        sentence=partial(_withdrawn, withdrawal, ", ".join(map(str, touched.in_service))),
        path=page_of(withdrawal),
    )
    if withdrawal.member is not None:
        notify(
            [withdrawal.member],
            topic="withdrawal",
            sentence=lambda: (
                _("What you said is no longer used for data: %(reason)s")
                % {"reason": withdrawal.reason}
            ),
            path=reverse("judgments:mine", args=[withdrawal.workspace.slug]),
        )


def _withdrawn(withdrawal: Withdrawal, served: str) -> str:
    told = str(_WITHDRAWN[withdrawal.kind] % {"reason": withdrawal.reason})
    if not served:
        return told
    learned = _("In service, and learned from it: %(models)s.") % {"models": served}
    return f"{told} {learned}"


def _engineers_and_leads(by: Member) -> list[Member]:
    """Those who sign in, without whoever did it."""
    members = by.workspace.members.active().with_role(Role.LEAD, Role.ENGINEER, Role.OWNER)
    return list(members.exclude(user=None).exclude(pk=by.pk).order_by("pk"))


@transaction.atomic
def start_check(
    *, build: DatasetBuild, against: Mapping[str, str], by: Member | None
) -> ContaminationCheck:
    """Queue the look for a build's texts in another set.

    Args:
        against: {"kind": "file", "name", "key"}, or {"kind": "collection", "build" or "benchmark", "name"}
            with a slug, a uid or a name of the same workspace.

    Raises:
        BadSet: there is no such collection or benchmark, or no such build with rows.
        NotBuilt: the build has no rows yet.
    """
    if not build.is_built:
        raise NotBuilt(f"This build has no rows; it is {build.job.state}.")
    _demand_set(build.workspace, against)
    check = ContaminationCheck(build=build, against=dict(against), created_by=by)
    check.job = queue_job(
        kind=CHECK,
        title=f"Look for {build} in {against['name']}",
        workspace=build.workspace,
        by=by,
        subject_uid=check.uid,
    )
    check.save()
    record(
        "build.contamination_check_started",
        actor=by.pseudonym if by else "system",
        workspace=build.workspace.slug,
        target=f"build {build.uid}",
        against=against["name"],
    )
    return check


def stored_set(*, filename: str, stream: BinaryIO) -> dict[str, str]:
    """Keep an uploaded file of JSON lines as a set to look in."""
    with tempfile.TemporaryDirectory() as folder:
        local = Path(folder) / "set.jsonl"
        with local.open("wb") as target:
            shutil.copyfileobj(stream, target)
        key = file_store().put(local).key
    return {"kind": "file", "name": PurePath(filename).name[:200] or "unnamed", "key": key}


def _demand_set(workspace: Workspace, against: Mapping[str, str]) -> None:
    kind, name = against["kind"], against["name"]
    if kind == "collection" and not workspace.collections.filter(slug=name).exists():
        raise BadSet(f"There is no collection {name} in this workspace.")
    if kind == "build" and not workspace.builds.exclude(digest="").filter(uid=name).exists():
        raise BadSet(f"There is no build {name} with rows in this workspace.")
    if kind == "benchmark" and not workspace.benchmarks.filter(name=name).exists():
        raise BadSet(f"There is no benchmark {name} in this workspace.")
