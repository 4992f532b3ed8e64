from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from evalhub.accounts.models import Member
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.imports.console import zipped
from evalhub.imports.models import Import, ImportKind
from evalhub.imports.services import start_import
from evalhub.jobs import jobs
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_base_model
from tests.real.conftest import real_file

COLLECTION = "real"


def imported(path: Path, member: Member) -> Import:
    with path.open("rb") as stream:
        return _read(stream, path.name, ImportKind.JUDGMENTS, member)


def imported_demos(member: Member) -> Import:
    """All that LLaMA-Factory ships, as one folder."""
    with zipped(real_file("llamafactory_demos/dataset_info.json").parent) as stream:
        return _read(stream, "llamafactory_demos", ImportKind.JUDGMENTS, member)


def imported_texts(texts: Sequence[str], member: Member) -> Import:
    """Raw text, of which each is a document."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    return _read(BytesIO(lines.encode()), "texts.jsonl", ImportKind.PROMPTS, member)


def _read(stream: BinaryIO, filename: str, kind: ImportKind, member: Member) -> Import:
    source = start_import(
        workspace=member.workspace,
        collection=COLLECTION,
        kind=kind,
        filename=filename,
        stream=stream,
        by=member,
    )
    assert source.job is not None
    jobs.execute(source.job.uid)
    source.refresh_from_db()
    return source


def demo_model(member: Member) -> LanguageModel:
    return add_base_model(
        workspace=member.workspace, name="demo-model", source=settings.EVALHUB_BASE_MODEL
    )


def built(member: Member, kind: BuildKind, **definition: Any) -> DatasetBuild:
    """`definition` may hold every field of a definition, hence `Any`."""
    dataset = ensure_dataset(
        workspace=member.workspace, name=f"real {kind}", kind=kind, definition=definition
    )
    build = start_build(dataset=dataset, by=member)
    jobs.execute(build.job.uid)
    build.refresh_from_db()
    return build
