from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.accounts.services import create_workspace
from evalhub.audit.services import record
from evalhub.common.canonical import digest_of
from evalhub.common.files import Beat
from evalhub.jobs.events import announce
from evalhub.registry.errors import ModelNameTaken, NoModelThere
from evalhub.registry.files import STORED, demand_model_at, digest_of_source, folder_of
from evalhub.registry.models import LanguageModel, MarkCause, ModelKind, ModelMark, Stage

log = structlog.get_logger(__name__)


def add_base_model(
    *, workspace: Workspace, name: str, source: str, by: Member | None = None
) -> LanguageModel:
    """Register a base model under its hub id or directory.

    Its files are not read here, which may take minutes: the first job that needs them does, and
    what it finds is the digest from then on (`files_are_unchanged`).

    Raises:
        NoModelThere: the directory holds no model.
        ModelNameTaken: the workspace has a model of that name.
    """
    demand_model_at(source)
    digest = "" if folder_of(source) else digest_of_source(source)
    model = LanguageModel(
        workspace=workspace, name=name, kind=ModelKind.BASE, source=source, digest=digest
    )
    return _add(model, by)


@transaction.atomic
def default_base_model(*, workspace: Workspace, by: Member | None = None) -> LanguageModel:
    """The base that a workspace starts from: EVALHUB_BASE_MODEL, registered when missing.

    Another one where that is the only base the workspace has.

    Raises:
        NoModelThere: EVALHUB_BASE_MODEL names no model.
        ModelNameTaken: another model of the workspace has its name.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)  # two callers: in turn
    source = settings.EVALHUB_BASE_MODEL
    bases = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.BASE, parent=None)
    known = list(bases.order_by("pk"))
    ours = next((base for base in known if base.source == source), None)
    if ours is not None:
        return ours
    if len(known) == 1:
        return known[0]
    return add_base_model(workspace=workspace, name=PurePath(source).name, source=source, by=by)


@transaction.atomic
def found_workspace(*, slug: str, name: str, by: str = "system") -> Workspace:
    """Make a workspace with the base model that it starts from.

    Where EVALHUB_BASE_MODEL names no model there is one without: the first Round says so.

    Raises:
        NameTaken: another workspace has the slug.
    """
    workspace = create_workspace(slug=slug, name=name, by=by)
    try:
        default_base_model(workspace=workspace)
    except NoModelThere as error:
        log.warning("registry.no_base_model", workspace=slug, error=str(error))
    return workspace


def files_are_unchanged(*, model: LanguageModel, beat: Beat) -> bool:
    """Whether a base's files have the digest that they had when they were first read.

    Args:
        beat: called while they are read.
    """
    found = digest_of_source(model.source, beat)
    first = LanguageModel.objects.filter(pk=model.pk, digest="")
    if first.update(digest=found):
        _record("model.read", model, None, digest=found)
    model.refresh_from_db(fields=["digest"])
    return model.digest == found


def add_adapter(
    *,
    workspace: Workspace,
    name: str,
    parent: LanguageModel,
    files: dict[str, dict[str, str]],
    kind: ModelKind = ModelKind.ADAPTER,
    facts: dict[str, Any] | None = None,
    by: Member | None = None,
) -> LanguageModel:
    """Register an adapter whose files lie in EVALHUB_FILES.

    Args:
        parent: what it continues; a base, or the adapter that it was trained further from.
        files: {path: {"key", "sha256"}}.
        kind: REWARD for one that scores answers.
    """
    model = LanguageModel(
        workspace=workspace,
        name=name,
        kind=kind,
        parent=parent,
        digest=digest_of({path: each["sha256"] for path, each in files.items()}),
        facts=(facts or {}) | {"files": files},
    )
    return _add(model, by)


def add_whole_model(
    *,
    workspace: Workspace,
    name: str,
    parent: LanguageModel,
    files: dict[str, dict[str, str]],
    facts: dict[str, Any] | None = None,
    by: Member | None = None,
) -> LanguageModel:
    """Register a base that was trained here, whose files lie in EVALHUB_FILES.

    Args:
        parent: the base that it began as.
        files: {path: {"key", "sha256"}}.
    """
    digest = digest_of({path: each["sha256"] for path, each in files.items()})
    model = LanguageModel(
        workspace=workspace, name=name, kind=ModelKind.BASE, source=f"{STORED}{digest}", parent=parent,
        digest=digest, facts=(facts or {}) | {"files": files},
    )  # fmt: skip
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


@transaction.atomic
def take_out_of_service(*, model: LanguageModel, by: Member | None = None) -> LanguageModel:
    """Retire the incumbent without another adapter in its place: the base answers again."""
    _move(model, Stage.RETIRED)
    _record("model.taken_out_of_service", model, by)
    return model


@transaction.atomic
def tell_read(*, by: Member, sets: Iterable[str]) -> None:
    """Say that somebody reads figures of these sets now, by their digests; evaluation, above, counts the looks."""
    if read := sorted(set(sets)):
        announce("figures.read", by.uid, sets=read, day=timezone.now().date().isoformat())


@transaction.atomic
def describe_model(
    *, model: LanguageModel, licence: str, limits: str, by: Member | None = None
) -> LanguageModel:
    """Say under which licence a model may be used, and what it is not good for."""
    before = {"licence": model.licence, "limits": model.limits}
    model.licence, model.limits = licence.strip(), limits.strip()
    if before != {"licence": model.licence, "limits": model.limits}:
        model.save(update_fields=["licence", "limits"])
        _record("model.described", model, by, licence=model.licence)
    return model


@transaction.atomic
def put_in_trial(*, model: LanguageModel, by: Member | None = None) -> LanguageModel:
    """People compare a candidate with the model in service; one in service stays what it is."""
    itself = LanguageModel.objects.filter(pk=model.pk)
    if itself.exclude(stage=Stage.INCUMBENT).update(stage=Stage.IN_TRIAL):
        _record("model.put_in_trial", model, by)
    model.refresh_from_db(fields=["stage"])
    return model


@transaction.atomic
def end_trial_stage(*, model: LanguageModel, by: Member | None = None) -> LanguageModel:
    """It was not promoted: a candidate as before."""
    if LanguageModel.objects.filter(pk=model.pk, stage=Stage.IN_TRIAL).update(
        stage=Stage.CANDIDATE
    ):
        _record("model.trial_ended", model, by)
    model.refresh_from_db(fields=["stage"])
    return model


@transaction.atomic
def mark_models(
    *,
    models: Iterable[LanguageModel],
    cause: MarkCause,
    cause_uid: UUID,
    reason: str,
    by: Member | None = None,
) -> int:
    """Mark each model that is not marked for that cause yet; return how many were."""
    known = ModelMark.objects.filter(cause_uid=cause_uid)
    marked = set(known.filter(lifted_at=None).values_list("model", flat=True))
    fresh = [model for model in models if model.pk not in marked]
    for model in fresh:
        values = {"cause": cause, "reason": reason, "lifted_at": None}
        ModelMark.objects.update_or_create(model=model, cause_uid=cause_uid, defaults=values)
        _record("model.marked", model, by, cause=cause, because=str(cause_uid))
    return len(fresh)


@transaction.atomic
def lift_marks(*, cause_uid: UUID, by: Member | None = None) -> None:
    """The cause was taken back."""
    standing = ModelMark.objects.filter(cause_uid=cause_uid, lifted_at=None)
    for mark in standing.select_related("model__workspace"):
        _record("model.mark_lifted", mark.model, by, because=str(cause_uid))
    standing.update(lifted_at=timezone.now())


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
