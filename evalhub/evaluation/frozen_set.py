"""What models are measured on: the test split of frozen builds, named by one digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.common.canonical import digest_of
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.errors import NothingToMeasure
from evalhub.runs.inputs import FileRef, build_file

FILES = {  # input of the recipe: (kind of build, its file)
    "texts": (BuildKind.SFT, "test.jsonl"),
    "prompts": (BuildKind.SFT, "prompts.jsonl"),
    "pairs": (BuildKind.PREFERENCE, "test.jsonl"),
}


@dataclass(frozen=True)
class FrozenSet:
    """Files by the name that the evaluate recipe gives them.

    The digest covers their bytes, hence ids and contents of all rows, and the settings of decoding:
    figures are only compared where both are equal.
    """

    inputs: dict[str, FileRef]
    options: dict[str, Any]

    @property
    def digest(self) -> str:
        files = {name: file.sha256 for name, file in self.inputs.items()}
        return digest_of({"files": files, "options": self.options})


def frozen_set(builds: Sequence[DatasetBuild], options: Mapping[str, Any]) -> FrozenSet:
    """Raise NothingToMeasure when no build has a row in its test split."""
    inputs = {}
    for name, (kind, file) in FILES.items():
        for build in builds:
            if build.kind == kind and build.rows.get("test") and (found := build_file(build, file)):
                inputs[name] = found
    if not inputs:
        raise NothingToMeasure(
            "The builds have no row in the test split, so there is nothing to measure a model on. "
            "One prompt group in ten is drawn for it: judge more prompts, then build again."
        )
    return FrozenSet(inputs, dict(options))
