"""Prompt groups of different splits that turned out to be one: what had used them by then."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from evalhub.accounts.models import Workspace
from evalhub.datasets.behind import SIDE
from evalhub.datasets.services import mark_crossed
from evalhub.evaluation.services import mark_stale
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job, News
from evalhub.jobs.services import queue_job
from evalhub.lineage.models import SplitMerge
from evalhub.lineage.queries import touched_by_prompts
from evalhub.prompts.grouping import root_of
from evalhub.prompts.models import Prompt, PromptGroup, Split
from evalhub.registry.models import MarkCause
from evalhub.registry.services import mark_models

LOOK = "lineage.merges"  # kind of the job
STALE = "The set holds prompts that are near-duplicates of prompts on another side of the split."


def look_soon(news: News) -> None:
    """One job looks at all merges that nobody has looked at, however many there are."""
    workspace = Workspace.objects.get(uid=news.body["workspace"])
    if not Job.objects.of_workspace(workspace).filter(kind=LOOK, state="queued").exists():
        queue_job(kind=LOOK, title="See what merged prompts touched", workspace=workspace, by=None)


def look_at_merges(job: Job, beat: Beat) -> dict[str, Any]:
    """Write down what each merge across splits touches; mark builds, evaluations and models."""
    merged = PromptGroup.objects.filter(
        workspace=job.workspace, split=Split.NONE, merged_into__isnull=False, split_merge=None
    )
    done = 0
    for group in merged.select_related("merged_into", "workspace").order_by("pk"):
        _look_at(group, beat)
        done += 1
        beat.report(done=done)
    return {"looked_at": done}


def _look_at(later: PromptGroup, beat: Beat) -> None:
    root = root_of(later)
    together = Q(group=root) | Q(group__merged_into=root)
    touched = touched_by_prompts(
        later.workspace, Prompt.objects.filter(together).order_by("pk"), beat.report
    )
    sides = {each.build.pk: {SIDE[name] for name in each.found.files} for each in touched.builds}
    is_tested = any("test" in found for found in sides.values())
    models = [each.model for each in touched.models]
    with beat.fenced():
        merge = SplitMerge.objects.create(
            workspace=later.workspace, later=later, reaches_test=is_tested
        )
        merge.builds.set([each.build for each in touched.builds])
        merge.trained.set(models)
        merge.evaluations.set(touched.tested)
        for each in touched.builds:
            if len(sides[each.build.pk]) > 1:
                mark_crossed(build=each.build)
        mark_stale(evaluations=touched.tested, reason=STALE)
        if is_tested:
            mark_models(
                models=models,
                cause=MarkCause.MERGE,
                cause_uid=merge.uid,
                reason="Prompts that it learned from are near-duplicates of test prompts.",
            )
