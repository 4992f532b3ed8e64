"""Forgetting a person on request: files first, while their words can be looked for, then tables, then names.

Every step may be done twice; a worker that is killed goes on where the last one stopped.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.accounts.services import forget
from evalhub.audit.services import record
from evalhub.common.erased import TOMBSTONE
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.lineage.copies import (
    clear_builds,
    clear_cleaning,
    clear_comparisons,
    clear_exports,
    clear_runs,
    clear_shown,
    clear_typed,
    pushed,
    words_of,
)
from evalhub.lineage.models import Erasure
from evalhub.lineage.names import clear_the_rest, rename_everywhere
from evalhub.lineage.queries import models_of, outside_models
from evalhub.lineage.words import DROPPED, OVERWRITTEN, Place, without_words
from evalhub.registry.models import MarkCause
from evalhub.registry.services import mark_models
from evalhub.reports.services import end_exports
from evalhub.runs.models import Run

BATCH = 500
STEPS = len(OVERWRITTEN) + 4


def erase_member(job: Job, beat: Beat) -> dict[str, Any]:
    """Carry out one Erasure."""
    erasure = Erasure.objects.select_related("member__workspace", "member__user").get(job=job)
    member = erasure.member
    if erasure.finished_at is None:
        if erasure.files_cleared_at is None:
            _clear_files(erasure, beat)
        for nth, place in enumerate(OVERWRITTEN):
            beat.report(
                done=nth + 1,
                total=STEPS,
                note=f"overwriting {place.model._meta.verbose_name_plural}",
            )
            _overwrite(erasure, place, beat)
        beat.report(done=STEPS - 2, total=STEPS, note="dropping drafts and settings")
        for model, path in DROPPED:
            model._default_manager.filter(**{path: member}).delete()
        beat.report(done=STEPS - 1, total=STEPS, note="names")
        clear_the_rest(member, beat.report)
        rename_everywhere(member, beat.report)
        _finish(erasure, beat)
    return {"erasure": str(erasure.uid), "member": str(member.uid), **erasure.done}


def _clear_files(erasure: Erasure, beat: Beat) -> None:
    beat.report(done=0, total=STEPS, note="looking for their words in files")
    member = erasure.member
    words = words_of(member)
    builds = clear_builds(member, words, beat.report)
    runs = clear_runs(builds, words, beat.report)
    clear_cleaning(member, words)
    made = models_of(
        list(Run.objects.filter(uid__in=[run["run"] for run in runs])),
        outside=outside_models([build.pk for build in builds]),
    )
    done = {
        "builds": [str(build.uid) for build in builds],
        "runs": runs,
        "comparisons": clear_comparisons(builds, words),
        "build_exports": clear_exports(builds),
        "pushed": pushed(builds),
        "shown": clear_shown(member, words, beat.report),
        "typed": clear_typed(member, beat.report),
        "models": [str(each.model.uid) for each in made],
        "overwritten": {},
    }
    with beat.fenced():
        mark_models(
            models=[each.model for each in made],
            cause=MarkCause.ERASURE,
            cause_uid=erasure.uid,
            reason="Rows that it learned from held the words of somebody who was erased.",
        )
        erasure.done, erasure.files_cleared_at = done, timezone.now()
        erasure.save(update_fields=["done", "files_cleared_at"])


def _overwrite(erasure: Erasure, place: Place, beat: Beat) -> None:
    """The one UPDATE of a judgment's words that is permitted, a batch to a transaction."""
    rows = place.rows_of(erasure.member).order_by("pk")
    last = 0
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        beat.report()
        last = batch[-1].pk
        for row in batch:
            for name in place.texts:
                setattr(row, name, TOMBSTONE if getattr(row, name) else "")
            for name in place.structured:
                setattr(row, name, without_words(getattr(row, name)))
        with beat.fenced():
            place.model._default_manager.bulk_update(batch, [*place.texts, *place.structured])
            counts = erasure.done["overwritten"]
            counts[place.name] = counts.get(place.name, 0) + len(batch)
            erasure.save(update_fields=["done"])


def _finish(erasure: Erasure, beat: Beat) -> None:
    member: Member = erasure.member
    judged = Judgment.objects.filter(member=member).order_by().values_list("campaign", flat=True)
    with beat.fenced():
        erasure.done["exports"] = end_exports(campaigns=list(judged.distinct()))
        forget(member=member)
        erasure.finished_at = timezone.now()
        erasure.save(update_fields=["done", "finished_at"])
        record(
            "member.erased",
            actor=erasure.asked_by.pseudonym if erasure.asked_by else "system",
            workspace=erasure.workspace.slug,
            target=f"member {member.uid}",
            overwritten=erasure.done["overwritten"],
            builds=erasure.done["builds"],
        )
