"""Prompts that a model wrote anew: each in its parent's group, so on its side of the split for ever."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.prompts.errors import BadSlug
from evalhub.prompts.grouping import fingerprint_of
from evalhub.prompts.models import Collection, Prompt, Split
from evalhub.prompts.near import Told, near_others, text_of
from evalhub.prompts.services.collections import collection_of, set_licence, set_red_team

_ENDS = {"paraphrase": "paraphrased", "back_translation": "translated back"}
_LONGEST = 50  # characters of a slug


class NewTurn(NamedTuple):
    parent: Prompt
    external_id: str
    content: str  # in the place of the parent's last turn


class Stored(NamedTuple):
    made: int
    dropped: Counter[str]


@transaction.atomic
def collection_for_rewritten(*, source: Collection, way: str, by: Member | None) -> Collection:
    """“NAME paraphrased”: made when missing, under the licence of its source and red team like it.

    Raises:
        BadSlug: a collection of that slug holds other prompts.
    """
    end = _ENDS[way]
    tail = f"-{end.replace(' ', '-')}"
    slug = source.slug[: _LONGEST - len(tail)] + tail
    found = Collection.objects.filter(workspace=source.workspace, slug=slug).first()
    if found is not None and found.prompts.exclude(parent__collection=source).exists():
        raise BadSlug(
            f"“{found}” ({slug}) holds other prompts; what is written anew would go there."
        )
    made = found or collection_of(
        workspace=source.workspace, slug=slug, name=f"{source.name} {end}"[:100], by=by
    )
    if source.licence != made.licence:
        set_licence(collection=made, licence=source.licence, by=by)
    set_red_team(collection=made, is_red_team=source.is_red_team, by=by)
    return made


@transaction.atomic
def add_rewritten(*, collection: Collection, turns: Sequence[NewTurn]) -> Stored:
    """Store each as a prompt of its own beside its parent; storing it again changes nothing.

    One that is near to a prompt of another group is dropped: the two groups would become one, and the
    later might lose its split by the word of a model. The reference answer stays with the parent,
    whose question it answers.
    """
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=collection.workspace_id)
    dropped: Counter[str] = Counter()
    fit = [each for each in turns if each.parent.group.split == Split.TRAIN]
    dropped["not_for_training"] = len(turns) - len(fit)
    messages = [_messages(each) for each in fit]
    told = [
        Told(0, each.parent.group_id, text_of(said))
        for each, said in zip(fit, messages, strict=True)
    ]
    near = near_others(workspace, told)
    dropped["near_another"] = len(near)
    prompts = [
        Prompt(
            workspace=workspace,
            collection=collection,
            group=each.parent.group,
            parent=each.parent,
            external_id=each.external_id,
            messages=said,
            fingerprint=fingerprint_of(said),
            documents=each.parent.documents,
            slices=each.parent.slices,
        )
        for nth, (each, said) in enumerate(zip(fit, messages, strict=True))
        if nth not in near
    ]
    Prompt.objects.bulk_create(prompts, ignore_conflicts=True, batch_size=1000)
    return Stored(len(prompts), +dropped)


def _messages(turn: NewTurn) -> list[dict[str, Any]]:
    *before, last = turn.parent.messages
    return [*before, last | {"content": turn.content}]
