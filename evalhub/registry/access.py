from __future__ import annotations

from uuid import UUID

from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.registry.models import LanguageModel, ModelKind


def access_model(member: Member, uid: UUID) -> LanguageModel:
    """A model of the member's workspace."""
    models = LanguageModel.objects.of_workspace(member.workspace).select_related("parent")
    model = models.filter(uid=uid).first()
    if model is None:
        raise NotFound("No such model.")
    return model


def model_named(workspace_pk: int, name: str) -> LanguageModel:
    """The same by name, for commands and specs."""
    model = LanguageModel.objects.filter(workspace_id=workspace_pk, name=name).first()
    if model is None:
        raise NotFound(f"There is no model “{name}” in this workspace; the models page lists them.")
    return model


def base_named(workspace_pk: int, name: str) -> LanguageModel:
    """A base by its name, its uid, or the hub id or directory that it was registered with."""
    bases = LanguageModel.objects.filter(workspace_id=workspace_pk, kind=ModelKind.BASE)
    for field in ("name", "source"):
        if (model := bases.filter(**{field: name}).order_by("pk").first()) is not None:
            return model
    try:
        model = bases.filter(uid=UUID(name)).first()
    except ValueError:
        model = None
    if model is None:
        raise NotFound(f"There is no base model “{name}” here; manage.py add_model registers one.")
    return model
