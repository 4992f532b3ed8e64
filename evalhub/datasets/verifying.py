"""Proof that the files of a build are what its digest says, and hang together.

What is kept of the rows is eight bytes each, for the groups; all else streams by.
"""

from __future__ import annotations

import hashlib
import heapq
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, islice
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from evalhub.common.canonical import digest_of
from evalhub.common.files import Beat, file_store, unwatched
from evalhub.datasets.agreeing import barred
from evalhub.datasets.augmenting.door import augmenter_for
from evalhub.datasets.building import Building
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.door import Cleaner
from evalhub.datasets.definition import definition_of
from evalhub.datasets.jobs import collect_all, scope_of
from evalhub.datasets.lengths import lengths_for
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import SPLITS, lines_of, rows_of
from evalhub.judgments.models import Judgment
from evalhub.quality.scope import counted_up_to, named_by

NAMED = 10  # wrong things told of each check
LOT = 5000  # judgments looked up at once
Line = dict[str, Any]


@dataclass
class Check:
    name: str
    checked: int = 0
    wrong: int = 0
    examples: list[str] = field(default_factory=list)

    def fault(self, told: str) -> None:
        self.wrong += 1
        if len(self.examples) < NAMED:
            self.examples.append(told)


def verify_build(build: DatasetBuild, *, rebuild: bool, beat: Beat = unwatched) -> list[Check]:
    """Every check of a finished build, in order; a file that is missing ends with the first.

    Args:
        rebuild: also build the rows again from the snapshot, and count its judgments again.
    """
    files = _files(build, beat)
    if files.wrong:
        return [files]
    found = [
        files,
        _digest(build),
        _lines(build, beat),
        _groups(build, beat),
        _judgments(build, beat),
    ]
    return [*found, _snapshot(build), _rebuilt(build, beat)] if rebuild else found


def _files(build: DatasetBuild, beat: Beat) -> Check:
    """The bytes of each file are those that its sha256 names."""
    check = Check("files")
    for name, stored in sorted(build.files.items()):
        check.checked += 1
        digest = hashlib.sha256()
        try:
            with file_store().open(stored["key"]) as stream:
                while piece := stream.read(1 << 20):
                    digest.update(piece)
                    beat()
        except FileNotFoundError:
            check.fault(f"{name} is missing")
            continue
        if digest.hexdigest() != stored["sha256"]:
            check.fault(f"{name} has sha256 {digest.hexdigest()}, not {stored['sha256']}")
    return check


def _digest(build: DatasetBuild) -> Check:
    """The build's digest, and the manifest's, are those of its files of rows."""
    check = Check("digest", checked=1)
    found = digest_of({split: build.files[f"{split}.jsonl"]["sha256"] for split in SPLITS})
    if not found == build.digest == build.manifest["digest"]:
        check.fault(f"the rows give {found}, the build says {build.digest}")
    return check


def _lines(build: DatasetBuild, beat: Beat) -> Check:
    """Each row stands once, in the split that its line of the lineage says; and the other way."""
    check = Check("lines")
    counts = dict.fromkeys(SPLITS, 0)
    rows = heapq.merge(*(_named(build, split) for split in SPLITS), key=itemgetter(0))
    lineage = lines_of(build, "lineage.jsonl")
    last, line = "", next(lineage, None)
    for name, split in rows:
        beat()
        check.checked += 1
        counts[split] += 1
        if name <= last:
            check.fault(f"row {name} stands twice, or out of order")
        last = name
        while line is not None and line["id"] < name:
            check.fault(f"the lineage has {line['id']}, and no split has that row")
            line = next(lineage, None)
        if line is None or line["id"] != name:
            check.fault(f"row {name} has no line in the lineage")
            continue
        if line["split"] != split:
            check.fault(f"row {name} stands in {split}, its lineage says {line['split']}")
        line = next(lineage, None)
    while line is not None:
        check.fault(f"the lineage has {line['id']}, and no split has that row")
        line = next(lineage, None)
    if counts != build.rows:
        check.fault(f"there are {counts} rows, the build says {build.rows}")
    return check


