from __future__ import annotations

from uuid import UUID

from evalhub.accounts.models import Member, Workspace
from evalhub.common.errors import NotFound
from evalhub.prompts.models import Collection, Prompt


def collection_named(workspace: Workspace, slug: str) -> Collection:
    found = Collection.objects.filter(workspace=workspace, slug=slug).first()
    if found is None:
        raise NotFound(f"There is no collection “{slug}”.")
    return found


def access_collection(member: Member, slug: str) -> Collection:
    """A collection of the member's workspace."""
    return collection_named(member.workspace, slug)


def access_prompt(member: Member, uid: UUID) -> Prompt:
    """A prompt of the member's workspace."""
    prompts = Prompt.objects.select_related("collection", "group__merged_into", "parent")
    found = prompts.filter(workspace=member.workspace, uid=uid).first()
    if found is None:
        raise NotFound("No such prompt.")
    return found
