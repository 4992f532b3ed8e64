"""Judgments that came in a file: many at once, each stored once however often the file is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.services.tasks import tasks_of_shape
from evalhub.judgments.choices import Source
from evalhub.judgments.models import (
    Correction,
    Demonstration,
    Judgment,
    Preference,
    RankedCompletion,
    Rating,
    Span,
)
from evalhub.prompts.models import Collection, Completion, Prompt
from evalhub.rubrics.models import Criterion


@dataclass(frozen=True, kw_only=True)
class ImportedRating:
    place: int | None  # index into the judgment's completions; none: the prompt alone
    criterion: Criterion
    value: int | None
    reason: str = ""  # why there is no value


@dataclass(frozen=True, kw_only=True)
class ImportedPreference:
    criterion: Criterion | None  # None: overall
    margin: int  # -3…3, above 0 towards completions[0]
    both_bad: bool = False


@dataclass(frozen=True, kw_only=True)
class ImportedSpan:
    place: int | None  # as in ImportedRating
    start: int
    end: int
    error_type: str
    severity: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ImportedCorrection:
    place: int
    content: str


@dataclass(frozen=True, kw_only=True)
class ImportedJudgment:
    """A judgment of a file with every name in it already resolved to a row."""

    external_id: str
    collection: Collection
    prompt: Prompt
    completions: tuple[Completion, ...]  # in the task's order
    member: Member
    judged_at: datetime
    source: Source = Source.IMPORTED
    ratings: tuple[ImportedRating, ...] = ()
    preferences: tuple[ImportedPreference, ...] = ()  # of completions[0] and completions[1]
    ranking: tuple[tuple[int, ...], ...] = field(default=())  # tiers of places, best first
    spans: tuple[ImportedSpan, ...] = ()
    relocated: int = 0  # spans whose offsets were wrong, and whose text stands in one place only
    corrections: tuple[ImportedCorrection, ...] = ()
    demonstration: str = ""  # the answer that the person wrote to the prompt
    critique: str = ""
    body_digest: str = ""  # of the file's row: tells the same row from a changed one

    def placed(self, place: int | None) -> Completion | None:
        return None if place is None else self.completions[place]


@transaction.atomic
def record_imported(*, campaign: Campaign, rows: Sequence[ImportedJudgment]) -> int:
    """Store what is not there yet of `rows`; return how many that were.

    A row whose (collection, external_id) is stored already is passed over. Rows about the same
    prompt and completions share one task, whose overlap is the number of its judgments.
    """
    fresh = _not_yet_stored(rows)
    tasks = tasks_of_shape(
        campaign=campaign, shapes=[(row.prompt, row.completions) for row in fresh]
    )
    judgments = Judgment.objects.bulk_create(
        [_judgment(campaign, task, row) for task, row in zip(tasks, fresh, strict=True)],
        batch_size=1000,
    )
    _store_answers(judgments, fresh)
    _count(tasks)
    return len(fresh)


def _not_yet_stored(rows: Sequence[ImportedJudgment]) -> list[ImportedJudgment]:
    wanted: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        wanted[row.collection.pk].add(row.external_id)
    stored: set[tuple[int | None, str]] = set()
    for collection, names in wanted.items():
        stored.update(
            Judgment.objects.filter(collection_id=collection, external_id__any=names).values_list(
                "collection_id", "external_id"
            )
        )
    fresh: dict[tuple[int, str], ImportedJudgment] = {}
    for row in rows:
        key = (row.collection.pk, row.external_id)
        if key not in stored:
            fresh.setdefault(key, row)
    return list(fresh.values())


def _judgment(campaign: Campaign, task: Task, row: ImportedJudgment) -> Judgment:
    return Judgment(
        workspace_id=campaign.workspace_id,
        campaign=campaign,
        task=task,
        member=row.member,
        source=row.source,
        critique=row.critique,
        body_digest=row.body_digest,
        collection=row.collection,
        external_id=row.external_id,
        judged_at=row.judged_at,
    )


def _store_answers(judgments: Sequence[Judgment], rows: Sequence[ImportedJudgment]) -> None:
    pairs = list(zip(judgments, rows, strict=True))
    Rating.objects.bulk_create(
        (
            Rating(
                judgment=judgment,
                completion=row.placed(rating.place),
                criterion=rating.criterion,
                value=rating.value,
                reason=rating.reason,
            )
            for judgment, row in pairs
            for rating in row.ratings
        ),
        batch_size=1000,
    )
    Preference.objects.bulk_create(
        (
            Preference(
                judgment=judgment,
                criterion=preference.criterion,
                first=row.completions[0],
                second=row.completions[1],
                margin=preference.margin,
                both_bad=preference.both_bad,
            )
            for judgment, row in pairs
            for preference in row.preferences
        ),
        batch_size=1000,
    )
    RankedCompletion.objects.bulk_create(
        (
            RankedCompletion(judgment=judgment, completion=row.completions[place], tier=tier)
            for judgment, row in pairs
            for tier, places in enumerate(row.ranking)
            for place in places
        ),
        batch_size=1000,
    )
    _store_texts(pairs)


def _store_texts(pairs: Sequence[tuple[Judgment, ImportedJudgment]]) -> None:
    Span.objects.bulk_create(
        (
            Span(
                judgment=judgment,
                completion=row.placed(span.place),
                start=span.start,
                end=span.end,
                error_type=span.error_type,
                severity=span.severity,
                note=span.note,
            )
            for judgment, row in pairs
            for span in row.spans
        ),
        batch_size=1000,
    )
    Correction.objects.bulk_create(
        (
            Correction(
                judgment=judgment, completion=row.completions[each.place], content=each.content
            )
            for judgment, row in pairs
            for each in row.corrections
        ),
        batch_size=1000,
    )
    Demonstration.objects.bulk_create(
        (
            Demonstration(judgment=judgment, content=row.demonstration)
            for judgment, row in pairs
            if row.demonstration
        ),
        batch_size=1000,
    )


def _count(tasks: Sequence[Task]) -> None:
    """Each of `tasks` got one judgment more for each time it stands there."""
    more: dict[int, int] = defaultdict(int)
    by_key = {task.pk: task for task in tasks}
    for task in tasks:
        more[task.pk] += 1
    for key, task in by_key.items():
        task.judged += more[key]
        task.overlap = max(task.overlap, task.judged)
    Task.objects.bulk_update(by_key.values(), ["judged", "overlap"], batch_size=1000)
