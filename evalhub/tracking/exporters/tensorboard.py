"""TensorBoard: event files on the worker's disk, written by tensorboardX.

Each sending adds a file that is named by where it begins, and renamed into place whole: the same
sending again replaces its own file.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from evalhub.tracking.exporters.letter import Letter, Point, Sent


class TensorBoard:
    def __init__(self, letter: Letter) -> None:
        self._letter = letter
        self._folder = Path(letter.folder) / letter.project / letter.uid
        self._points: list[Point] = []

    def begin(self) -> str:
        if self._letter.after is None and self._folder.exists():
            shutil.rmtree(self._folder)  # of a sending that nobody remembers
        self._folder.mkdir(parents=True, exist_ok=True)
        return str(self._folder)

    def log(self, points: Sequence[Point], sent: Sent) -> None:
        self._points += points

    def end(self, sent: Sent) -> None:
        from tensorboardX import SummaryWriter

        letter = self._letter
        with tempfile.TemporaryDirectory(dir=self._folder.parent, prefix=".writing-") as name:
            writer = SummaryWriter(logdir=name)
            if letter.after is None:
                writer.add_text("run", _as_text(letter), 0, walltime=letter.began_at)
            for point in self._points:
                for key, value in point.values.items():
                    writer.add_scalar(key, value, point.step, walltime=point.at)
            if letter.ended_at is not None:
                for key, value in letter.final.items():
                    writer.add_scalar(
                        f"final/{key}", value, _last(letter), walltime=letter.ended_at
                    )
            writer.close()
            (written,) = Path(name).iterdir()
            begins = 0 if letter.after is None else letter.after + 1
            written.rename(self._folder / f"events.out.tfevents.{begins:012d}.evalhub")
        if self._points:
            sent(self._points[-1].step)
        if letter.ended_at is not None:
            sent(None)


def _as_text(letter: Letter) -> str:
    facts = {"name": letter.name, "tags": letter.tags, "link": letter.link, **letter.facts}
    return "\n".join(f"    {line}" for line in json.dumps(facts, indent=1).splitlines())


def _last(letter: Letter) -> int:
    return letter.points[-1].step if letter.points else letter.after or 0
