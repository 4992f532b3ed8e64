"""Turning a scope of judgments into the files of a build, prompt by prompt."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from evalhub.common.canonical import canonical_bytes, digest_of
from evalhub.common.files import Beat, unwatched
from evalhub.common.memory import without_cycles
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import Definition
from evalhub.datasets.kinds import rows_of_kind
from evalhub.datasets.lengths import Lengths
from evalhub.datasets.queries import SPLITS
from evalhub.datasets.rows import (
    REASONS,
    Answers,
    Kept,
    LeftOut,
    as_row,
    content_uid,
    prompt_uid,
)
from evalhub.datasets.spill import Entry, SortedRows, entry_of
from evalhub.datasets.texts import Asked, answers_in, asked_in
from evalhub.prompts.grouping import root_of
from evalhub.prompts.models import Prompt, Split
from evalhub.quality.evidence import Evidence
from evalhub.quality.queries import evidence_in
from evalhub.quality.scope import Scope

EXAMPLES = 20  # of each reason in the manifest; all of them stand in left_out.jsonl


OF_FOUND = (
    "archived",
    "no_split",
    "too_long",
    "calls_tools",
)  # why a row that was found is left out


@dataclass
class Counts:
    """What the manifest tells about the rows."""

    prompts: int = 0
    judgments: int = 0
    behind_rows: int = 0  # judgments that speak for a row, counted once for each row
    found: int = 0  # rows before identical ones became one
    rows: Counter[str] = field(default_factory=Counter)
    groups: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # 64 bits each
    origins: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    test_prompts: dict[str, int] = field(default_factory=dict)  # of an SFT build
    carried: Counter[str] = field(default_factory=Counter)  # see Evidence
    half: int = 0  # pairs left out with P = 0.5: ties that a soft loss could still learn from

    @property
    def identical_merged(self) -> int:
        """How many rows fewer there are because rows of the same text became one."""
        left = sum(self.left_out[each] for each in OF_FOUND)
        return self.found - left - sum(self.rows.values())

    def left_out_report(self) -> dict[str, Any]:
        return {
            reason: {"count": count, "why": REASONS[reason], "examples": self.examples[reason]}
            for reason, count in sorted(self.left_out.items())
        }


class Building:
    """Collects the rows in `folder`; `write` turns them into files."""

    def __init__(
        self, *, kind: BuildKind, definition: Definition, lengths: Lengths, folder: Path
    ) -> None:
        self._kind, self._definition, self._lengths = kind, definition, lengths
        self._rows = SortedRows(folder / "runs")
        self._left_out = SortedRows(folder / "left-out")
        self.counts = Counts()

    def collect(self, scope: Scope, report: Callable[[int, int], None]) -> None:
        """Read everything in scope; `report` hears of the judgments done so far, and of all."""
        with without_cycles():
            for block in evidence_in(scope, report=report):
                asked, answers = asked_in(block), answers_in(block.values())
                for key, evidence in block.items():
                    self._take(asked[key], evidence, answers)

    def _take(self, asked: Asked, evidence: Evidence, answers: Answers) -> None:
        self.counts.prompts += 1
        self.counts.judgments += evidence.judgments
        if evidence.carried:
            self.counts.carried += evidence.carried
        for result in rows_of_kind(self._kind, evidence, answers, self._definition):
            if isinstance(result, Kept):
                self.counts.found += 1
                self._keep(asked, result)
            else:
                self._leave_out(asked, result)

    def _keep(self, asked: Asked, kept: Kept) -> None:
        if asked.is_archived:
            return self._leave_out(asked, LeftOut("archived", kept.answers))
        if asked.split == Split.NONE:
            return self._leave_out(asked, LeftOut("no_split", kept.answers))
        if any(each.calls_tools for each in kept.answers):
            return self._leave_out(asked, LeftOut("calls_tools", kept.answers))
        texts = [each.content for each in kept.answers]
        if self._lengths.are_too_many(asked.messages, texts):
            return self._leave_out(asked, LeftOut("too_long", kept.answers))
        row = as_row(self._kind, asked.messages, asked.group, kept, self._definition.form)
        lineage = {
            "id": row["id"],
            "split": asked.split,
            "from": kept.origin,
            "reason": kept.reason,
            "prompt": asked.uid,
            "completions": [each.uid for each in kept.answers],
            "judgments": kept.judgments,
        }
        return self._rows.add(entry_of(row, lineage, split=asked.split))

    def _leave_out(self, asked: Asked, left: LeftOut) -> None:
        self.counts.left_out[left.reason] += 1
        self.counts.half += left.reason == "tie" and self._kind == BuildKind.PREFERENCE
        entry = {
            "reason": left.reason,
            "prompt": asked.uid,
            "completions": [each.uid for each in left.answers if each.uid],
        }
        if len(self.counts.examples[left.reason]) < EXAMPLES:
            self.counts.examples[left.reason].append(entry)
        name = content_uid(asked.messages, Kept(left.answers, "", "", ()))
        self._left_out.add(Entry(name, "", "", "", 0, canonical_bytes(entry), b""))

    def write(self, folder: Path, beat: Beat = unwatched) -> str:
        """Write the files of rows, by content uid; return their digest. `beat` is called at each.

        The digest is sha256 over the canonical JSON of {split: sha256 of its file}, so anybody
        who holds the files can check it.
        """
        digests = {split: hashlib.sha256() for split in SPLITS}
        with _Streams(folder, [*(f"{split}.jsonl" for split in SPLITS), "lineage.jsonl"]) as files:
            for same in self._rows:
                beat()
                entry = _combined(same)
                line = entry.row + b"\n"
                files[f"{entry.split}.jsonl"].write(line)
                files["lineage.jsonl"].write(entry.lineage + b"\n")
                digests[entry.split].update(line)
                self.counts.rows[entry.split] += 1
                self.counts.groups[entry.split].add(int(entry.group[:8] + entry.group[-8:], 16))
                self.counts.origins[entry.origin] += 1
                self.counts.behind_rows += entry.judgments
        with _Streams(folder, ["left_out.jsonl"]) as files:
            for entries in self._left_out:
                beat()
                for entry in entries:
                    files["left_out.jsonl"].write(entry.row + b"\n")
        return digest_of({split: each.hexdigest() for split, each in digests.items()})


class Written(NamedTuple):
    """How many test prompts were written, and how many leave the named model no room to answer."""

    written: int
    too_long: int


def write_test_prompts(
    scope: Scope, target: Path, folder: Path, lengths: Lengths, beat: Beat = unwatched
) -> Written:
    """The prompts of the test split in scope, for what is measured on generated answers."""
    too_long = 0
    rows = SortedRows(folder)
    prompts = (
        Prompt.objects.filter(workspace=scope.snapshot.workspace).in_split(Split.TEST).in_use()
    )
    if scope.collections:
        prompts = prompts.filter(collection__slug__in=scope.collections)
    if scope.campaigns:
        prompts = prompts.filter(tasks__campaign__uid__in=scope.campaigns).distinct()
    ordered = prompts.select_related("group__merged_into").order_by("pk")
    for prompt in ordered.iterator(chunk_size=500):
        beat()
        if not lengths.leave_room(prompt.messages):
            too_long += 1
            continue
        name = prompt_uid(prompt.messages)
        row = {
            "id": name,
            "group": str(root_of(prompt.group).uid),
            "prompt": prompt.messages,
            "reference": prompt.reference,
        }
        rows.add(Entry(name, "test", row["group"], "", 0, canonical_bytes(row), b""))
    written = 0
    with target.open("wb") as stream:
        for same in rows:
            given = [each.row for each in same if json.loads(each.row)["reference"] is not None]
            stream.write((given[0] if given else same[0].row) + b"\n")
            written += 1
    return Written(written, too_long)


def _combined(same: Sequence[Entry]) -> Entry:
    """Rows with the same text are one: their weights add up, their shares are averaged by weight."""
    if len(same) == 1:
        return same[0]
    rows, lineages = zip(*(each.read() for each in same), strict=True)
    weight = sum(each["weight"] for each in rows)
    row = rows[0] | {"weight": round(weight, 3)}
    if "p_chosen" in row:
        share = sum(each["p_chosen"] * each["weight"] for each in rows) / weight
        row["p_chosen"] = round(share, 3)
    judgments = sorted({uid for each in lineages for uid in each["judgments"]})
    reason = f"{lineages[0]['reason']}; {len(same)} rows with this text became one"
    lineage = lineages[0] | {"judgments": judgments, "reason": reason}
    return entry_of(row, lineage, split=same[0].split)


class _Streams:
    """Several files opened for writing as one context."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._paths = {name: folder / name for name in names}
        self._open: dict[str, IO[bytes]] = {}

    def __enter__(self) -> dict[str, IO[bytes]]:
        for name, path in self._paths.items():
            self._open[name] = path.open("wb")
        return self._open

    def __exit__(self, *_: object) -> None:
        for stream in self._open.values():
            stream.close()
