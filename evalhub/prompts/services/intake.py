"""Prompts and their completions, as a file brings them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db import transaction

from evalhub.accounts.models import Workspace
from evalhub.common.canonical import canonical_json
from evalhub.formats.rows import CompletionRow, PromptRow, Rejected, excerpt_of, plain
from evalhub.prompts.grouping import Merge, Wanted, fingerprint_of, groups_for
from evalhub.prompts.models import Collection, Completion, Generation, Prompt, PromptGroup
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
    known = {
        prompt.external_id: prompt
        for prompt in Prompt.objects.filter(
            collection=collection, external_id__in=[row.id for row in rows]
        )
    }
    fresh: dict[str, PromptRow] = {}
    for row in rows:
        if row.id not in known:
            fresh.setdefault(row.id, row)
    made, merges = _store_prompts(collection, list(fresh.values()))
    faults = {
        place: fault
        for place, row in enumerate(rows)
        if (fault := _changed(row, known.get(row.id) or made[row.id]))
    }
    usable = [row for place, row in enumerate(rows) if place not in faults]
    answers = _Answers(workspace, known | made, usable)
    outcomes: list[Outcome] = []
    for place, row in enumerate(rows):
        outcome = faults.get(place) or answers.add(row)
        if outcome == "unchanged" and row is fresh.get(row.id):
            outcome = "new"
        outcomes.append(outcome)
    answers.store()
    return Taken(outcomes, merges)


def _store_prompts(
    collection: Collection, rows: list[PromptRow]
) -> tuple[dict[str, Prompt], list[Merge]]:
    messages = [[plain(each) for each in row.messages] for row in rows]
    wanted = [
        Wanted(fingerprint_of(each), f"{collection.slug}:{row.group}" if row.group else None)
        for row, each in zip(rows, messages, strict=True)
    ]
    grouped = groups_for(collection.workspace, wanted)
    prompts = Prompt.objects.bulk_create(
        _prompt(collection, row, each, group, want.fingerprint)
        for row, each, group, want in zip(rows, messages, grouped.groups, wanted, strict=True)
    )
    return {prompt.external_id: prompt for prompt in prompts}, grouped.merges


def _prompt(
    collection: Collection,
    row: PromptRow,
    messages: list[dict[str, str]],
    group: PromptGroup,
    fingerprint: str,
) -> Prompt:
    return Prompt(
        workspace_id=collection.workspace_id,
        collection=collection,
        group=group,
        external_id=row.id,
        messages=messages,
        fingerprint=fingerprint,
        reference=row.reference,
        documents=row.documents,
        slices=row.slices,
    )


def _changed(row: PromptRow, prompt: Prompt) -> Rejected | None:
    """Why the row cannot be the prompt that has its id."""
    file = {
        "messages": [plain(each) for each in row.messages],
        "reference": row.reference,
        "documents": row.documents,
        "slices": row.slices,
    }
    for name, value in file.items():
        if value != getattr(prompt, name):
            reason = (
                f"The id {row.id!r} is in this collection already with other {name}. "
                "A prompt never changes: give the new text a new id."
            )
            return Rejected(row.line, name, reason, excerpt_of(row.messages[-1].content))
    return None


class _Answers:
    """The completions of a batch: what is there, what is to be stored."""

    def __init__(
        self, workspace: Workspace, prompts: dict[str, Prompt], rows: Sequence[PromptRow]
    ) -> None:
        self._workspace, self._prompts = workspace, prompts
        self._generations: dict[str, Generation] = {}
        ids = {prompts[row.id].pk for row in rows if row.completions}
        self._known: dict[tuple[int, str], str] = {
            (prompt, name): content
            for prompt, name, content in Completion.objects.filter(
                prompt_id__in=ids, generation__run_uid=None
            ).values_list("prompt_id", "external_id", "content")
        }
        self._fresh: list[Completion] = []

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

    def _completion(self, prompt: Prompt, row: CompletionRow) -> Completion:
        return Completion(
            workspace=self._workspace,
            prompt=prompt,
            generation=self._generation(row.model, row.settings),
            external_id=row.id,
            content=row.content,
            tool_calls=[plain(call) for call in row.tool_calls],
        )

    def _generation(self, model: str, settings: dict[str, Any]) -> Generation:
        """One per model and settings, whichever file it came in."""
        key = canonical_json([model, settings])
        if key not in self._generations:
            writer = external_model(workspace=self._workspace, name=model)
            same = {"workspace": self._workspace, "model": writer, "settings": settings}
            known = Generation.objects.filter(**same, seed=None, run_uid=None)
            self._generations[key] = known.order_by("pk").first() or Generation.objects.create(
                **same
            )
        return self._generations[key]

    def store(self) -> None:
        Completion.objects.bulk_create(self._fresh, batch_size=1000)
