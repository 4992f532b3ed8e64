"""Scores that a reward model gave to completions."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from evalhub.prompts.models import Completion, Score
from evalhub.registry.models import LanguageModel

AT_ONCE = 5000


@transaction.atomic
def record_scores(*, model: LanguageModel, run_uid: UUID, scores: Mapping[UUID, float]) -> int:
    """Keep what one run gave, by the uid of the completion; return how many were new.

    A score that there is stays, so storing them again changes nothing.
    """
    before = Score.objects.by_model(model).count()
    given = list(scores.items())
    for start in range(0, len(given), AT_ONCE):
        wanted = dict(given[start : start + AT_ONCE])
        keys = Completion.objects.filter(workspace=model.workspace_id, uid__in=wanted)
        rows = [
            Score(completion_id=key, model=model, value=wanted[uid], run_uid=run_uid)
            for key, uid in keys.values_list("pk", "uid")
        ]
        Score.objects.bulk_create(rows, ignore_conflicts=True)
    return Score.objects.by_model(model).count() - before
