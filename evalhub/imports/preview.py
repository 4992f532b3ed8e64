"""What reading a file would do: it is read whole, and nothing of it is stored as a prompt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from evalhub.common.personal_data import mask_personal_data
from evalhub.formats.reading import Seen
from evalhub.formats.rows import JudgmentRow, PromptRow, Rejected, Row
from evalhub.imports.asked import AskedQuestions, unasked_in
from evalhub.imports.hub import fetch_from_hub
from evalhub.imports.masking import change_texts, kinds_of, mask_row
from evalhub.imports.models import Import, ImportKind
from evalhub.imports.opening import OpenFile, open_file, shown
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Prompt

SAMPLES, AROUND = 5, 40  # of each kind of personal data; characters on either side
FIRST, REJECTED = 5, 20  # rows that the page shows
BATCH = 500


def preview_import(job: Job, beat: Beat) -> dict[str, Any]:
    """Count what the file holds, what is there already and what would be masked; safe to run twice."""
    source = Import.objects.select_related("collection").get(job=job)
    fetch_from_hub(source, beat)
    with open_file(source) as file:
        found = file.told()
        if file.needs_mapping or file.mapping:
            found["table"] = file.head()
        if not file.needs_mapping:
            found |= _look_through(source, file, beat)
    with beat.fenced():
        source.counts |= found
        source.save(update_fields=["counts"])
    size = source.counts["bytes"]
    beat.report(done=size, total=size)
    return {"format": found["format"]}


def _look_through(source: Import, file: OpenFile, beat: Beat) -> dict[str, Any]:
    looked, rows = _Looked(source, asks=file.asks), file.rows()
    while batch := list(islice(rows, BATCH)):
        looked.see(batch)
        beat.report(done=file.packed.stream.tell(), total=source.counts["bytes"])
    told = looked.found()
    found: dict[str, Any] = {"preview": told}
    if source.masks:
        found |= {"masked": dict(looked.masked), "places": looked.places}
    if file.asks:
        found["asked"] = looked.asked.found()
        if source.kind == ImportKind.JUDGMENTS:
            told["unasked"] = unasked_in(source, found["asked"])
    return found


@dataclass
class _Looked:
    source: Import
    asks: bool
    total: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    first: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    asked: AskedQuestions = field(default_factory=AskedQuestions)
    masked: Counter[str] = field(default_factory=Counter)
    places: list[dict[str, Any]] = field(default_factory=list)
    _at_line: int = 0
    _seen: Seen = field(default_factory=Seen)
    _fresh: set[str] = field(default_factory=set)  # prompts that stand in no batch before

    def see(self, batch: list[Row]) -> None:
        for row in batch:
            if isinstance(row, Rejected):
                self._see_rejected(row)
                continue
            self.ignored.update(row.ignored)
            if isinstance(row, PromptRow):
                self._see_prompt(row)
                if len(self.first) < FIRST:
                    self.first.append(_told(self._as_read(row)))
            else:
                self.total["judgments"] += 1
                if self.asks:
                    self.asked.see(row)
            if self.source.masks:
                self._at_line = row.line
                change_texts(row, self._see_text)
        self._count_known(batch)

    def found(self) -> dict[str, Any]:
        names = (
            "prompts",
            "completions",
            "judgments",
            "rejected",
            "known_prompts",
            "known_judgments",
        )
        return {
            **{name: self.total[name] for name in names},
            "ignored": dict(self.ignored),
            "first": self.first,
            "rejected_rows": self.rejected,
        }

    def _see_prompt(self, row: PromptRow) -> None:
        """Count it and its completions once, however often they stand in the file."""
        if not self._seen.times(row.id):
            self.total["prompts"] += 1
            self._fresh.add(row.id)
        for each in row.completions:
            self.total["completions"] += not self._seen.times(f"{row.id}\n{each.id}")

    def _as_read(self, row: PromptRow) -> PromptRow:
        read = mask_row(row, self.source.masks) if self.source.masks else row
        return read if isinstance(read, PromptRow) else row

    def _see_rejected(self, row: Rejected) -> None:
        self.total["rejected"] += 1
        if len(self.rejected) < REJECTED:
            excerpt = "" if self.source.masks else row.excerpt
            told = {"line": row.line, "field": row.field, "reason": row.reason, "excerpt": excerpt}
            self.rejected.append(told)

    def _count_known(self, batch: list[Row]) -> None:
        there = {"collection": self.source.collection}
        prompts, self._fresh = self._fresh, set()
        judgments = {row.id for row in batch if isinstance(row, JudgmentRow)}
        known = Prompt.objects.filter(**there, external_id__in=prompts)
        self.total["known_prompts"] += known.count() if prompts else 0
        said = Judgment.objects.filter(**there, external_id__in=judgments)
        self.total["known_judgments"] += said.count() if judgments else 0

    def _see_text(self, text: str) -> str:
        """Count the finds; keep a few places as they would read, so that none of the data is kept."""
        masked = mask_personal_data(text, kinds_of(self.source.masks))
        for found in masked.places:
            self.masked[found.kind] += 1
            if self.masked[found.kind] <= SAMPLES:
                told = masked.text[max(found.start - AROUND, 0) : found.end + AROUND]
                self.places.append({"line": self._at_line, "kind": found.kind, "text": told})
        return text


def _told(row: PromptRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "prompt": shown(row.messages[-1].content),
        "turns": len(row.messages),
        "completions": list(_answers(row)),
    }


def _answers(row: PromptRow) -> Iterator[str]:
    for each in row.completions[:4]:
        calls = ", ".join(call.name for call in each.tool_calls)
        yield shown(each.content) or f"calls {calls}"
