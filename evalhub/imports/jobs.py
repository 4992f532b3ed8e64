"""Reading a file that was imported. Each batch and its counts are one transaction, so a worker
that dies in the middle loses nothing and counts nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from evalhub.campaigns.choices import Ask, Origin, TaskType
from evalhub.campaigns.models import Campaign, Task, TaskCompletion
from evalhub.campaigns.services.campaigns import close_campaign, create_campaign
from evalhub.common.copying import counted
from evalhub.formats.rows import JudgmentRow, PromptRow, Rejected, Row
from evalhub.imports.asked import AskedQuestions, ensure_rubrics
from evalhub.imports.errors import UnreadableFile
from evalhub.imports.hub import fetch_from_hub
from evalhub.imports.masking import Masking
from evalhub.imports.models import Import, ImportKind, RejectedRow
from evalhub.imports.opening import OpenFile, open_file
from evalhub.imports.resolve import Resolver
from evalhub.jobs.beat import Beat
from evalhub.jobs.events import announce
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment, Preference, RankedCompletion, Rating
from evalhub.judgments.services.imported import ImportedJudgment, record_imported
from evalhub.prompts.models import Completion, Prompt, PromptGroup
from evalhub.prompts.services.intake import add_prompts

BATCH = 500


MANY = 1000  # rows, from which plans are made anew
STORED = (
    PromptGroup, Prompt, Completion, Task, TaskCompletion, Judgment, Rating, Preference, RankedCompletion,
)  # fmt: skip


def read_import(job: Job, beat: Beat) -> dict[str, Any]:
    """Take the file's rows; return the counts."""
    source = Import.objects.select_related("workspace", "collection", "created_by").get(job=job)
    fetch_from_hub(source, beat)
    with open_file(source) as file:
        if file.needs_mapping:
            raise UnreadableFile(
                "The rows have the fields of none of our formats, and no mapping says what their "
                f"columns are: {', '.join(file.head()['columns'][:30])}."
            )
        if file.asks:
            with beat.fenced():
                _ensure_rubrics(source, file)
        _take_rows(source, file, beat)
    if source.counts["new"] >= MANY:
        counted(*STORED)
    with beat.fenced():
        announce("import.ended", source.uid, kind=source.kind)
    beat.report(done=source.counts["bytes"], total=source.counts["bytes"])
    counts: dict[str, Any] = source.counts
    return counts


def _take_rows(source: Import, file: OpenFile, beat: Beat) -> None:
    reading = _Reading(source)
    rows = islice(_masked(source, file.rows()), reading.read, None)
    while batch := list(islice(rows, BATCH)):
        note = f"{reading.total['new']:,} new, {reading.total['rejected']:,} rejected"
        beat.report(done=file.packed.stream.tell(), total=source.counts["bytes"], note=note)
        with beat.fenced():
            reading.take(batch)
            source.counts |= reading.counts() | file.told()
            source.save(update_fields=["counts"])
    with beat.fenced():
        source.counts |= reading.counts() | file.told()
        source.save(update_fields=["counts"])


def _ensure_rubrics(source: Import, file: OpenFile) -> None:
    """Look through the file for what it asks, unless its preview did."""
    if "asked" not in source.counts:
        asked = AskedQuestions()
        for row in file.rows():
            if isinstance(row, JudgmentRow):
                asked.see(row)
        source.counts["asked"] = asked.found()
    made = ensure_rubrics(source, source.counts["asked"], file.mapping)
    source.counts["rubrics"] = sorted({*source.counts.get("rubrics", []), *made})
    source.save(update_fields=["counts"])


def _masked(source: Import, rows: Iterator[Row]) -> Iterator[Row]:
    """The rows without the personal data that is to be masked."""
    masking = Masking.of(source)
    return rows if masking is None else (masking.row(row) for row in rows)


