"""Rows of prompts that nobody judged: their references, their documents, or the answer that a reward model
scores highest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q
from msgspec.structs import replace

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import BestOf, Definition
from evalhub.datasets.kinds import MADE_OF_PROMPTS
from evalhub.datasets.rows import Answer, Kept
from evalhub.datasets.texts import ANSWER, Asked, asked_in
from evalhub.prompts.documents import documents_in
from evalhub.prompts.models import Prompt, Split
from evalhub.prompts.tools import declares_tools
from evalhub.quality.scope import Scope

BATCH = 2000  # prompts
SCORES = "scores"  # the origin of a row that a reward model chose


class Unjudged:
    """The rows of prompts alone for a dataset of that kind, where it has any.

    What people said comes first: a reference gives a row where they gave none, a score only where they
    said nothing at all.
    """

    def __init__(self, kind: BuildKind, definition: Definition) -> None:
        self._kind = kind
        is_sft = kind == BuildKind.SFT
        self._makers = [_MAKERS[kind]] if kind in MADE_OF_PROMPTS else []
        if is_sft and "references" in definition.evidence:
            self._makers.append(_references)
        self._best_of = definition.best_of if is_sft else None
        self._judged: set[str] = set()  # uids of prompts, as far as it matters
        self._with_row: set[str] = set()

    def is_judged(self, asked: Asked) -> None:
        if self._best_of:
            self._judged.add(asked.uid)

    def has_row(self, asked: Asked) -> None:
        if (self._makers or self._best_of) and self._kind != BuildKind.TEXT:
            self._with_row.add(asked.uid)

    def rows(
        self, scope: Scope, *, report: Callable[[], object]
    ) -> Iterator[list[tuple[Asked, Kept]]]:
        """A batch of prompts at a time; call it when all that people said was taken."""
        if not (self._makers or self._best_of):
            return
        for batch in prompts_in(scope, report=report):
            left = [each for each in batch if each[0].uid not in self._with_row]
            made = [
                (replace(asked, messages=[]) if self._kind == BuildKind.TEXT else asked, kept)
                for asked, documents in left
                for make in self._makers
                for kept in make(asked, documents)
            ]
            yield made + self._best(left, {asked.uid for asked, _ in made}, scope)

    def _best(
        self, left: list[tuple[Asked, Any]], taken: set[str], scope: Scope
    ) -> list[tuple[Asked, Kept]]:
        if not self._best_of:
            return []
        free = {a.uid: a for a, _ in left if a.uid not in self._judged and a.uid not in taken}
        best = best_scored(self._best_of, list(free), before=scope.snapshot.created_at)
        return [(free[uid], kept) for uid, kept in best]


_BEST = """
    SELECT DISTINCT ON (p.id) p.uid::text, m.name, s.value, count(*) OVER each,
           s.value - lead(s.value) OVER (each ORDER BY s.value DESC, c.uid), {answer}
    FROM prompts_prompt p
    JOIN prompts_completion c ON c.prompt_id = p.id
    JOIN prompts_score s ON s.completion_id = c.id
    JOIN registry_languagemodel m ON m.id = s.model_id
    WHERE p.uid = ANY(%s::uuid[]) AND m.uid = %s AND s.created_at <= %s
    WINDOW each AS (PARTITION BY p.id)
    ORDER BY p.id, s.value DESC, c.uid
"""


def best_scored(wanted: BestOf, prompts: list[str], *, before: datetime) -> list[tuple[str, Kept]]:
    """By the uid of the prompt the answer that the reward model scores highest, where it has scored enough
    of them by then.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BEST.format(answer=ANSWER), [prompts, wanted.model, before])
        found: list[tuple[Any, ...]] = cursor.fetchall()
    best = []
    for uid, name, value, count, ahead, *answer in found:
        if count >= wanted.answers:
            told = "" if ahead is None else f", {ahead:.2f} above the next"
            reason = f"“{name}” scores it highest of {count} answers: {value:.2f}{told}"
            best.append((uid, Kept((Answer(*answer),), SCORES, reason, ())))
    return best


def prompts_in(scope: Scope, *, report: Callable[[], object]) -> Iterator[list[tuple[Asked, Any]]]:
    """The prompts of the scope's collections, or of its campaigns, that are in use, each with its
    documents; a batch at a time, by key.
    """
    prompts = Prompt.objects.filter(workspace=scope.snapshot.workspace).in_use()
    if scope.collections:
        prompts = prompts.filter(collection__slug__in=scope.collections)
    if scope.campaigns:
        prompts = prompts.filter(tasks__campaign__uid__in=scope.campaigns)
    for key, values in scope.filters.slices:
        wanted = Q()
        for value in values:
            wanted |= Q(slices__contains={key: value})
        prompts = prompts.filter(wanted)
    last = 0
    while True:
        rows = prompts.filter(pk__gt=last).order_by("pk").distinct()
        found = dict(rows.values_list("pk", "documents")[:BATCH])
        if not found:
            return
        asked = asked_in(found)
        yield [(asked[key], documents) for key, documents in found.items()]
        last = max(found)
        report()


def _references(asked: Asked, _documents: list[Any]) -> Iterator[Kept]:
    if asked.reference and asked.reference.strip():
        reason = "the reference that came with the prompt"
        yield Kept((Answer(asked.reference, None),), "references", reason, ())


def _measured(asked: Asked, _documents: list[Any]) -> Iterator[Kept]:
    if asked.reference is not None and asked.split == Split.TEST:
        reason = "a prompt with a reference, which nobody has judged"
        yield Kept((), "references", reason, (), reference=asked.reference)


def _texts(_asked: Asked, documents: list[Any]) -> Iterator[Kept]:
    for document in documents_in(documents):
        if document.text.strip() and not declares_tools(document.title, document.text):
            yield Kept((Answer(document.text, None),), "documents", "a document of its prompt", ())


_MAKERS: Mapping[BuildKind, Callable[[Asked, list[Any]], Iterator[Kept]]] = {
    BuildKind.EVALUATION: _measured,
    BuildKind.TEXT: _texts,
}
