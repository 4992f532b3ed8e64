from __future__ import annotations

from typing import Any

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.files import Beat
from evalhub.datasets.export.asked import Asked
from evalhub.datasets.models import PUSH, BuildPush, DatasetBuild
from evalhub.datasets.push.pushing import Pushed, must_be_possible, push_build
from evalhub.datasets.push.targets import Target, allowed_target
from evalhub.jobs.services import queue_job


@transaction.atomic
def start_push(*, build: DatasetBuild, asked: Asked, target: str, by: Member) -> BuildPush:
    """Queue the copying of a build to a place that the operator has named.

    Raises:
        UnfitTarget: it is no place.
        TargetNotAllowed: it is not below a prefix of EVALHUB_PUSH_TARGETS.
        PushFailed: what such a place needs is not installed.
    """
    place = allowed_target(target)
    must_be_possible(place)
    push = BuildPush(
        workspace=build.workspace,
        build=build,
        target=str(place),
        shape=asked.shape,
        created_by=by,
    )
    push.job = queue_job(
        kind=PUSH,
        title=f"Push {build.dataset.name} to {place}",
        workspace=build.workspace,
        by=by,
        subject_uid=push.uid,
    )
    push.save()
    _record("build_push.started", build, by.pseudonym, to=push.target, shape=push.shape)
    return push


def push_now(*, build: DatasetBuild, asked: Asked, target: Target, beat: Beat) -> Pushed:
    """Copy it there in this process, for a command: its operator may push anywhere.

    Raises:
        PushFailed: the place does not take it.
    """
    pushed = push_build(build, asked, target, beat=beat)
    _record(
        "build.pushed_by_command", build, "system", to=str(target), shape=asked.shape,
        is_new=pushed.is_new,
    )  # fmt: skip
    return pushed


def _record(verb: str, build: DatasetBuild, actor: str, **details: Any) -> None:  # Any: JSON
    slug, target = build.workspace.slug, f"build {build.uid}"
    record(verb, actor=actor, workspace=slug, target=target, **details)
