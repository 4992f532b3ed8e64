"""Turning a scope of judgments into the files of a build, prompt by prompt."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

from evalhub.common.canonical import canonical_json, digest_of
from evalhub.common.files import Beat, unwatched
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import Definition
from evalhub.datasets.errors import SplitLeaks
from evalhub.datasets.labels import label_rows
from evalhub.datasets.lengths import Lengths
from evalhub.datasets.queries import SPLITS
from evalhub.datasets.rows import (
    REASONS,
    Answer,
    Kept,
    LeftOut,
    as_row,
    content_uid,
    preference_rows,
    prompt_uid,
    sft_row,
)
from evalhub.datasets.spill import Entry, SortedRows
from evalhub.prompts.grouping import root_of
from evalhub.prompts.models import Completion, Prompt, Split
from evalhub.quality.queries import Evidence, evidence_of
from evalhub.quality.scope import Scope, judged_prompts

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

    def collect(self, scope: Scope, report: Callable[[int], None]) -> None:
        """Read everything in scope; `report` hears of the judgments done so far."""
        for keys in judged_prompts(scope):
            found = evidence_of(scope, keys)
            prompts = Prompt.objects.select_related("group__merged_into").in_bulk(keys)
            answers = _answers(found.values())
            for key in keys:
                if key in found:
                    self._take(prompts[key], found[key], answers)
            report(self.counts.judgments)

    def _take(self, prompt: Prompt, evidence: Evidence, answers: dict[int, Answer]) -> None:
        self.counts.prompts += 1
        self.counts.judgments += evidence.judgments
        self.counts.carried += evidence.carried
        results: Iterable[Kept | LeftOut]
        if self._kind == BuildKind.SFT:
            results = [sft_row(evidence, answers, self._definition)]
        elif self._kind == BuildKind.CLASSIFICATION:
            results = label_rows(evidence, self._definition)
        else:
            results = preference_rows(evidence, answers, self._definition)
        for result in results:
            if isinstance(result, Kept):
                self.counts.found += 1
                self._keep(prompt, result)
            else:
                self._leave_out(prompt, result)

    def _keep(self, prompt: Prompt, kept: Kept) -> None:
        if prompt.archived_at is not None:
            return self._leave_out(prompt, LeftOut("archived", kept.answers))
        if prompt.group.split == Split.NONE:
            return self._leave_out(prompt, LeftOut("no_split", kept.answers))
        if any(each.calls_tools for each in kept.answers):
            return self._leave_out(prompt, LeftOut("calls_tools", kept.answers))
        texts = [each.content for each in kept.answers]
        if self._lengths.are_too_many(prompt.messages, texts):
            return self._leave_out(prompt, LeftOut("too_long", kept.answers))
        group = root_of(prompt.group).uid
        row = as_row(self._kind, prompt.messages, group, kept, self._definition.form)
        lineage = {
            "id": row["id"],
            "split": prompt.group.split,
            "from": kept.origin,
            "reason": kept.reason,
            "prompt": str(prompt.uid),
            "completions": [str(each.uid) if each.uid else None for each in kept.answers],
            "judgments": [str(each) for each in kept.judgments],
        }
        return self._rows.add(Entry(row["id"], prompt.group.split, row, lineage))

    def _leave_out(self, prompt: Prompt, left: LeftOut) -> None:
        self.counts.left_out[left.reason] += 1
        self.counts.half += left.reason == "tie" and self._kind == BuildKind.PREFERENCE
        entry = {
            "reason": left.reason,
            "prompt": str(prompt.uid),
            "completions": [str(each.uid) for each in left.answers if each.uid],
        }
        if len(self.counts.examples[left.reason]) < EXAMPLES:
            self.counts.examples[left.reason].append(entry)
        name = content_uid(prompt.messages, Kept(left.answers, "", "", ()))
        self._left_out.add(Entry(name, "", entry, {}))

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
                line = canonical_json(entry.row) + "\n"
                files[f"{entry.split}.jsonl"].write(line)
                files["lineage.jsonl"].write(canonical_json(entry.lineage) + "\n")
                digests[entry.split].update(line.encode())
                self.counts.rows[entry.split] += 1
                self.counts.groups[entry.split].add(
                    int(entry.row["group"][:8] + entry.row["group"][-8:], 16)
                )
                self.counts.origins[entry.lineage["from"]] += 1
                self.counts.behind_rows += len(entry.lineage["judgments"])
        with _Streams(folder, ["left_out.jsonl"]) as files:
            for entries in self._left_out:
                beat()
                for entry in entries:
                    files["left_out.jsonl"].write(canonical_json(entry.row) + "\n")
        return digest_of({split: each.hexdigest() for split, each in digests.items()})


class Asked(NamedTuple):
    """How many test prompts were written, and how many leave the named model no room to answer."""

    written: int
    too_long: int


def write_test_prompts(
    scope: Scope, target: Path, folder: Path, lengths: Lengths, beat: Beat = unwatched
) -> Asked:
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
        rows.add(Entry(name, "test", row, {}))
    written = 0
    with target.open("w", encoding="utf-8") as stream:
        for same in rows:
            given = [each.row for each in same if each.row["reference"] is not None]
            stream.write(canonical_json(given[0] if given else same[0].row) + "\n")
            written += 1
    return Asked(written, too_long)


def _answers(evidence: Iterable[Evidence]) -> dict[int, Answer]:
    wanted: set[int] = set()
    for each in evidence:
        pairs = (*each.votes, *each.rankings)
        wanted.update(key for first, second, _ in pairs for key in (first, second))
        wanted.update(mark.completion for mark in each.marks)
        wanted.update(corrected.completion for corrected in each.corrections)
    rows = Completion.objects.filter(pk__in=wanted)
    return {
        pk: Answer(content, uid, calls_tools=bool(calls))
        for pk, content, uid, calls in rows.values_list("pk", "content", "uid", "tool_calls")
    }


def _combined(same: Sequence[Entry]) -> Entry:
    """Rows with the same text are one: their weights add up, their shares are averaged by weight."""
    if len(same) == 1:
        return same[0]
    first = same[0]
    if any(each.split != first.split for each in same):
        raise SplitLeaks(f"The row {first.id} stands in two splits: its prompts belong together.")
    weight = sum(each.row["weight"] for each in same)
    row = first.row | {"weight": round(weight, 3)}
    if "p_chosen" in row:
        share = sum(each.row["p_chosen"] * each.row["weight"] for each in same) / weight
        row["p_chosen"] = round(share, 3)
    judgments = sorted({uid for each in same for uid in each.lineage["judgments"]})
    reason = f"{first.lineage['reason']}; {len(same)} rows with this text became one"
    lineage = first.lineage | {"judgments": judgments, "reason": reason}
    return Entry(first.id, first.split, row, lineage)


class _Streams:
    """Several files opened for writing as one context."""

    def __init__(self, folder: Path, names: list[str]) -> None:
        self._paths = {name: folder / name for name in names}
        self._open: dict[str, IO[str]] = {}

    def __enter__(self) -> dict[str, IO[str]]:
        for name, path in self._paths.items():
            self._open[name] = path.open("w", encoding="utf-8")
        return self._open

    def __exit__(self, *_: object) -> None:
        for stream in self._open.values():
            stream.close()
