from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from evalhub.accounts.models import Member
from evalhub.prompts.models import Collection, Completion, Score
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.runs.errors import BadSpec
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import Recipe, Run
from evalhub.runs.services import start_run

SCORE = "runs.score"
TOO_LONG = "an answer that is too long is not scored"


@transaction.atomic
def start_scoring(*, collection: Collection, model: LanguageModel, by: Member | None = None) -> Run:
    """Let a reward model score the answers of a collection that it has not scored yet.

    Answers that a member wrote are not among them, nor those to archived prompts.

    Raises:
        BadSpec: it is no reward model, or there is no such answer.
    """
    if model.kind != ModelKind.REWARD:
        raise BadSpec(
            f"“{model}” is no reward model. Train one with the recipe reward, on a build of preferences."
        )
    answers = unscored(collection, model)
    if not answers.exists():
        raise BadSpec(
            f"“{model}” has scored every answer of “{collection}” that a model wrote: nothing is left."
        )
    return start_run(
        workspace=collection.workspace,
        recipe=Recipe.SCORE,
        model=model,
        inputs={"completions": store_rows(_rows(answers))},
        options={"allow_dropped": TOO_LONG},
        by=by,
        title=f"Score the answers of {collection} by {model}",
        kind=SCORE,
        subject_uid=collection.uid,
    )


def unscored(collection: Collection, model: LanguageModel) -> QuerySet[Completion]:
    answers = Completion.objects.filter(prompt__in=collection.prompts.in_use(), written_by=None)
    return answers.exclude(Exists(Score.objects.filter(completion=OuterRef("pk"), model=model)))


def _rows(answers: QuerySet[Completion]) -> Iterator[dict[str, Any]]:
    rows = answers.order_by("pk").values_list("uid", "prompt__messages", "content", "tool_calls")
    for uid, messages, content, calls in rows.iterator(chunk_size=1000):
        turn = {"role": "assistant", "content": content}
        yield {
            "id": str(uid),
            "prompt": messages,
            "completion": [turn | ({"tool_calls": calls} if calls else {})],
        }
