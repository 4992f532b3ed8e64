"""What a reward model thinks of the answers of a collection, for pages, the API and commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel
from evalhub.runs.models import Recipe, Run


@dataclass(frozen=True)
class Author:
    """A model whose answers were scored. Of its `compared` answers, those to prompts that have others too,
    `best` score highest; `lead` is how far above the mean of all answers to the same prompt they lie,
    None where there is nothing to compare.
    """

    name: str
    answers: int
    compared: int
    best: int
    lead: float | None


def scorings_of(collection: Collection) -> QuerySet[Run]:
    """The runs that scored answers of a collection, newest first."""
    runs = Run.objects.filter(recipe=Recipe.SCORE, job__subject_uid=collection.uid)
    return runs.select_related("job", "model", "created_by")


_AUTHORS = """
    SELECT author, count(*), count(*) FILTER (WHERE answers > 1),
           count(*) FILTER (WHERE answers > 1 AND place = 1),
           avg(value - of_prompt) FILTER (WHERE answers > 1) AS lead
    FROM (
        SELECT m.name AS author, s.value, avg(s.value) OVER prompt AS of_prompt,
               count(*) OVER prompt AS answers, rank() OVER (prompt ORDER BY s.value DESC) AS place
        FROM prompts_score s
        JOIN prompts_completion c ON c.id = s.completion_id
        JOIN prompts_prompt p ON p.id = c.prompt_id
        JOIN prompts_generation g ON g.id = c.generation_id
        JOIN registry_languagemodel m ON m.id = g.model_id
        WHERE s.model_id = %s AND p.collection_id = %s
        WINDOW prompt AS (PARTITION BY c.prompt_id)
    ) scored
    GROUP BY author
    ORDER BY lead DESC NULLS LAST, author
"""


def authors_by(model: LanguageModel, collection: Collection) -> list[Author]:
    """Who wrote the answers that `model` scored, the highest lead first."""
    with connection.cursor() as cursor:
        cursor.execute(_AUTHORS, [model.pk, collection.pk])
        return [Author(*row) for row in cursor.fetchall()]


def scoring_summary(run: Run) -> dict[str, Any]:
    return {
        "run": str(run.uid),
        "state": run.job.state,
        "error": run.job.error,
        "model": run.model.name if run.model else None,
        "scores": run.job.result.get("scores"),
    }
