"""The jobs of a rewriting's runs: what the model said becomes the next run, or prompts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Q

from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.prompts.models import Prompt
from evalhub.prompts.near import merge_near_duplicates
from evalhub.prompts.services.rewritten import NewTurn, add_rewritten
from evalhub.runs.execution import execute_run
from evalhub.runs.inputs import read_rows, store_rows
from evalhub.runs.models import Rewriting, RewritingWay, Run
from evalhub.runs.rewriting.asking import Answer, answers_in, fit, second_rows, whole
from evalhub.runs.rewriting.services import run_of


def rewrite(job: Job, beat: Beat) -> dict[str, Any]:
    """Carry one run of a rewriting out, and what comes after it."""
    run = execute_run(job, beat)
    rewriting = Rewriting.objects.select_related(
        "workspace", "source", "target", "first", "second", "created_by"
    ).get(Q(first=run) | Q(second=run))
    answers = answers_in(read_rows(run.artifacts["completions.jsonl"]["key"]))
    parents = _parents(answers)
    asked = sum(1 for _ in read_rows(run.spec["inputs"]["prompts"]["key"]))
    dropped = Counter({"not_answered": asked - len(answers)})
    is_halfway = rewriting.way == RewritingWay.BACK_TRANSLATION and run.pk == rewriting.first.pk
    texts = {uid: parent.last_turn for uid, parent in parents.items()}
    if is_halfway and (left := whole(answers, texts, dropped)):
        _go_back(rewriting, run, left, dropped, beat)
    elif not is_halfway or rewriting.second is None:
        left = [] if is_halfway else fit(answers, texts, dropped)
        _keep(rewriting, run, left, parents, dropped, beat)
    return {"rewriting": str(rewriting.uid), "run": str(run.uid), "made": rewriting.made}


def _go_back(
    rewriting: Rewriting, run: Run, answers: list[Answer], dropped: Counter[str], beat: Beat
) -> None:
    """Queue the second run, once."""
    if rewriting.second is not None:
        return
    rows = store_rows(second_rows(answers, rewriting.language))
    with beat.fenced():
        rewriting.second = run_of(
            rewriting,
            run.starts_from,
            rows,
            run.spec["options"],
            run.spec["seed"],
            title=f"{rewriting}: the way back",
            by=rewriting.created_by,
        )
        rewriting.dropped = dict(+dropped)
        rewriting.save(update_fields=["second", "dropped"])


def _keep(
    rewriting: Rewriting,
    run: Run,
    answers: list[Answer],
    parents: dict[UUID, Prompt],
    dropped: Counter[str],
    beat: Beat,
) -> None:
    """Store the prompts and the counts, once."""
    if rewriting.made is not None:
        return
    near = merge_near_duplicates(
        rewriting.workspace,
        report=lambda done, total: beat.report(
            done=done, total=total, note="looking for near-duplicates"
        ),
    )
    if near.merges:  # a parent may have lost its side a moment ago
        parents = _parents(answers)
    turns = [
        NewTurn(parents[each.parent], _name(parents[each.parent], run, each.nth), each.content)
        for each in answers
    ]
    with beat.fenced():
        stored = add_rewritten(collection=rewriting.target, turns=turns)
        rewriting.made = stored.made
        rewriting.dropped = dict(Counter(rewriting.dropped) + dropped + stored.dropped)
        rewriting.save(update_fields=["made", "dropped"])


def _parents(answers: Iterable[Answer]) -> dict[UUID, Prompt]:
    rows = Prompt.objects.filter(uid__in={each.parent for each in answers})
    return {prompt.uid: prompt for prompt in rows.select_related("group")}


def _name(parent: Prompt, run: Run, nth: int) -> str:
    tail = f"~{str(run.uid)[:8]}.{nth}"
    return parent.external_id[: 200 - len(tail)] + tail
