"""What a judge model said of many tasks: each judgment stored once, however often it is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import Origin
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.services.tasks import tasks_of_shape
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment, Preference, Rating
from evalhub.prompts.models import Completion, Prompt


@dataclass(frozen=True, kw_only=True)
class ModelRating:
    """Of the task's one completion; `value` None: it could not tell."""

    criterion: int  # key
    value: int | None


@dataclass(frozen=True, kw_only=True)
class ModelPreference:
    criterion: int | None  # key; None: overall
    margin: int  # above 0 towards the first completion
    both_bad: bool = False


@dataclass(frozen=True, kw_only=True)
class ModelJudgment:
    submission_id: UUID  # the same for the same task, so that it is stored once
    prompt: Prompt
    completions: tuple[Completion, ...]  # in the task's order
    ratings: tuple[ModelRating, ...] = ()
    preferences: tuple[ModelPreference, ...] = ()


CANNOT_TELL = "cannot_tell"


@transaction.atomic
def record_modelled(*, campaign: Campaign, member: Member, rows: Sequence[ModelJudgment]) -> int:
    """Store what is not there yet of `rows` in the judge's own campaign; return how many that were.

    Raises:
        ValueError: the campaign is people's, where a model's word has no place.
    """
    if campaign.origin != Origin.MODEL:
        raise ValueError(f"{campaign} is no judge's own campaign")
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)  # two jobs: in turn
    wanted = [row.submission_id for row in rows]
    stored = Judgment.objects.filter(member=member, submission_id__in=wanted)
    known = set(stored.values_list("submission_id", flat=True))
    fresh = [row for row in rows if row.submission_id not in known]
    shapes = [(row.prompt, row.completions) for row in fresh]
    tasks, now = tasks_of_shape(campaign=campaign, shapes=shapes), timezone.now()
    judgments = Judgment.objects.bulk_create(
        [
            Judgment(
                workspace_id=campaign.workspace_id,
                campaign=campaign,
                task=task,
                member=member,
                source=Source.MODEL,
                submission_id=row.submission_id,
                judged_at=now,
            )
            for task, row in zip(tasks, fresh, strict=True)
        ],
        batch_size=1000,
    )
    _store_answers(judgments, fresh)
    keys = [task.pk for task in tasks]
    Task.objects.filter(pk__in=keys).update(judged=1, overlap=1)
    return len(fresh)


def _store_answers(judgments: Sequence[Judgment], rows: Sequence[ModelJudgment]) -> None:
    pairs = list(zip(judgments, rows, strict=True))
    Rating.objects.bulk_create(
        (
            Rating(
                judgment=judgment,
                completion=row.completions[0],
                criterion_id=rating.criterion,
                value=rating.value,
                reason=CANNOT_TELL if rating.value is None else "",
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
                criterion_id=preference.criterion,
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
