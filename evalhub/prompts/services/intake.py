"""Prompts and their completions, as a file brings them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import msgspec
from django.db import transaction

from evalhub.accounts.models import Workspace
from evalhub.common.copying import copy_in, keys_for, planned_anew
from evalhub.formats.rows import CompletionRow, PromptRow, Rejected, excerpt_of, plain
from evalhub.prompts.grouping import Merge, Wanted, fingerprint_of, groups_for
from evalhub.prompts.models import Collection, Completion, Generation, Prompt
from evalhub.registry.services import external_model

Outcome = Literal["new", "unchanged"] | Rejected


@dataclass
class Taken:
    """What became of each row, in order; and which groups turned out to be one."""

    outcomes: list[Outcome] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)


@transaction.atomic
def add_prompts(*, collection: Collection, rows: Sequence[PromptRow]) -> Taken:
    """Store what is not there yet. A row whose id is there with other content is refused.

    Reading the same rows again changes nothing. A known prompt with new completions gets them and
    counts as new. Each new prompt gets its group, and by it its split.
    """
    workspace = collection.workspace
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)  # two imports: in turn
    with planned_anew():
        known = _known(collection, rows)
    fresh: dict[str, PromptRow] = {}
    for row in rows:
        if row.id not in known:
            fresh.setdefault(row.id, row)
    made, merges = _store_prompts(collection, list(fresh.values()))
    faults = {
        place: fault
        for place, row in enumerate(rows)
        if row is not fresh.get(row.id)
        and (fault := _changed(row, known.get(row.id) or made[row.id]))
    }
    usable = [row for place, row in enumerate(rows) if place not in faults]
    with planned_anew():
        answers = _Answers(workspace, known | made, usable)
    outcomes: list[Outcome] = []
    for place, row in enumerate(rows):
        outcome = faults.get(place) or answers.add(row)
        if outcome == "unchanged" and row is fresh.get(row.id):
            outcome = "new"
        outcomes.append(outcome)
    answers.store()
    return Taken(outcomes, merges)


class _Stored(NamedTuple):
    """A prompt as it is stored; all but its key is what must not change."""

    pk: int
    messages: list[dict[str, Any]]
    reference: str | None
    documents: list[Any]
    slices: dict[str, str]


def _known(collection: Collection, rows: Sequence[PromptRow]) -> dict[str, _Stored]:
    there = Prompt.objects.filter(collection=collection, external_id__any=[row.id for row in rows])
    return {name: _Stored(*of) for name, *of in there.values_list("external_id", *_Stored._fields)}


def _as_stored(row: PromptRow, pk: int) -> _Stored:
    messages = [plain(each) for each in row.messages]
    return _Stored(pk, messages, row.reference, row.documents, row.slices)


def _store_prompts(
    collection: Collection, rows: list[PromptRow]
) -> tuple[dict[str, _Stored], list[Merge]]:
    keys = keys_for(Prompt, len(rows))
    prompts = [_as_stored(row, key) for row, key in zip(rows, keys, strict=True)]
    wanted = [
        Wanted(
            fingerprint_of(each.messages), f"{collection.slug}:{row.group}" if row.group else None
        )
        for row, each in zip(rows, prompts, strict=True)
    ]
    with planned_anew():
        grouped = groups_for(collection.workspace, wanted)
    owners = (collection.workspace_id, collection.pk)
    copy_in(
        Prompt,
        [
            *("workspace_id", "collection_id", "group_id", "external_id", "fingerprint"),
            *("id", *_Stored._fields[1:]),
        ],
        (
            (*owners, group, row.id, want.fingerprint, *each)
            for row, each, group, want in zip(rows, prompts, grouped.groups, wanted, strict=True)
        ),
    )
    return {row.id: each for row, each in zip(rows, prompts, strict=True)}, grouped.merges


def _changed(row: PromptRow, prompt: _Stored) -> Rejected | None:
    """Why the row cannot be the prompt that has its id."""
    file = _as_stored(row, prompt.pk)
    for name, value, stored in zip(_Stored._fields, file, prompt, strict=True):
        if value != stored:
            reason = (
                f"The id {row.id!r} is in this collection already with other {name}. "
                "A prompt never changes: give the new text a new id."
            )
            return Rejected(row.line, name, reason, excerpt_of(row.messages[-1].content))
    return None


class _Answers:
    """The completions of a batch: what is there, what is to be stored."""

    def __init__(
        self, workspace: Workspace, prompts: dict[str, _Stored], rows: Sequence[PromptRow]
    ) -> None:
        self._workspace, self._prompts = workspace, prompts
        self._generations: dict[bytes, int] = {}
        ids = {prompts[row.id].pk for row in rows if row.completions}
        self._known: dict[tuple[int, str], str] = {
            (prompt, name): content
            for prompt, name, content in Completion.objects.filter(
                prompt__pk__any=ids, generation__run_uid=None
            ).values_list("prompt_id", "external_id", "content")
        }
        self._fresh: list[tuple[Any, ...]] = []

    def add(self, row: PromptRow) -> Outcome:
        prompt = self._prompts[row.id]
        for each in row.completions:
            if self._known.get((prompt.pk, each.id), each.content) != each.content:
                reason = (
                    f"The completion {each.id!r} is there already with another text. "
                    "Give the new one a new id."
                )
                return Rejected(row.line, "completions", reason, excerpt_of(each.content))
        missing = [each for each in row.completions if (prompt.pk, each.id) not in self._known]
        for each in missing:
            self._known[prompt.pk, each.id] = each.content
            self._fresh.append(self._completion(prompt, each))
        return "new" if missing else "unchanged"

    def _completion(self, prompt: _Stored, row: CompletionRow) -> tuple[Any, ...]:
        calls = [plain(call) for call in row.tool_calls]
        return (
            self._workspace.pk,
            prompt.pk,
            self._generation(row.model, row.settings),
            row.id,
            row.content,
            calls,
        )

    def _generation(self, model: str, settings: dict[str, Any]) -> int:
        """The key of the one per model and settings, whichever file it came in."""
        key = msgspec.json.encode([model, settings], order="sorted")
        if key not in self._generations:
            writer = external_model(workspace=self._workspace, name=model)
            same = {"workspace": self._workspace, "model": writer, "settings": settings}
            known = Generation.objects.filter(**same, seed=None, run_uid=None)
            found = known.order_by("pk").first() or Generation.objects.create(**same)
            self._generations[key] = found.pk
        return self._generations[key]

    def store(self) -> None:
        names = ("workspace_id", "prompt_id", "generation_id", "external_id", "content")
        copy_in(Completion, [*names, "tool_calls"], self._fresh)
