from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.canonical import digest_of
from evalhub.registry.errors import ModelNameTaken
from evalhub.registry.files import digest_of_source
from evalhub.registry.models import LanguageModel, ModelKind, Stage


def add_base_model(
    *, workspace: Workspace, name: str, source: str, by: Member | None = None
) -> LanguageModel:
    """Register a base model under its hub id or directory; the digest is over its files.

    Raises:
        NoModelThere: the directory holds no model.
        ModelNameTaken: the workspace has a model of that name.
    """
    digest = digest_of_source(source)
    model = LanguageModel(
        workspace=workspace, name=name, kind=ModelKind.BASE, source=source, digest=digest
    )
    return _add(model, by)


def add_adapter(
    *,
    workspace: Workspace,
    name: str,
    parent: LanguageModel,
    files: dict[str, dict[str, str]],
    facts: dict[str, Any] | None = None,
    by: Member | None = None,
) -> LanguageModel:
    """Register an adapter whose files lie in EVALHUB_FILES.

    Args:
        parent: what it continues; a base, or the adapter that it was trained further from.
        files: {path: {"key", "sha256"}}.
    """
    model = LanguageModel(
        workspace=workspace,
        name=name,
        kind=ModelKind.ADAPTER,
        parent=parent,
        digest=digest_of({path: each["sha256"] for path, each in files.items()}),
        facts=(facts or {}) | {"files": files},
    )
    return _add(model, by)


def external_model(*, workspace: Workspace, name: str) -> LanguageModel:
    """The model of that name in the workspace; one that is only a name is made when first met."""
    # get_or_create: two imports may meet the same name at once, and both mean the same row
    model, _ = LanguageModel.objects.get_or_create(
        workspace=workspace, name=name[:120], defaults={"kind": ModelKind.EXTERNAL}
    )
    return model


@transaction.atomic
def put_in_service(
    *, model: LanguageModel, replaces: LanguageModel | None, by: Member | None = None
) -> LanguageModel:
    """Make `model` the incumbent; what it replaces is retired, and can be put in service again."""
    if replaces is not None and replaces.pk != model.pk:
        _move(replaces, Stage.RETIRED)
    _move(model, Stage.INCUMBENT)
    _record("model.put_in_service", model, by, replaces=str(replaces.uid) if replaces else None)
    return model


def _move(model: LanguageModel, stage: Stage) -> None:
    model.stage = stage
    model.save(update_fields=["stage"])


def _add(model: LanguageModel, by: Member | None) -> LanguageModel:
    try:
        with transaction.atomic():
            model.save()
            _record("model.added", model, by, kind=model.kind, digest=model.digest)
    except IntegrityError as error:
        raise ModelNameTaken(
            f"There is a model “{model.name}” already; choose another name."
        ) from error
    return model


def _record(verb: str, model: LanguageModel, by: Member | None, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym if by else "system",
        workspace=model.workspace.slug,
        target=f"model {model.uid}",
        **details,
    )
