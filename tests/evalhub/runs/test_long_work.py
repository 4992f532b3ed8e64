"""What takes longer than a lease renews it on the way: hashing, copying, writing, working out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Member
from evalhub.common.files import digest_of_file, file_store
from evalhub.datasets.building import Building
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.door import Cleaner
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.definition import Definition
from evalhub.datasets.lengths import Lengths
from evalhub.datasets.services import create_dataset
from evalhub.datasets.spill import entry_of
from evalhub.evaluation.examples import examples_of
from evalhub.evaluation.measures import compared, measured
from evalhub.evaluation.slicing import by_slice
from evalhub.jobs.errors import JobCancelled
from evalhub.registry.files import STORED, digest_of_source, place_of
from evalhub.runs.folder import lay_out
from evalhub.runs.services import start_run
from tests.evalhub.runs.scenes import base_model

MIB = 1 << 20


class Beats:
    """Counts; and, as Beat.report does, may stop the work."""

    def __init__(self, *, stops_at: int = 0) -> None:
        self.count, self._stops_at = 0, stops_at

    def __call__(self) -> None:
        self.count += 1
        if self.count == self._stops_at:
            raise JobCancelled


def big(folder: Path) -> Path:
    path = folder / "weights"
    path.write_bytes(b"x" * (8 * MIB))
    return path


def test_hashing_and_copying_beat_at_each_piece(db: None, tmp_path: Path) -> None:
    beats = Beats()
    digest_of_file(big(tmp_path), beats)
    assert beats.count == 8
    stored = file_store().put(big(tmp_path), beat=beats)
    assert beats.count == 8 + 16, "it is read to name it, and read to copy it"
    file_store().fetch(stored.key, tmp_path / "copy", beat=beats)
    assert beats.count == 8 + 16 + 8
    assert (tmp_path / "copy").stat().st_size == 8 * MIB


def test_a_base_model_of_many_pieces_is_laid_out_with_a_beat_for_each(
    erin: Member, tmp_path: Path
) -> None:
    """It once was hashed in silence: above 30 s the lease was lost, for ever."""
    base = base_model(erin.workspace, tmp_path)
    big(tmp_path / base.name)
    type(base).objects.update(digest="")
    run = start_run(workspace=erin.workspace, recipe="evaluate", model=base, by=erin)
    beats = Beats()
    lay_out(run, beats)
    assert beats.count > 8


def test_a_base_that_was_trained_here_is_laid_out_once_and_those_of_long_ago_go(
    erin: Member, tmp_path: Path, settings: Any
) -> None:
    settings.EVALHUB_DATA_DIR = tmp_path / "data"
    base = base_model(erin.workspace, tmp_path)
    folder = tmp_path / base.name
    base.facts = {"files": {each.name: stored(each) for each in folder.iterdir()}}
    base.digest, base.source = digest_of_source(str(folder)), f"{STORED}one"
    base.save()
    place, other = place_of(base.source), place_of(f"{STORED}other")
    other.mkdir(parents=True)
    for nth, days in enumerate((0, 29, 31)):
        then = time.time() - days * 24 * 3600
        os.utime(other, (then, then))
        if nth:  # what this machine has is used again
            os.utime(place, (then, then))
        lay_out(
            start_run(workspace=erin.workspace, recipe="evaluate", model=base, by=erin), Beats()
        )
        assert {each.name for each in place.iterdir()} == {each.name for each in folder.iterdir()}
        assert other.exists() == (days < 30)


def stored(path: Path) -> dict[str, str]:
    file = file_store().put(path)
    return {"key": file.key, "sha256": file.sha256}


def test_a_person_can_cancel_in_the_middle_of_it(erin: Member, tmp_path: Path) -> None:
    base = base_model(erin.workspace, tmp_path)
    big(tmp_path / base.name)
    run = start_run(workspace=erin.workspace, recipe="evaluate", model=base, by=erin)
    with pytest.raises(JobCancelled):
        lay_out(run, Beats(stops_at=4))


def test_writing_a_build_beats_at_each_row(erin: Member, tmp_path: Path) -> None:
    dataset = create_dataset(workspace=erin.workspace, name="d", kind=BuildKind.SFT, definition={})
    building = Building(
        kind=BuildKind.SFT,
        definition=Definition(),
        lengths=Lengths(),
        cleaner=Cleaner(dataset, BuildKind.SFT, Cleaning(), tmp_path / "cleaning"),
        folder=tmp_path / "work",
    )
    for n in range(50):
        row = {"id": f"{n:032}", "group": "00000000-0000-4000-8000-000000000000"}
        facts = {"lengths": [], "p_chosen": 1, "said": (), "flags": []}
        entry = entry_of(row, {"from": "ratings", "judgments": []}, split="train", facts=facts)
        building._rows.add(entry)
    beats = Beats()
    (tmp_path / "out").mkdir()
    building.write(tmp_path / "out", beats)
    assert beats.count == 50


def texts(count: int) -> list[dict[str, object]]:
    return [{"id": str(n), "group": f"g{n}", "nll": 3.0 + n % 2, "tokens": 2} for n in range(count)]


def answers(content: str) -> dict[str, list[dict[str, object]]]:
    return {
        "predictions": [
            {"id": str(n), "content": content, "tokens": 1, "finish": "stop"} for n in range(9)
        ]
    }


@pytest.mark.parametrize(
    "work",
    [
        lambda beat: measured({"texts": texts(6000)}, beat),
        lambda beat: compared({"texts": texts(6000)}, {"texts": texts(6000)}, beat),
        lambda beat: examples_of(answers("a"), answers("b"), {}, beat),
        lambda beat: by_slice(
            {"texts": texts(90)},
            {"texts": texts(90)},
            {f"g{n}": {f"a={n % 3}"} for n in range(90)},
            beat,
        ),
    ],
    ids=["intervals", "differences", "examples", "slices"],
)
def test_working_figures_out_beats_on_the_way(work: Callable[[Beats], object]) -> None:
    beats = Beats()
    work(beats)
    assert beats.count >= 6
