"""Which rows each finding is about, finding by finding, so that any page of one is read without the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Any, BinaryIO

from evalhub.common.canonical import canonical_bytes
from evalhub.datasets.findings import Sighting
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.reading import PAGE, Line, Lines, Row, opened
from evalhub.datasets.streams import BUFFER

FILE = "findings.jsonl"


class Sightings:
    """Takes sightings in the order of their rows, as a context; `put_together`, behind it, writes them by
    finding, in that order.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._open: dict[str, IO[bytes]] = {}

    def __enter__(self) -> Sightings:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._open.values():
            stream.close()

    def add(self, seen: Iterable[Sighting]) -> None:
        for sighting in seen:
            name = sighting.finding
            if name not in self._open:
                self._open[name] = (self._folder / name).open("wb", buffering=BUFFER)
            self._open[name].write(canonical_bytes(sighting) + b"\n")

    def put_together(self, folder: Path) -> dict[str, int]:
        """Write the file into `folder`; return where in it each finding begins, in bytes."""
        places = {}
        with (folder / FILE).open("wb") as whole:
            for name in sorted(self._open):
                places[name] = whole.tell()
                with (self._folder / name).open("rb") as part:
                    copyfileobj(part, whole, BUFFER)
        return places


@dataclass(frozen=True)
class FindingPage:
    rows: list[Row]
    following: int | None  # place of what comes next, if any


def finding_page(
    build: DatasetBuild, finding: dict[str, Any], *, place: int = 0, size: int = PAGE
) -> FindingPage:
    """A page of the rows of a finding, from a place in the file of findings on.

    Args:
        finding: of the report.
        place: `following` of the page before; 0: from the first on.
    """
    with opened(build, FILE) as stream:
        lines = list(islice(_lines(stream, finding, place), size + 1))
    following = lines[size].place if len(lines) > size else None
    return FindingPage(list(_rows(build, lines[:size])), following)


def rows_with(build: DatasetBuild, finding: dict[str, Any], most: int) -> Iterator[Row]:
    """The first rows that a finding is about, each with its lineage, by content uid."""
    with opened(build, FILE) as stream:
        lines = list(islice(_lines(stream, finding, 0), most))
    yield from _rows(build, lines)


def _lines(stream: BinaryIO, finding: dict[str, Any], place: int) -> Iterator[Line]:
    """Those of one finding. Builds of earlier days have all findings of a row together, and no `at`."""
    for line in Lines(stream).from_place(max(place, finding.get("at", 0))):
        if line.body["finding"] == finding["name"]:
            yield line
        elif "at" in finding:
            return


def _rows(build: DatasetBuild, lines: Sequence[Line]) -> Iterator[Row]:
    found = [each.body for each in lines]
    names = ["lineage.jsonl", *{f"{each['split']}.jsonl" for each in found}]
    with ExitStack() as stack:
        files = {name: Lines(stack.enter_context(opened(build, name))) for name in names}
        for each in found:
            lineage = files["lineage.jsonl"].named(each["row"])
            row = files[f"{each['split']}.jsonl"].named(each["row"])
            if row is not None and lineage is not None:
                yield Row(row, lineage)
