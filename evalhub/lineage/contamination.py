"""Whether texts of a build stand in a set that somebody names: a file, a collection, another build,
a benchmark."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import transaction

from evalhub.accounts.models import Workspace
from evalhub.common.files import Beat as FilesBeat
from evalhub.common.files import file_store
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import SPLITS, rows_of
from evalhub.evaluation.models import Benchmark
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.lineage.errors import BadSet
from evalhub.lineage.models import ContaminationCheck
from evalhub.lineage.overlaps import WAYS, Index, Text, texts_of
from evalhub.prompts.models import Prompt
from evalhub.runs.inputs import read_rows

AT_A_TIME = 20_000  # texts of the set in memory; the build is read once for each such part
ASKED = ("prompt", "reference", "choices")  # of a benchmark; labels and patterns are no texts
SHOWN = 500  # pairs that are kept with where they stand


class Other(NamedTuple):
    """A text of the set: the line or id of its row, and the text."""

    row: str
    text: Text


@dataclass
class Findings:
    texts: int = 0
    looked: Counter[str] = field(default_factory=Counter)
    hit: dict[str, set[int]] = field(default_factory=lambda: {split: set() for split in SPLITS})
    ways: dict[str, Counter[str]] = field(default_factory=lambda: {how: Counter() for how in WAYS})
    pairs: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "texts": self.texts,
            "rows": {split: self.looked[split] for split in SPLITS},
            "contaminated": {split: len(self.hit[split]) for split in SPLITS},
            "ways": {
                how: {split: each[split] for split in SPLITS} for how, each in self.ways.items()
            },
            "pairs": self.pairs[:SHOWN],
            "pairs_in_all": sum(sum(each.values()) for each in self.ways.values()),
        }


def check_contamination(job: Job, beat: Beat) -> dict[str, Any]:
    """Look for every text of a build in the set, a part of the set at a time."""
    check = ContaminationCheck.objects.select_related("build__workspace", "build__job").get(job=job)
    if not check.result:
        found = look(check.build, check.against, beat)
        with beat.fenced():
            check.result = found.as_json()
            check.save(update_fields=["result"])
    return {"check": str(check.uid), **check.result}


def look(build: DatasetBuild, against: dict[str, str], beat: Beat) -> Findings:
    found = Findings()
    total = sum(build.rows.values())
    for part in _parts(_others(build.workspace, against, beat.report)):
        found.texts += len(part)
        index = Index([other.text for other in part])
        found.looked.clear()
        for split in SPLITS:
            for nth, row in enumerate(rows_of(build, split)):
                beat.report(
                    done=found.looked.total(), total=total, note=f"looking in {found.texts:,} texts"
                )
                found.looked[split] += 1
                _look_at(row, split, nth, index, part, found)
    if not found.texts:
        raise BadSet("There is no text in that set, so nothing to look for.")
    return found


def _look_at(
    row: dict[str, Any], split: str, nth: int, index: Index, part: list[Other], found: Findings
) -> None:
    for text in texts_of(row):
        hit = index.look(text)
        if hit is None:
            continue
        found.hit[split].add(nth)
        found.ways[hit.how][split] += 1
        if len(found.pairs) < SHOWN:
            other = part[hit.text]
            there = {"in": other.row, "field": other.text.where}
            mine = {"row": row["id"], "split": split, "where": hit.where}
            found.pairs.append(mine | {"how": hit.how, "share": hit.share} | there)


def _parts(others: Iterator[Other]) -> Iterator[list[Other]]:
    part: list[Other] = []
    for each in others:
        part.append(each)
        if len(part) >= AT_A_TIME:
            yield part
            part = []
    if part:
        yield part


def _others(workspace: Workspace, against: dict[str, str], beat: FilesBeat) -> Iterator[Other]:
    for name, row in _rows(workspace, against):
        beat()
        for text in texts_of(row):
            yield Other(name, text)


def _rows(workspace: Workspace, against: dict[str, str]) -> Iterator[tuple[str, Any]]:
    if against["kind"] == "file":
        yield from _lines(against["key"])
    elif against["kind"] == "collection":
        prompts = Prompt.objects.filter(workspace=workspace, collection__slug=against["name"])
        columns = prompts.order_by("pk").values_list("external_id", "messages", "reference")
        with transaction.atomic():  # a server-side cursor lives in a transaction
            for name, messages, reference in columns.iterator(chunk_size=1000):
                yield name, {"messages": messages, "reference": reference}
    elif against["kind"] == "benchmark":
        benchmark = Benchmark.objects.get(workspace=workspace, name=against["name"])
        for row in read_rows(benchmark.key):
            yield row["id"], {name: row[name] for name in ASKED if name in row}
    else:
        other = DatasetBuild.objects.select_related("job").get(
            workspace=workspace, uid=against["name"]
        )
        for split in SPLITS:
            for row in rows_of(other, split):
                yield f"{split} {row['id']}", row


def _lines(key: str) -> Iterator[tuple[str, Any]]:
    with file_store().open(key) as stream:
        for nth, line in enumerate(stream, 1):
            if line.strip():
                try:
                    yield f"line {nth}", json.loads(line)
                except ValueError as error:
                    raise BadSet(f"Line {nth} of the set is no JSON: {error}.") from error
