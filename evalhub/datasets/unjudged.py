"""Rows that are made of prompts alone: their references and their documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db.models import Q

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.rows import Answer, Kept
from evalhub.datasets.texts import Asked, asked_in
from evalhub.judgments.queries import text_of
from evalhub.prompts.models import Prompt, Split
from evalhub.quality.scope import Scope

BATCH = 2000  # prompts


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


def rows_of_prompt(kind: BuildKind, asked: Asked, documents: list[Any]) -> Iterator[Kept]:
    """What its reference and documents give, in a dataset of that kind."""
    yield from _MAKERS[kind](asked, documents)


def _references(asked: Asked, _documents: list[Any]) -> Iterator[Kept]:
    if asked.reference and asked.reference.strip():
        reason = "the reference that came with the prompt"
        yield Kept((Answer(asked.reference, None),), "references", reason, ())


def _measured(asked: Asked, _documents: list[Any]) -> Iterator[Kept]:
    if asked.reference is not None and asked.split == Split.TEST:
        reason = "a prompt with a reference, which nobody has judged"
        yield Kept((), "references", reason, (), reference=asked.reference)


def _texts(_asked: Asked, documents: list[Any]) -> Iterator[Kept]:
    for document in documents:
        text = text_of(document)
        if text.strip():
            yield Kept((Answer(text, None),), "documents", "a document of its prompt", ())


_MAKERS: Mapping[BuildKind, Callable[[Asked, list[Any]], Iterator[Kept]]] = {
    BuildKind.SFT: _references,
    BuildKind.EVALUATION: _measured,
    BuildKind.TEXT: _texts,
}