def _named(build: DatasetBuild, split: str) -> Iterator[tuple[str, str]]:
    return ((row["id"], split) for row in rows_of(build, split))


def _groups(build: DatasetBuild, beat: Beat) -> Check:
    """No group stands in two splits: by 64 bits of its uid, so a hit is looked at by name."""
    check = Check("groups")
    sets = {}
    for split in SPLITS:
        words = array("Q")
        for row in rows_of(build, split):
            beat()
            words.append(_word(row["group"]))
        sets[split] = np.unique(np.frombuffer(words, dtype=np.uint64))
        check.checked += len(sets[split])
    for first, second in combinations(SPLITS, 2):
        shared = {int(each) for each in np.intersect1d(sets[first], sets[second])}
        if not shared:
            continue
        theirs = {row["group"] for row in rows_of(build, second) if _word(row["group"]) in shared}
        ours = {row["group"] for row in rows_of(build, first) if row["group"] in theirs}
        for group in sorted(ours):
            check.fault(f"group {group} stands in {first} and in {second}")
    return check


def _word(group: str) -> int:
    return int(group[:8] + group[-8:], 16)


def _judgments(build: DatasetBuild, beat: Beat) -> Check:
    """Each judgment that the lineage names is there, and was when the snapshot was taken."""
    check = Check("judgments")
    last = build.snapshot.last_judgment if build.snapshot else 0
    reachable = Judgment.objects.filter(workspace=build.workspace, pk__lte=last)
    names = (uid for line in lines_of(build, "lineage.jsonl") for uid in line["judgments"])
    while lot := list(islice(names, LOT)):
        beat()
        there = {str(uid) for uid in reachable.filter(uid__in=lot).values_list("uid", flat=True)}
        check.checked += len(lot)
        for uid in dict.fromkeys(lot):
            if uid not in there:
                check.fault(f"judgment {uid} is not in the snapshot")
    return check


def _snapshot(build: DatasetBuild) -> Check:
    """The snapshot names as many judgments as it did, the same ones."""
    check = Check("snapshot", checked=1)
    snapshot = build.snapshot
    if snapshot is None:
        check.fault("the build names no snapshot")
        return check
    rows = counted_up_to(
        build.workspace,
        snapshot.last_judgment,
        before=snapshot.settled_before,
        at=snapshot.created_at,
    )
    if named_by(rows) != (snapshot.judgments, snapshot.digest):
        check.fault("the judgments that counted then are not those that the snapshot was taken of")
    return check


def _rebuilt(build: DatasetBuild, beat: Beat) -> Check:
    """The rows made anew are the same. They differ where groups were merged or prompts archived since."""
    check = Check("rebuilt", checked=1)
    if build.snapshot is None:
        check.fault("the build names no snapshot")
        return check
    definition = definition_of(build.definition)
    with TemporaryDirectory(prefix="evalhub-verify-") as name:
        folder, kind = Path(name), BuildKind(build.kind)
        lengths = lengths_for(build.workspace, definition)
        cleaner = Cleaner(build.dataset, kind, definition.cleaning, folder / "cleaning")
        building = Building(
            kind=kind,
            definition=definition,
            lengths=lengths,
            cleaner=cleaner,
            augmenter=augmenter_for(build.workspace, kind, definition, lengths, cleaner, folder),
            folder=folder / "work",
        )
        scope = barred(scope_of(definition, build.snapshot), definition, beat=beat).scope
        collect_all(
            building,
            build.workspace,
            definition,
            scope,
            report=lambda _done, _total: beat(),
            beat=beat,
        )
        (folder / "out").mkdir()
        digest = building.write(folder / "out", beat)
    was, now = (told.get("entities") for told in (build.manifest["cleaning"], cleaner.report()))
    if was != now:
        check.fault(f"names and the like were found by {was}, here they are by {now}")
    if digest != build.digest:
        check.fault(f"the snapshot gives {digest} now, the build says {build.digest}")
    return check
