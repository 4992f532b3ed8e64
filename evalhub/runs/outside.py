"""Adapters that were trained elsewhere, taken into the registry with the data that they learned from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple, NotRequired, TypedDict, Unpack

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.common.files import Beat, file_store, unwatched
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.adapters import CONFIG, KEPT, WEIGHTS, Inspected, inspect_adapter
from evalhub.registry.errors import UnfitAdapter
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.registry.services import add_adapter
from evalhub.runs.errors import BadSpec
from evalhub.runs.models import OutsideTraining

ELSEWHERE = "elsewhere"


class Registered(NamedTuple):
    model: LanguageModel
    inspected: Inspected


class Asked(TypedDict):
    """What goes with the files; see `register_adapter`."""

    workspace: Workspace
    base: LanguageModel
    name: NotRequired[str]
    build: NotRequired[DatasetBuild | None]
    by: NotRequired[Member | None]


def register_adapter(
    *,
    workspace: Workspace,
    folder: Path,
    base: LanguageModel,
    name: str = "",
    build: DatasetBuild | None = None,
    by: Member | None = None,
    beat: Beat = unwatched,
) -> Registered:
    """Take the PEFT folder of an adapter on `base` into the registry, as its newest candidate.

    Its configuration, its weights and its card are kept; whatever else lies there is not read.

    Args:
        name: made of the base's and the files' digest when empty.
        build: what it was trained on; so it is found when one of the rows is withdrawn.

    Raises:
        UnfitAdapter: the files are no LoRA adapter in safetensors, or do not fit the base.
        BadSpec: the build is another workspace's, or not finished.
        ModelNameTaken: the workspace has a model of that name.
    """
    if base.kind != ModelKind.BASE:
        raise UnfitAdapter(f"“{base}” is no base model; name the base that it was trained on.")
    if build is not None and (build.workspace_id != workspace.pk or not build.is_built):
        raise BadSpec(f"“{build}” is no finished build of this workspace.")
    inspected = inspect_adapter(folder, base=base)
    files = {}
    for path in (folder / each for each in KEPT):
        if path.is_file():
            stored = file_store().put(path, beat=beat)
            files[path.name] = {"key": stored.key, "sha256": stored.sha256}
    with transaction.atomic():
        model = add_adapter(
            workspace=workspace,
            name=name or f"{base.name}-{ELSEWHERE}-{files[WEIGHTS]['sha256'][:8]}",
            parent=base,
            files=files,
            kind=inspected.kind,
            facts={
                "trained": ELSEWHERE,
                "trained_on": inspected.trained_on[:500],
                "rank": inspected.rank,
                "modules": inspected.modules,
                "notes": inspected.notes,
            },
            by=by,
        )
        if build is not None:
            OutsideTraining.objects.create(model=model, build=build)
            record(
                "model.trained_on",
                actor=by.pseudonym if by else "system",
                workspace=workspace.slug,
                target=f"model {model.uid}",
                build=str(build.uid),
                digest=build.digest,
            )
    return Registered(model, inspected)


def register_uploaded(
    *, config: UploadedFile, weights: UploadedFile, **asked: Unpack[Asked]
) -> Registered:
    """The same of two files that came by the web.

    Raises:
        UnfitAdapter, BadSpec, ModelNameTaken: as `register_adapter`.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, upload in ((CONFIG, config), (WEIGHTS, weights)):
            with (folder / name).open("wb") as target:
                for piece in upload.chunks():
                    target.write(piece)
        return register_adapter(folder=folder, **asked)
