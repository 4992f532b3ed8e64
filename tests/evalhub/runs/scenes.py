"""What tests of runs, evaluations and loops share: builds with rows, and a trainer without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Workspace
from evalhub.common.canonical import digest_of
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_base_model, files_are_unchanged
from evalhub.runs import execution
from evalhub.runs.inputs import store_rows
from tests.factories import DatasetBuildFactory
from tests.null_trainer import NullTrainer


def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs end at once, with made-up results."""
    monkeypatch.setattr(execution, "Trainer", NullTrainer)


def base_model(workspace: Workspace, folder: Path, *, name: str = "tiny") -> LanguageModel:
    """A registered directory that looks like a model to everything but torch, read once before."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "config.json").write_text("{}")
    model = add_base_model(workspace=workspace, name=name, source=str(folder / name))
    assert files_are_unchanged(model=model, beat=lambda: None)
    return model


def built(
    workspace: Workspace, kind: str, *, train: int = 8, test: int = 20, validation: int = 0
) -> DatasetBuild:
    """A finished build with so many rows, one prompt group each."""
    rows = {"train": row_list(kind, train, "t"), "test": row_list(kind, test, "e")}
    if validation:
        rows["validation"] = row_list(kind, validation, "v")
    files = {f"{split}.jsonl": stored(each) for split, each in rows.items()}
    if kind == "sft":
        files["prompts.jsonl"] = stored(
            [{key: row[key] for key in ("id", "group", "prompt")} | {"reference": "Yes."} for row in rows["test"]]
        )  # fmt: skip
    return DatasetBuildFactory.create(
        dataset__workspace=workspace,
        dataset__kind=kind,
        digest=digest_of(rows),
        rows={"train": train, "validation": validation, "test": test},
        files=files,
    )


def row_list(kind: str, count: int, mark: str) -> list[dict[str, Any]]:
    return [_row(kind, f"{mark}{place}") for place in range(count)]


def stored(rows: list[dict[str, Any]]) -> dict[str, Any]:
    key, sha256 = store_rows(rows)
    return {"key": key, "sha256": sha256, "bytes": len(rows)}


def _row(kind: str, name: str) -> dict[str, Any]:
    prompt = [{"role": "user", "content": f"Question {name}?"}]
    row: dict[str, Any] = {"id": name, "group": f"g{name}", "prompt": prompt}
    if kind == "sft":
        return row | {"completion": [{"role": "assistant", "content": f"Yes, {name}."}]}
    if kind == "text":
        return {"id": name, "group": f"g{name}", "text": f"What {name} says of itself."}
    if kind == "unpaired":
        return row | {"completion": [{"role": "assistant", "content": name}], "label": True}
    return row | {
        "chosen": [{"role": "assistant", "content": f"With pleasure: {name}."}],
        "rejected": [{"role": "assistant", "content": "No."}],
    }
