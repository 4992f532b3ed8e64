from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request

from evalhub.accounts.access import Act, acting_member
from evalhub.accounts.models import Member
from evalhub.common.errors import NotFound
from evalhub.registry.models import Endpoint, LanguageModel, ModelKind


def access_model(member: Member, uid: UUID) -> LanguageModel:
    """A model of the member's workspace."""
    models = LanguageModel.objects.of_workspace(member.workspace).select_related("parent")
    model = models.filter(uid=uid).first()
    if model is None:
        raise NotFound("No such model.")
    return model


def access_endpoint(member: Member, uid: UUID) -> Endpoint:
    """A model of the member's workspace that a server elsewhere runs."""
    return _endpoint(access_model(member, uid))


def acting_endpoint(request: Request, uid: UUID, *, to: Act) -> Endpoint:
    """The same for the API, for a token or a session."""
    return _endpoint(acting_model(request, uid, to=to))


def endpoint_named(workspace_pk: int, name: str) -> Endpoint:
    """The same by name, for commands."""
    return _endpoint(model_named(workspace_pk, name))


def _endpoint(model: LanguageModel) -> Endpoint:
    endpoint = Endpoint.objects.filter(model=model).select_related("model__workspace").first()
    if endpoint is None:
        raise NotFound("No such endpoint.")
    return endpoint


def acting_model(request: Request, uid: UUID, *, to: Act) -> LanguageModel:
    """The same for the API, for a token or a session."""
    models = LanguageModel.objects.select_related("parent", "workspace")
    model = models.filter(uid=uid).first()
    if model is None:
        raise NotFound("No such model.")
    try:
        acting_member(request, model.workspace_id, to=to)
    except NotFound as error:  # hidden and absent give the same answer
        raise NotFound("No such model.") from error
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
