from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.prompts.errors import BadSlug
from evalhub.prompts.models import Collection


@transaction.atomic
def set_licence(*, collection: Collection, licence: str, by: Member | None) -> None:
    """Say under which licence the prompts and answers stand; empty: not stated. Builds that are
    made already keep what was said then.
    """
    collection.licence = " ".join(licence.split())[:200]
    collection.save(update_fields=["licence"])
    record(
        "collection.licence_set",
        actor=by.pseudonym if by else "system",
        workspace=collection.workspace.slug,
        target=f"collection {collection.uid}",
        licence=collection.licence,
    )


@transaction.atomic
def set_red_team(*, collection: Collection, is_red_team: bool, by: Member | None = None) -> None:
    """Say whether its prompts were written to make a model fail. Builds that are made already stay
    as they are.
    """
    if collection.is_red_team == is_red_team:
        return
    collection.is_red_team = is_red_team
    collection.save(update_fields=["is_red_team"])
    record(
        "collection.red_team_set",
        actor=by.pseudonym if by else "system",
        workspace=collection.workspace.slug,
        target=f"collection {collection.uid}",
        is_red_team=is_red_team,
    )


@transaction.atomic
def collection_of(
    *, workspace: Workspace, slug: str, name: str = "", by: Member | None = None
) -> Collection:
    """The workspace's collection of that slug; made when missing.

    Raises:
        BadSlug: the slug holds other characters than a-z, 0-9 and hyphens.
    """
    found = Collection.objects.filter(workspace=workspace, slug=slug).first()
    if found:
        return found
    collection = Collection(workspace=workspace, slug=slug, name=name or slug)
    try:
        collection.clean_fields()
    except ValidationError as error:
        raise BadSlug(
            f"“{slug}” cannot name a collection: lower-case letters, digits and hyphens, "
            "at most 50, starting with a letter or digit."
        ) from error
    collection.save()
    record(
        "collection.created",
        actor=by.pseudonym if by else "system",
        workspace=workspace.slug,
        target=f"collection {collection.uid}",
        slug=slug,
    )
    return collection
