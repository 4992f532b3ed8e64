"""Training rows of an earlier build, and whether each may be learnt from still.

They are cleaned and measured like rows that are made now: the earlier build was cleaned as its own
definition asked, and fitted to its own model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection

from evalhub.accounts.models import Workspace
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.door import Cleaned, Cleaner
from evalhub.datasets.findings import facts_of, is_mended
from evalhub.datasets.gone import IS_GONE
from evalhub.datasets.kinds import MADE_OF_PROMPTS
from evalhub.datasets.lengths import Lengths
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import training_rows
from evalhub.datasets.rows import Answer, Kept, LeftOut, as_row
from evalhub.datasets.texts import Asked, answers_in, answers_named
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Prompt, Split
from evalhub.prompts.queries import sides_of
from evalhub.quality.models import withdrawn
from evalhub.quality.queries import evidence_in
from evalhub.quality.scope import Filters, Scope

AT_A_TIME = 1000  # rows
Line = dict[str, Any]

_GONE = f"""
    SELECT p.uid::text FROM prompts_prompt p
    WHERE p.workspace_id = %s AND p.uid = ANY(%s::uuid[]) AND {IS_GONE}
"""  # noqa: S608  constants


class Replayed(NamedTuple):
    row: Line
    lineage: Line
    facts: Line  # see `findings.facts_of`
    slices: Mapping[str, str]  # the prompt's as they are now
    why_not: str  # a reason, see rows.REASONS; empty: it is taken


def replayed_from(
    build: DatasetBuild, scope: Scope, *, cleaner: Cleaner, lengths: Lengths
) -> Iterator[Replayed]:
    """Each row of the training split, in the order of the content uids that they had.

    Not taken is what an earlier build made by augmentation, what is for training no more, what was
    archived or withdrawn since (the earlier build keeps such a row, a new one does not), and what cleaning
    or the length limit leaves out. A row whose texts are mended is named anew.

    Args:
        scope: judgments that were withdrawn after its snapshot count.
    """
    kind, told_rows = BuildKind(build.kind), training_rows(build)
    while lot := [_unbalanced(*each) for each in islice(told_rows, AT_A_TIME)]:
        why_not = _why_not(build.workspace, lot, scope)
        slices = _slices(build.workspace, lot)
        said = _said(kind, {nth: each for nth, each in enumerate(lot) if not why_not[nth]})
        if cleaner.looks_at_ratings:
            for nth in _rated_unsafe(build.workspace, said, scope, cleaner):
                why_not[nth] = "rated_unsafe"
                del said[nth]
        cleaned = dict(zip(said, cleaner.clean(list(said.values())), strict=True))
        for nth, (row, lineage) in enumerate(lot):
            of = slices.get(lineage["prompt"], {})
            if nth not in said:
                yield Replayed(row, lineage, {}, of, why_not[nth])
                continue
            again = _again(kind, row, lineage, said[nth], cleaned[nth])._replace(slices=of)
            yield _measured(kind, again, said[nth][0].group, cleaned[nth], cleaner, lengths)


def _unbalanced(row: Line, lineage: Line) -> tuple[Line, Line]:
    """With the weight that it had before the earlier build balanced its own rows."""
    if "before_balance" not in lineage:
        return row, lineage
    kept = {name: value for name, value in lineage.items() if name != "before_balance"}
    return row | {"weight": lineage["before_balance"]}, kept


def _slices(workspace: Workspace, lot: Sequence[tuple[Line, Line]]) -> dict[str, dict[str, str]]:
    """By the prompt's uid."""
    prompts = Prompt.objects.filter(
        workspace=workspace, uid__in={lineage["prompt"] for _, lineage in lot}
    )
    return {str(uid): slices for uid, slices in prompts.values_list("uid", "slices")}


def _why_not(workspace: Workspace, lot: Sequence[tuple[Line, Line]], scope: Scope) -> list[str]:
    """Of each row why it may not be learnt from any more, whatever its texts; "" where it may."""
    sides = sides_of({row["group"] for row, _ in lot})
    gone = _gone(workspace, [lineage["prompt"] for _, lineage in lot])
    taken_back = _withdrawn(workspace, lot, scope)
    found = []
    for row, lineage in lot:
        why = ""
        if "augmented" in lineage:
            why = "augmented"
        elif row["group"] not in sides or sides[row["group"]].split != Split.TRAIN:
            why = "no_split"
        elif lineage["prompt"] in gone:
            why = "archived"
        elif not taken_back.isdisjoint(lineage["judgments"]):
            why = "withdrawn"
        found.append(why)
    return found


def _gone(workspace: Workspace, prompts: Sequence[str]) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_GONE, [workspace.pk, list(prompts)])
        return {uid for (uid,) in cursor.fetchall()}


def _withdrawn(workspace: Workspace, rows: Sequence[tuple[Line, Line]], scope: Scope) -> set[str]:
    behind = {uid for _, lineage in rows for uid in lineage["judgments"]}
    named = Judgment.objects.filter(workspace=workspace, uid__in=behind)
    named = named.filter(withdrawn(at=scope.snapshot.created_at))
    return set(map(str, named.values_list("uid", flat=True)))


