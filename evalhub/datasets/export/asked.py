"""What somebody wants of a build: in which shape, in which container, which splits."""

from __future__ import annotations

from typing import Any

from django.db.models import TextChoices
from msgspec import Struct

from evalhub.common.parquet import must_be_installed
from evalhub.datasets.errors import CannotExport, NotBuilt
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import SPLITS
from evalhub.formats.shapes import SHAPES, Shape


class Container(TextChoices):
    JSONL = "jsonl", "JSONL: an object a line"
    JSON = "json", "JSON: one array"
    CSV = "csv", "CSV, for spreadsheets"
    PARQUET = "parquet", "Parquet, compressed with zstd"
    FOLDER = "folder", "A folder with its card, as datasets.load_dataset reads it"


class Asked(Struct, frozen=True):
    shape: str  # of formats.shapes.SHAPES
    container: Container
    splits: tuple[str, ...] = SPLITS

    @property
    def is_one_file(self) -> bool:
        return len(self.splits) == 1 and self.container != Container.FOLDER

    @property
    def how(self) -> Shape:
        return SHAPES[self.shape]


def asked_for(
    build: DatasetBuild, *, shape: str, container: str, splits: tuple[str, ...] = SPLITS
) -> Asked:
    """Check that it can be had.

    Raises:
        NotBuilt: there are no rows, or there never will be.
        CannotExport: there is no such shape, container or split, or it cannot hold such rows.
        ParquetNotInstalled: it takes pyarrow, which is not there.
    """
    if not build.is_built:
        raise NotBuilt(f"This build has no rows: its job is {build.job.state}.")
    if shape not in SHAPES or container not in Container.values:
        raise CannotExport(
            f"A shape is one of {', '.join(SHAPES)}; a format one of {', '.join(Container.values)}."
        )
    if not splits or not set(splits) <= set(SPLITS):
        raise CannotExport(f"A split is one of {', '.join(SPLITS)}.")
    if build.kind not in SHAPES[shape].makes:
        able = [name for name, each in SHAPES.items() if build.kind in each.makes]
        raise CannotExport(
            f"{shape} has no form for {build.kind} rows; these have: {', '.join(able)}."
        )
    asked = Asked(shape, Container(container), tuple(each for each in SPLITS if each in splits))
    if container == Container.PARQUET or (container == Container.FOLDER and not asked.how.notes):
        must_be_installed()
    return asked


def foretold(kind: str) -> list[dict[str, Any]]:
    """For the form: each shape that can hold such rows, and what it leaves behind."""
    return [
        {"name": name, "title": shape.title, "foretold": shape.foretold(kind)}
        for name, shape in SHAPES.items()
        if kind in shape.makes
    ]
