"""What a reward model thinks of the answers of a collection, for pages, the API and commands."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Avg, Count, F, QuerySet, Window
from django.db.models.functions import Rank

from evalhub.prompts.models import Collection, Score
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


class Row(NamedTuple):
    value: float
    of_prompt: float  # mean
    answers: int  # to the prompt
    place: int  # 1 is the highest


def scorings_of(collection: Collection) -> QuerySet[Run]:
    """The runs that scored answers of a collection, newest first."""
    runs = Run.objects.filter(recipe=Recipe.SCORE, job__subject_uid=collection.uid)
    return runs.select_related("job", "model", "created_by")


def authors_by(model: LanguageModel, collection: Collection) -> list[Author]:
    """Who wrote the answers that `model` scored, the highest lead first."""
    scores = Score.objects.by_model(model).filter(completion__prompt__collection=collection)
    prompt = [F("completion__prompt")]
    told = scores.annotate(
        author=F("completion__generation__model__name"),
        of_prompt=Window(Avg("value"), partition_by=prompt),
        answers=Window(Count("pk"), partition_by=prompt),
        place=Window(Rank(), partition_by=prompt, order_by=F("value").desc()),
    ).values_list("author", "value", "of_prompt", "answers", "place")
    found: dict[str, list[Row]] = defaultdict(list)
    for author, *rest in told:
        found[author].append(Row(*rest))
    authors = [_author(name, rows) for name, rows in found.items()]
    return sorted(authors, key=lambda each: (each.lead is None, -(each.lead or 0), each.name))


def _author(name: str, rows: list[Row]) -> Author:
    compared = [row for row in rows if row.answers > 1]
    leads = [row.value - row.of_prompt for row in compared]
    return Author(
        name=name,
        answers=len(rows),
        compared=len(compared),
        best=sum(row.place == 1 for row in compared),
        lead=sum(leads) / len(leads) if leads else None,
    )


def scoring_summary(run: Run) -> dict[str, Any]:
    return {
        "run": str(run.uid),
        "state": run.job.state,
        "error": run.job.error,
        "model": run.model.name if run.model else None,
        "scores": run.job.result.get("scores"),
    }