def _said(kind: BuildKind, lot: Mapping[int, tuple[Line, Line]]) -> dict[int, tuple[Asked, Kept]]:
    """Each row as if it were made now."""
    uids = {uid for _, lineage in lot.values() for uid in lineage["completions"] if uid}
    known, sides = answers_named(uids), sides_of({row["group"] for row, _ in lot.values()})
    return {
        nth: (_asked(row, lineage, sides[row["group"]].root), _kept(kind, row, lineage, known))
        for nth, (row, lineage) in lot.items()
    }


def _rated_unsafe(
    workspace: Workspace, said: Mapping[int, tuple[Asked, Kept]], scope: Scope, cleaner: Cleaner
) -> list[int]:
    """Places of rows whose answer people rate as unsafe, in whatever campaign."""
    prompts = tuple(sorted({asked.uid for asked, _ in said.values()}))
    if not prompts:
        return []
    rated = Scope(snapshot=scope.snapshot, sources=scope.sources, filters=Filters(prompts=prompts))
    keys = Prompt.objects.filter(workspace=workspace, uid__in=prompts).values_list("pk", "uid")
    uids = {key: str(uid) for key, uid in keys}
    evidence = {uids[key]: each for block in evidence_in(rated) for key, each in block.items()}
    answers = answers_in(evidence.values())
    return [
        nth
        for nth, (asked, kept) in said.items()
        if asked.uid in evidence
        and isinstance(cleaner.by_ratings(kept, evidence[asked.uid], answers), LeftOut)
    ]


def _asked(row: Line, lineage: Line, group: str) -> Asked:
    given = row.get("prompt", [])
    messages = [{"role": "user", "content": given}] if isinstance(given, str) else given
    return Asked(
        uid=lineage["prompt"],
        messages=messages,
        is_archived=False,
        split=Split.TRAIN.value,
        group=group,
        reference=None,
        collection="",
        slices="{}",
        is_red_team=False,
        tools_text=row.get("tools"),
    )


def _kept(kind: BuildKind, row: Line, lineage: Line, known: Mapping[str, Answer]) -> Kept:
    names = [name for name in ("completion", "chosen", "rejected", "text", "label") if name in row]
    if kind == BuildKind.UNPAIRED:
        names.remove("label")  # whether the completion is a good one
    uids = [*lineage["completions"], *(None for _ in names)]
    said = zip(names, uids, strict=False)
    return Kept(
        tuple(_answer(row[name], uid, known.get(uid or "")) for name, uid in said),
        row["criterion"] if "criterion" in row else lineage["from"],
        lineage["reason"],
        tuple(lineage["judgments"]),
        p_chosen=row.get("p_chosen", 1.0),
        weight=row["weight"],
        margin=row.get("margin", 0.0),
        is_good=row["label"] if kind == BuildKind.UNPAIRED else True,
    )


def _answer(said: Any, uid: str | None, known: Answer | None) -> Answer:  # Any: JSON
    """What a row says as an answer; whether its limit cut it is known of its completion alone."""
    finish = known.finish if known else ""
    if isinstance(said, str):
        return Answer(said, uid, finish=finish)
    turn = said[-1]
    calls = turn.get("tool_calls")
    if not calls:
        return Answer(turn["content"], uid, finish=finish)
    if known and known.tool_calls and json.loads(known.tool_calls) == calls:
        text = known.tool_calls  # written so it names the row as it is named now
    else:
        text = json.dumps(calls, ensure_ascii=False)
    return Answer(turn["content"], uid, text, finish)


def _again(
    kind: BuildKind, row: Line, lineage: Line, said: tuple[Asked, Kept], clean: Cleaned
) -> Replayed:
    """The row as it was, but for texts that were mended."""
    asked, kept = said
    if (clean.messages, clean.kept.answers) != (asked.messages, kept.answers):
        form = "string" if isinstance(row.get("prompt"), str) else "conversational"
        tools = row.get("tools", "")
        row = as_row(kind, clean.messages, row["group"], clean.kept, form, tools=tools)
    # What the earlier build did to the texts stays told; what it found was looked for again
    notes = [each for each in lineage.get("cleaning", []) if is_mended(each)]
    notes += [each for each in clean.notes if each not in notes]
    lineage = {name: value for name, value in lineage.items() if name != "cleaning"}
    lineage |= {"id": row["id"]} | ({"cleaning": notes} if notes else {})
    return Replayed(row, lineage, facts_of(kind, clean.kept, notes), {}, clean.reason)


def _measured(
    kind: BuildKind,
    again: Replayed,
    group: str,
    clean: Cleaned,
    cleaner: Cleaner,
    lengths: Lengths,
) -> Replayed:
    """The row, unless it is too long; what is seen among all rows sees it too."""
    if again.why_not:
        return again
    texts = [each.whole for each in clean.kept.answers]
    is_cut = kind in MADE_OF_PROMPTS  # to size, by the trainer
    if not is_cut and lengths.are_too_many(clean.messages, texts):
        return again._replace(why_not="too_long")
    cleaner.saw(again.row["id"], group, clean.messages, clean.kept, is_replayed=True)
    return again