@dataclass
class _Reading:
    """What was taken so far, batch by batch."""

    source: Import
    read: int = 0  # rows of the reader, so that the next attempt goes on behind them
    total: Counter[str] = field(default_factory=Counter)
    prompts: Counter[str] = field(default_factory=Counter)  # that came along with judgments
    ignored: Counter[str] = field(default_factory=Counter)
    merged: int = 0
    relocated: int = 0  # spans, see ImportedJudgment
    campaigns: dict[str, str] = field(default_factory=dict)  # rubric version's key: uid

    def __post_init__(self) -> None:
        counts = self.source.counts
        self.read, self.merged = counts.get("read", 0), counts.get("merged_groups", 0)
        self.relocated = counts.get("relocated_spans", 0)
        self.total.update(counts.get("total", {}))
        self.prompts.update(counts.get("prompts", {}))
        self.ignored.update(counts.get("ignored", {}))
        self.campaigns.update(counts.get("campaigns", {}))
        self._resolver = Resolver(self.source)

    def counts(self) -> dict[str, Any]:
        named = {name: self.total[name] for name in ("rows", "new", "unchanged", "rejected")}
        return named | {
            "read": self.read,
            "total": dict(self.total),
            "prompts": dict(self.prompts),
            "ignored": dict(self.ignored),
            "merged_groups": self.merged,
            "relocated_spans": self.relocated,
            "campaigns": self.campaigns,
        }

    def take(self, batch: Sequence[Row]) -> None:
        self.read += len(batch)
        prompts = [row for row in batch if isinstance(row, PromptRow)]
        judgments = [row for row in batch if isinstance(row, JudgmentRow)]
        self._reject([row for row in batch if isinstance(row, Rejected)])
        for row in batch:
            if not isinstance(row, Rejected):
                self.ignored.update(row.ignored)
        if self.source.kind == ImportKind.PROMPTS:
            self._take_prompts(prompts, self.total)
            self.total["rows"] += len(prompts)
        else:
            refused = self._take_prompts(prompts, self.prompts)
            wanted = [row for row in judgments if row.prompt not in refused]
            self._take_judgments(wanted)
            self.total["rows"] += len(wanted) + len(refused)

    def _take_prompts(self, rows: list[PromptRow], counter: Counter[str]) -> set[str]:
        """Store them; return the ids of those that were refused."""
        taken = add_prompts(collection=self.source.collection, rows=rows)
        self.merged += len(taken.merges)
        refused: dict[str, Rejected] = {}
        for row, outcome in zip(rows, taken.outcomes, strict=True):
            if isinstance(outcome, Rejected):
                refused[row.id] = outcome
            else:
                counter[outcome] += 1
        self._reject(refused.values(), already_counted=True)
        return set(refused)

    def _take_judgments(self, rows: list[JudgmentRow]) -> None:
        resolved: dict[str, list[ImportedJudgment]] = {}
        refused = []
        for row, answer in zip(rows, self._resolver.resolve(rows), strict=True):
            if isinstance(answer, Rejected):
                refused.append(answer)
            elif answer is None:
                self.total["unchanged"] += 1
            else:
                self.relocated += answer.relocated
                resolved.setdefault(self._campaign_for(row), []).append(answer)
        for uid, judgments in resolved.items():
            campaign = Campaign.objects.select_related("workspace").get(uid=uid)
            self.total["new"] += record_imported(campaign=campaign, rows=judgments)
        self._reject(refused, already_counted=True)

    def _campaign_for(self, row: JudgmentRow) -> str:
        """One closed campaign per import; another for rows under another rubric, for labels of
        prompts and for answers that people wrote: those are tasks of another type."""
        version = self._resolver.version_of(row)
        key = str(version.uid) if row.responses else f"{version.uid} {type_of(row)}"
        if key not in self.campaigns:
            campaign = create_campaign(
                workspace=self.source.workspace,
                title=f"Imported from {self.source.filename}"[:150],
                rubric_version=version,
                type=type_of(row),
                origin=Origin.IMPORTED,
                asks=[Ask.CRITIQUE] if row.responses else [],
                by=self.source.created_by,
            )
            close_campaign(campaign=campaign, by=self.source.created_by)
            self.campaigns[key] = str(campaign.uid)
        return self.campaigns[key]

    def _reject(self, rows: Iterable[Rejected], *, already_counted: bool = False) -> None:
        refused = [
            RejectedRow(
                source=self.source,
                line=row.line,
                field=row.field,
                reason=row.reason,
                excerpt=row.excerpt,
            )
            for row in rows
        ]
        RejectedRow.objects.bulk_create(refused, ignore_conflicts=True)
        self.total["rejected"] += len(refused)
        if not already_counted:
            self.total["rows"] += len(refused)


def type_of(row: JudgmentRow) -> TaskType:
    if not row.responses:
        return TaskType.DEMONSTRATION if row.demonstration else TaskType.LABEL
    if row.ranking or len(row.responses) > 2:
        return TaskType.RANKING
    return TaskType.COMPARISON if len(row.responses) == 2 else TaskType.RATING
