"""Turning a scope of judgments into the files of a build, prompt by prompt."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from evalhub.common.canonical import canonical_bytes, digest_of
from evalhub.common.files import Beat, unwatched
from evalhub.common.memory import without_cycles
from evalhub.datasets.augmenting.adding import Augmenter
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.door import Cleaner, Lying
from evalhub.datasets.combining import combined
from evalhub.datasets.counting import EXAMPLES, Counts
from evalhub.datasets.definition import Definition
from evalhub.datasets.errors import SplitLeaks
from evalhub.datasets.findings import Findings, facts_of
from evalhub.datasets.kinds import MADE_OF_PROMPTS, MAKERS, PAIRS
from evalhub.datasets.lengths import Lengths
from evalhub.datasets.mixing import Mixing, Sorting, needs_mixing
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import SPLITS
from evalhub.datasets.replaying import replayed_from
from evalhub.datasets.rows import (
    Answers,
    Kept,
    LeftOut,
    as_row,
    calls_tools,
    content_uid,
    for_low_agreement,
)
from evalhub.datasets.sightings import Sightings
from evalhub.datasets.spill import REPLAY, Entry, SortedRows, entry_of
from evalhub.datasets.streams import Streams
from evalhub.datasets.texts import Asked, answers_in, asked_in
from evalhub.datasets.unjudged import Unjudged
from evalhub.prompts.models import Split
from evalhub.quality.evidence import Evidence
from evalhub.quality.queries import evidence_in
from evalhub.quality.scope import Scope


class Building:
    """Collects the rows in `folder`; `write` turns them into files."""

    def __init__(
        self,
        *,
        kind: BuildKind,
        definition: Definition,
        lengths: Lengths,
        cleaner: Cleaner,
        augmenter: Augmenter | None = None,
        folder: Path,
    ) -> None:
        self._kind, self._definition, self._lengths = kind, definition, lengths
        self._keeps_red_team = definition.keeps_red_team(kind)
        self._sorting = Sorting(definition)
        self._folder = folder / "sightings"
        self._rows = SortedRows(folder / "runs")
        self._left_out = SortedRows(folder / "left-out")
        self._cleaner, self._augmenter = cleaner, augmenter
        self._waiting: list[tuple[Asked, Kept]] = []  # for the end of their batch, to be cleaned
        self._unjudged = Unjudged(kind, definition)
        self.counts, self.findings = Counts(), Findings(kind)

    def collect(self, scope: Scope, report: Callable[[int, int], object]) -> None:
        """Read everything in scope; `report` hears of the judgments done so far, and of all."""
        if make := MAKERS.get(self._kind):
            with without_cycles():
                for block in evidence_in(scope, report=report):
                    asked, answers = asked_in(block), answers_in(block.values())
                    for key, evidence in block.items():
                        made = make(evidence, answers, self._definition)
                        self._take(asked[key], evidence, answers, made)
                    self._clean()
        said = self.counts.judgments
        for batch in self._unjudged.rows(scope, report=lambda: report(said, said)):
            for prompt, kept in batch:
                self.counts.found += 1
                self._keep(prompt, kept)
            self._clean()

    def replay(
        self, place: int, build: DatasetBuild, scope: Scope, *, beat: Beat = unwatched
    ) -> None:
        """Take the training rows of an earlier build, as the part at `place`; see `replayed_from`."""
        rows = replayed_from(build, scope, cleaner=self._cleaner, lengths=self._lengths)
        for row, lineage, facts, slices, why_not in rows:
            beat()
            self.counts.found += 1
            if why_not:
                self._list(row["id"], _left(why_not, lineage))
                continue
            told = lineage | {"reason": f"in build {build.digest[:12]}: {lineage['reason']}"}
            told["from"] = REPLAY + lineage["from"].removeprefix(REPLAY)
            split = Split.TRAIN.value
            value = self._sorting.value_of(slices)
            self._rows.add(entry_of(row, told, split=split, part=place, value=value, facts=facts))

    def _take(
        self,
        asked: Asked,
        evidence: Evidence,
        answers: Answers,
        results: Iterable[Kept | LeftOut],
    ) -> None:
        self._unjudged.is_judged(asked)
        self.counts.prompts += 1
        self.counts.judgments += evidence.judgments
        if evidence.carried:
            self.counts.carried += evidence.carried
        if evidence.distrusted:
            self.counts.distrusted += evidence.distrusted
            results = for_low_agreement(results)
        for result in results:
            if isinstance(result, Kept):
                self.counts.found += 1
                self.counts.half += result.p_chosen == 0.5
                result = self._cleaner.by_ratings(result, evidence, answers)
            else:
                self.counts.half += result.reason == "tie" and self._kind in PAIRS
            if isinstance(result, Kept):
                self._keep(asked, result)
            else:
                self._leave_out(asked, result)

    def _keep(self, asked: Asked, kept: Kept) -> None:
        if asked.is_archived:
            return self._leave_out(asked, LeftOut("archived", kept.answers))
        if asked.is_red_team and not self._keeps_red_team:
            return self._leave_out(asked, LeftOut("red_team", kept.answers))
        if asked.split == Split.NONE:
            return self._leave_out(asked, LeftOut("no_split", kept.answers))
        if self._kind == BuildKind.EVALUATION and asked.split != Split.TEST:
            return self._leave_out(asked, LeftOut("not_test", kept.answers))
        if self._definition.form == "string" and calls_tools(asked.messages, kept):
            return self._leave_out(asked, LeftOut("calls_tools", kept.answers))
        return self._waiting.append((asked, kept))

    def _clean(self) -> None:
        cleaned = self._cleaner.clean(self._waiting)
        for (asked, kept), clean in zip(self._waiting, cleaned, strict=True):
            if clean.reason:
                self._leave_out(asked, LeftOut(clean.reason, kept.answers))
                continue
            if clean.messages is not asked.messages:
                asked = replace(asked, messages=clean.messages)
            self._add(asked, clean.kept, clean.notes)
        self._waiting = []

    def _add(self, asked: Asked, kept: Kept, notes: list[dict[str, Any]]) -> None:
        texts = [each.whole for each in kept.answers]
        is_measured = self._kind in MADE_OF_PROMPTS  # documents are cut to size by the trainer
        if not is_measured and self._lengths.are_too_many(asked.messages, texts):
            return self._leave_out(asked, LeftOut("too_long", kept.answers))
        if self._kind == BuildKind.EVALUATION:
            kept = replace(kept, reference=asked.reference)
        row = as_row(
            self._kind,
            asked.messages,
            asked.group,
            kept,
            self._definition.form,
            tools=asked.tools,
        )
        lineage = {
            "id": row["id"],
            "split": asked.split,
            "from": kept.origin,
            "reason": kept.reason,
            "prompt": asked.uid,
            "completions": [each.uid for each in kept.answers],
            "judgments": kept.judgments,
        }
        if notes:
            lineage["cleaning"] = notes
        self._cleaner.saw(row["id"], asked.group, asked.messages, kept)
        self._unjudged.has_row(asked)
        part, value = self._sorting.of(asked)
        entry = entry_of(
            row,
            lineage,
            split=asked.split,
            part=part,
            value=value,
            facts=facts_of(self._kind, kept, notes),
        )
        if self._augmenter and asked.split == Split.TRAIN:
            self._augmenter.offer(asked, kept, parent=row["id"])
        return self._rows.add(entry)

    def _leave_out(self, asked: Asked, left: LeftOut) -> None:
        uids = [each.uid for each in left.answers]
        told = _left(left.reason, {"prompt": asked.uid, "completions": uids})
        self._list(content_uid(asked.messages, Kept(left.answers, "", "", ())), told)

    def _list(self, name: str, told: dict[str, Any]) -> None:
        reason = told["reason"]
        self.counts.left_out[reason] += 1
        if len(self.counts.examples[reason]) < EXAMPLES:
            self.counts.examples[reason].append(told)
        self._left_out.add(Entry(name, "", "", "", 0, 0, "", b"{}", canonical_bytes(told), b""))

    def write(self, folder: Path, beat: Beat = unwatched) -> str:
        """Write the files of rows, by content uid; return their digest. `beat` is called at each.

        The digest is sha256 over the canonical JSON of {split: sha256 of its file}, so anybody
        who holds the files can check it.

        Raises:
            SplitLeaks: a row would stand in two splits.
        """
        seen = self._cleaner.seen_in_all(beat)
        rows = self._settled_rows(seen, self._mixed(seen, beat), beat)
        if self._augmenter:
            rows = self._augmenter.rows(rows, beat)
        digests = {split: hashlib.sha256() for split in SPLITS}
        names = [*(f"{split}.jsonl" for split in SPLITS), "lineage.jsonl"]
        with Streams(folder, names) as files, Sightings(self._folder) as sightings:
            for entry in rows:
                line = entry.row + b"\n"
                files[f"{entry.split}.jsonl"].write(line)
                files["lineage.jsonl"].write(entry.lineage + b"\n")
                digests[entry.split].update(line)
                self.counts.see(entry)
                sightings.add(self.findings.see(entry))
        self.findings.places = sightings.put_together(folder)
        with Streams(folder, ["left_out.jsonl"]) as files:
            for entries in self._left_out:
                beat()
                for entry in entries:
                    files["left_out.jsonl"].write(entry.row + b"\n")
        return digest_of({split: each.hexdigest() for split, each in digests.items()})

    def _settled_rows(
        self, seen: Mapping[str, Lying], mixing: Mixing | None, beat: Beat
    ) -> Iterator[Entry]:
        """Each row that is written, by id; those that are not are listed."""
        for same in self._rows:
            beat()
            entry = self._settled(same, seen, mixing)
            if isinstance(entry, Entry):
                yield entry
            else:
                for each in same:
                    self._list(each.id, _left(entry, each.read()[1]))

    def _mixed(self, seen: Mapping[str, Lying], beat: Beat) -> Mixing | None:
        """What each part of the training split gives; None where it is taken as it is."""
        if not needs_mixing(self._definition):
            return None
        mixing = Mixing(self._definition)
        for entry in self._without(seen, beat):
            mixing.count(entry)
        mixing.settle()
        if self._definition.balance:
            for entry in self._without(seen, beat):
                mixing.weigh(entry)
        self.counts.mixture, self.counts.balance = mixing.mixture(), mixing.balance()
        return mixing

    def _without(self, seen: Mapping[str, Lying], beat: Beat) -> Iterator[Entry]:
        for same in self._rows:
            beat()
            entry = combined(same)
            if isinstance(entry, str) or (entry.id in seen and seen[entry.id].reason):
                continue
            yield entry

    def _settled(
        self, same: Sequence[Entry], seen: Mapping[str, Lying], mixing: Mixing | None
    ) -> Entry | str:
        """Rows of one text as the one that is written, or why it is not."""
        if len(splits := {each.split for each in same}) > 1:
            if self._kind == BuildKind.TEXT:
                return "crosses_splits"
            raise SplitLeaks(
                f"The row {same[0].id} would stand in {' and '.join(sorted(splits))}: its prompts are of "
                "groups that should be one. Look for near-duplicates, then build again."
            )
        entry = combined(same)
        if isinstance(entry, str):
            return entry
        if lying := seen.get(entry.id):
            if lying.reason:
                return lying.reason
            entry = entry.with_notes(lying.notes)
        return mixing.drawn(entry) if mixing else entry


def _left(reason: str, lineage: Mapping[str, Any]) -> dict[str, Any]:
    completions = [uid for uid in lineage["completions"] if uid]
    return {"reason": reason, "prompt": lineage["prompt"], "completions": completions}
