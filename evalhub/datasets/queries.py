from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from evalhub.accounts.models import Workspace
from evalhub.common.files import Beat, file_store, unwatched
from evalhub.datasets.errors import BuildErased, NotBuilt
from evalhub.datasets.models import DatasetBuild

Line = dict[str, Any]

SPLITS = ("train", "validation", "test")
COLUMNS = ("collections", *SPLITS)  # of a slice's table; stored JSON keeps no order


def in_order(counts: dict[str, int]) -> list[tuple[str, int]]:
    """Counts by split in the order in which people name them; the database keeps none."""
    return [(split, counts[split]) for split in SPLITS if split in counts]


def rows_of(build: DatasetBuild, split: str) -> Iterator[dict[str, Any]]:
    """The rows of one split, by content uid, a line at a time.

    Raises:
        NotBuilt: the build has no such file.
    """
    yield from lines_of(build, f"{split}.jsonl")


def lines_of(build: DatasetBuild, name: str) -> Iterator[dict[str, Any]]:
    """Raise NotBuilt when the build has no file of that name, BuildErased when it had."""
    if name in build.erased_files:
        raise BuildErased(
            f"{name} of {build} held the words of somebody who was erased, and is gone. Build the "
            "dataset again."
        )
    if name not in build.files:
        raise NotBuilt(f"This build has no {name}; it is {build.job.state}.")
    with file_store().open(build.files[name]["key"]) as stream:
        for line in stream:
            yield json.loads(line)


def built(workspace: Workspace, uid: UUID) -> DatasetBuild:
    """Raise NotBuilt when the workspace has no build of that uid that has its files."""
    found = DatasetBuild.objects.filter(workspace=workspace, uid=uid).exclude(digest="").first()
    if found is None:
        raise NotBuilt(f"There is no finished build {uid} in this workspace.")
    return found


def told_in_percent(report: dict[str, Any]) -> dict[str, Any]:
    """A report for a page: shares of pairs as a reader wants them."""
    shares = (("label_noise", "expected"), ("length", "chosen_longer"))
    names = {"expected": "expected_percent", "chosen_longer": "longer_percent"}
    for part, figure in shares:
        if report.get(part):
            told = {names[figure]: f"{report[part][figure]:.1%}"}
            report = report | {part: report[part] | told}
    return report


def too_long(build: DatasetBuild) -> list[dict[str, Any]]:
    """A finding for each base for which the rows were counted and some do not fit."""
    found = []
    for each in build.token_lengths.values():
        long = {
            split: part["too_long"] for split, part in each["splits"].items() if part["too_long"]
        }
        rows = sum(part["rows"] for part in each["splits"].values())
        if long:
            parts = ", ".join(f"{split} {count:,}" for split, count in long.items())
            told = f"{sum(long.values()):,} of {rows:,} rows have more than the {each['limit']:,} tokens of {each['model']} ({parts})"
            found.append({
                "name": "too_long", "level": "caution", "words": "rows that do not fit the model", "told": told, "rows": 0,
                "advice": "they are left out whole, and over 1 % of them stop a run: shorten them, or choose a model that takes more",
            })  # fmt: skip
    return found


def blocking(build: DatasetBuild) -> list[dict[str, Any]]:
    """The findings of its report that keep a build from training."""
    found: list[dict[str, Any]] = build.manifest.get("report", {}).get("findings", [])
    return [each for each in found if each["level"] == "blocks"]


def training_rows(build: DatasetBuild) -> Iterator[tuple[Line, Line]]:
    """Each row of the training split with its lineage, by content uid."""
    lineage = lines_of(build, "lineage.jsonl")
    for row in rows_of(build, "train"):
        yield row, next(each for each in lineage if each["id"] == row["id"])


def builds_with_groups(workspace: Workspace, groups: set[str], beat: Beat = unwatched) -> list[str]:
    """The uids of the builds that hold a row of one of `groups`, oldest first; `beat` per row read."""
    if not groups:
        return []
    builds = DatasetBuild.objects.filter(workspace=workspace).exclude(digest="").order_by("pk")
    return [str(build.uid) for build in builds.iterator() if _holds(build, groups, beat)]


def _holds(build: DatasetBuild, groups: set[str], beat: Beat) -> bool:
    names = [f"{split}.jsonl" for split in SPLITS if f"{split}.jsonl" in build.files]
    for name in names:
        for row in lines_of(build, name):
            beat()
            if row["group"] in groups:
                return True
    return False


@dataclass
class BuildDiff:
    """What one build has that the other has not, with the reason that its lineage gives."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    examples: list[dict[str, Any]] = field(default_factory=list)

    MOST = 20  # examples of each change

    def note(self, change: str, row: dict[str, Any], **more: Any) -> None:
        count = getattr(self, change) + 1
        setattr(self, change, count)
        if count <= self.MOST:
            told = {name: row[name] for name in ("id", "split", "reason", "prompt")}
            self.examples.append({"change": change, **told, **more})


def diff(old: DatasetBuild, new: DatasetBuild, *, beat: Beat = unwatched) -> BuildDiff:
    """Walk the lineages of two builds side by side; both are sorted by content uid.

    A row has changed when other judgments stand behind it, or its split is another. `beat` is
    called at each row.
    """
    found = BuildDiff()
    pairs = _side_by_side(lines_of(old, "lineage.jsonl"), lines_of(new, "lineage.jsonl"))
    for before, after in pairs:
        beat()
        if before and after:
            if (before["judgments"], before["split"]) != (after["judgments"], after["split"]):
                found.note("changed", after, was=before["reason"], was_in=before["split"])
        elif after:
            found.note("added", after)
        elif before:
            found.note("removed", before)
    return found


def _side_by_side(olds: Iterator[Line], news: Iterator[Line]) -> Iterator[tuple[Line, Line]]:
    """Lines of the same id together; an empty one stands where the other has none."""
    before, after = next(olds, {}), next(news, {})
    while before or after:
        if not after or (before and before["id"] < after["id"]):
            yield before, {}
            before = next(olds, {})
        elif not before or after["id"] < before["id"]:
            yield {}, after
            after = next(news, {})
        else:
            yield before, after
            before, after = next(olds, {}), next(news, {})


@dataclass(frozen=True)
class SliceTable:
    """A slice of the manifest's report as a page shows it: counts and shares by column."""

    slice: str
    totals: list[tuple[str, int]]
    lines: list[tuple[str, list[tuple[str, int, str]]]]
    chances: list[tuple[str, float | None]]


def slice_tables(report: list[dict[str, Any]]) -> list[SliceTable]:
    return [
        SliceTable(
            slice=each["slice"],
            totals=[(name, each["prompts"][name]) for name in COLUMNS],
            lines=[
                (
                    value["value"],
                    _cells({"collections": value["collections"], **value["splits"]}, each),
                )
                for value in each["values"]
            ],
            chances=[(split, each["p"][split]) for split in SPLITS],
        )
        for each in report
    ]


def _cells(counts: dict[str, int], report: dict[str, Any]) -> list[tuple[str, int, str]]:
    totals = report["prompts"]
    return [
        (name, counts[name], f"{counts[name] / totals[name]:.0%}" if totals[name] else "–")
        for name in COLUMNS
    ]
