"""Training rows of an earlier build, and whether each may be learnt from still."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection

from evalhub.accounts.models import Workspace
from evalhub.datasets.gone import IS_GONE
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import training_rows
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Split
from evalhub.prompts.queries import splits_of
from evalhub.quality.models import withdrawn

AT_A_TIME = 1000  # rows
Line = dict[str, Any]

_GONE = f"""
    SELECT p.uid::text FROM prompts_prompt p
    WHERE p.workspace_id = %s AND p.uid = ANY(%s::uuid[]) AND {IS_GONE}
"""  # noqa: S608  constants


class Replayed(NamedTuple):
    row: Line
    lineage: Line
    why_not: str  # a reason, see rows.REASONS; empty: it is taken


def replayed_from(build: DatasetBuild, *, at: datetime) -> Iterator[Replayed]:
    """Each row of the training split, by content uid.

    Not taken is what an earlier build made by augmentation, what is for training no more, and what was
    archived or withdrawn since: the earlier build keeps such a row, a new one does not.

    Args:
        at: judgments that were withdrawn later count.
    """
    told_rows = training_rows(build)
    while rows := list(islice(told_rows, AT_A_TIME)):
        splits = splits_of({row["group"] for row, _ in rows})
        gone = _gone(build.workspace, [lineage["prompt"] for _, lineage in rows])
        taken_back = _withdrawn(build.workspace, rows, at)
        for row, lineage in rows:
            why_not = ""
            if "augmented" in lineage:
                why_not = "augmented"
            elif splits.get(row["group"]) != Split.TRAIN:
                why_not = "no_split"
            elif lineage["prompt"] in gone:
                why_not = "archived"
            elif not taken_back.isdisjoint(lineage["judgments"]):
                why_not = "withdrawn"
            yield Replayed(row, lineage, why_not)


def _gone(workspace: Workspace, prompts: Sequence[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_GONE, [workspace.pk, list(prompts)])
        return {uid for (uid,) in cursor.fetchall()}


def _withdrawn(workspace: Workspace, rows: Sequence[tuple[Line, Line]], at: datetime) -> set[str]:
    behind = {uid for _, lineage in rows for uid in lineage["judgments"]}
    named = Judgment.objects.filter(workspace=workspace, uid__in=behind).filter(withdrawn(at=at))
    return set(map(str, named.values_list("uid", flat=True)))
