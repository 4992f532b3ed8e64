"""A run of the functions, in the background."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from django.utils import timezone

from evalhub.common.copying import copy_in
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.labelling.grounds import prompts_of, tasks_of
from evalhub.labelling.models import (
    CollectionRun,
    FunctionVotes,
    LabellingRun,
    PromptProposal,
    Proposal,
)
from evalhub.labelling.polling import Poll, poll

_TOLD = ("tasks", "covered", "proposed")
_SAID = ("value", "probability", "votes_for", "votes_against")


def label(job: Job, beat: Beat) -> dict[str, Any]:
    """Let every active function vote on every task, and keep what they say together."""
    run = LabellingRun.objects.select_related("campaign", "criterion").get(job=job)
    if run.ended_at is None:
        made = poll(tasks_of(run.campaign), run.criterion, report=beat.report)
        with beat.fenced():
            _forget_earlier(run)
            _keep(run, made)
            run.figures, run.ended_at = msgspec.to_builtins(made.figures), timezone.now()
            run.save(update_fields=["figures", "ended_at"])
    return {name: run.figures[name] for name in _TOLD}


def label_collection(job: Job, beat: Beat) -> dict[str, Any]:
    """Let every active function vote on every prompt, and keep what they say together."""
    run = CollectionRun.objects.select_related("collection", "criterion").get(job=job)
    if run.ended_at is None:
        made = poll(prompts_of(run.collection), run.criterion, report=beat.report)
        with beat.fenced():
            earlier = CollectionRun.objects.filter(
                collection=run.collection_id, criterion=run.criterion_id, pk__lt=run.pk
            )
            PromptProposal.objects.filter(run__in=earlier).delete()
            copy_in(PromptProposal, ["run_id", "prompt_id", *_SAID], _proposals(run, made))
            run.figures, run.ended_at = msgspec.to_builtins(made.figures), timezone.now()
            run.save(update_fields=["figures", "ended_at"])
    return {name: run.figures[name] for name in _TOLD}


def _forget_earlier(run: LabellingRun) -> None:
    """Votes and proposals of earlier runs; their figures and what people decided stay."""
    earlier = LabellingRun.objects.filter(campaign=run.campaign_id, criterion=run.criterion_id)
    earlier = earlier.filter(pk__lt=run.pk)
    Proposal.objects.filter(run__in=earlier).delete()
    FunctionVotes.objects.filter(run__in=earlier).delete()


def _keep(run: LabellingRun, made: Poll) -> None:
    keys_J = (made.key_U[votes_U] for votes_U in made.votes_UJ.T)
    FunctionVotes.objects.bulk_create(
        FunctionVotes(run=run, function=function, tasks=keys.astype("<i8").tobytes())
        for function, keys in zip(made.functions, keys_J, strict=True)
    )
    copy_in(Proposal, ["run_id", "task_id", *_SAID], _proposals(run, made))


def _proposals(run: LabellingRun | CollectionRun, made: Poll) -> Iterator[tuple[object, ...]]:
    values = run.criterion.points
    value_J = np.array([function.value for function in made.functions], dtype=np.int64)
    for unit in np.flatnonzero(made.chosen_U >= 0).tolist():
        place = int(made.chosen_U[unit])
        said = value_J[made.votes_UJ[unit]]
        agreeing = int((said == values[place]).sum())
        chance = min(1.0, float(made.model.truth_UV[unit, place]))
        key = int(made.key_U[unit])
        yield run.pk, key, values[place], chance, agreeing, len(said) - agreeing
