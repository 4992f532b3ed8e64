"""An act on all that match. Each batch and how far it came are one transaction, so a worker that
dies in the middle does nothing twice."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from evalhub.accounts.access import ROLES_FOR
from evalhub.accounts.models import Member
from evalhub.browse.acts import Act, Outcome, act_named, apply_to
from evalhub.browse.choices import Kind
from evalhub.browse.finding import SORTED, is_cheap
from evalhub.browse.rows import Rows, asked_for
from evalhub.common.errors import Forbidden
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job

LOOKED_AT, DONE = 2_000, 100  # rows of one stretch, and of one transaction


def act_on_all(job: Job, beat: Beat) -> dict[str, Any]:
    """Walk the rows newest first, from the newest there was when somebody asked for it."""
    given = job.payload
    kind, by = Kind(given["kind"]), _acting(job)
    act = act_named(kind, given["act"])
    _must_be_allowed(by, act)
    asked = asked_for(kind, by.workspace, given["criteria"])
    source = asked.walked.order_by("-pk")
    if is_cheap(asked.rows):
        source = asked.rows.order_by(SORTED)
    walk = _Walk(job, act, by)
    total = source.filter(pk__lte=given["newest"]).count()
    while keys := walk.next_stretch(source):
        beat.report(done=walk.looked, total=total, note=walk.note())
        chosen = asked.rows.filter(pk__in=keys).order_by("-pk")
        wanted = list(chosen.values_list("pk", flat=True))
        for start in range(0, len(wanted), DONE):
            part = wanted[start : start + DONE]
            beat.report(done=walk.looked, total=total, note=walk.note())
            with beat.fenced() as fenced:
                rows = asked.walked.filter(pk__in=part).select_related(*act.parts)
                apply_to(rows.order_by("-pk"), act, given["arguments"], by, walk.outcome)
                walk.keep(fenced, part[-1])
        walk.looked += len(keys)
        with beat.fenced() as fenced:
            walk.keep(fenced, keys[-1])
    return walk.outcome.told()


class _Walk:
    """How far it came; kept in the job's payload."""

    def __init__(self, job: Job, act: Act, by: Member) -> None:
        self.payload = job.payload
        before = self.payload.get("reached", {})
        self.last = before.get("last", self.payload["newest"] + 1)
        self.looked = before.get("looked", 0)
        self.outcome = Outcome(before.get("changed", 0), before.get("same", 0))
        self.outcome.refused.update(before.get("refused", {}))

    def next_stretch(self, source: Rows) -> list[int]:
        ahead = source.filter(pk__lt=self.last).values_list("pk", flat=True)
        return list(ahead[:LOOKED_AT])

    def keep(self, job: Job, last: int) -> None:
        self.last = last
        done = {"changed": self.outcome.changed, "same": self.outcome.same}
        reached = {"last": last, "looked": self.looked, "refused": dict(self.outcome.refused)}
        job.payload = self.payload | {"reached": reached | done}
        job.save(update_fields=["payload"])

    def note(self) -> str:
        refused = self.outcome.refused.total()
        return f"{self.outcome.changed:,} changed, {refused:,} refused"


def _acting(job: Job) -> Member:
    if job.created_by is None:
        raise ValueError("somebody asked for it")
    return Member.objects.select_related("workspace").get(pk=job.created_by.pk)


def _must_be_allowed(by: Member, act: Act) -> None:
    """What they may now, not when they asked."""
    if not (by.is_active and by.has(*ROLES_FOR[act.right])):
        raise Forbidden(_("Whoever asked for this may not do it any more."))
