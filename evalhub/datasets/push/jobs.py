from __future__ import annotations

from typing import Any

from evalhub.audit.services import record
from evalhub.datasets.export.asked import Container, asked_for
from evalhub.datasets.models import BuildPush
from evalhub.datasets.push.pushing import push_build
from evalhub.datasets.push.targets import allowed_target
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job


def write_push(job: Job, beat: Beat) -> dict[str, Any]:
    """Copy the build there; a second attempt finds what the first one has brought.

    The place must still be allowed: the operator may have changed their mind.
    """
    push = BuildPush.objects.select_related(
        "workspace", "build__dataset", "build__job", "build__workspace"
    ).get(job=job)
    if not push.outcome:
        target = allowed_target(push.target)
        asked = asked_for(push.build, shape=push.shape, container=Container.FOLDER)
        pushed = push_build(push.build, asked, target, beat=beat.report)
        with beat.fenced():
            push.outcome = pushed.as_json()
            push.save(update_fields=["outcome"])
            record(
                "build_push.ended",
                actor="system",
                workspace=push.workspace.slug,
                target=f"build {push.build.uid}",
                to=push.target,
                is_new=pushed.is_new,
            )
    return {"push": str(push.uid), "is_new": push.outcome["is_new"]}
