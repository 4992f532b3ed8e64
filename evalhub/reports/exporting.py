"""An export on this machine's disk: it goes on where it was interrupted, to the same bytes.

`FILE.part` holds the pages that are whole and `FILE.part.json` says how far they go; both are gone
when FILE is there.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
from django.db.models import Max

from evalhub.campaigns.models import Campaign, TaskCompletion
from evalhub.judgments.models import Judgment
from evalhub.quality.services import Bounds, safe_bounds
from evalhub.reports.choices import ExportFormat
from evalhub.reports.columns import Columns
from evalhub.reports.errors import ExportInUse, OtherExport
from evalhub.reports.reading import PAGE, Page, pages
from evalhub.reports.records import Records
from evalhub.reports.writing import writing

Report = Callable[[int, int], object]  # judgments read so far, and all of them; raises to stop


class Asked(msgspec.Struct, frozen=True):
    """What somebody wants: the same again goes on with what was begun."""

    campaign: str
    format: ExportFormat
    everything: bool  # also those judgments that do not count


class Notes(msgspec.Struct):
    """How far an export is. What is below `last` and `settled_before` stays the same for ever."""

    asked: Asked
    last: int
    settled_before: datetime
    width: int  # responses that a task shows at most
    total: int
    after: int = 0  # the key up to which `bytes` of the part are whole
    bytes: int = 0
    read: int = 0
    rows: int = 0
    left_out: dict[str, int] = msgspec.field(default_factory=dict)  # by state


class Exported(NamedTuple):
    rows: int
    left_out: dict[str, int]


def export_judgments(
    campaign: Campaign,
    *,
    format: ExportFormat,
    everything: bool,
    target: Path,
    report: Report,
    page_size: int = PAGE,
) -> Exported:
    """Write the campaign's judgments to `target`, going on with what lies there unfinished.

    Raises:
        ExportInUse: another process writes there now.
        OtherExport: what lies there was begun with other arguments.
        ParquetNotInstalled: Parquet needs pyarrow, and it is not there.
        TooBusy: writers kept the table of judgments for five seconds; try again.
    """
    asked = Asked(str(campaign.uid), format, everything)
    criteria = list(campaign.rubric_version.criteria.order_by("position", "pk"))
    with _locked(target) as stream:
        notes = _notes_of(target, stream, asked) or _begin(campaign, asked)
        form = writing(format, Columns(criteria, notes.width))
        part = _Part(target, stream, notes)
        part.cut(form.head())
        bounds, records = Bounds(notes.last, notes.settled_before), Records(campaign, criteria)
        found = pages(campaign, bounds, after=notes.after, everything=everything, size=page_size)
        for after, page in found:
            part.append(form.page(records.of(page)), page, after=after)
            report(notes.read, notes.total)
        form.finish(_part(target), target)
        _notes(target).unlink(missing_ok=True)  # there are none of a campaign without judgments
    return Exported(notes.rows, notes.left_out)


class _Part:
    """The unfinished file, whole up to where its notes say."""

    def __init__(self, target: Path, stream: BinaryIO, notes: Notes) -> None:
        self._target, self._stream, self._notes = target, stream, notes

    def cut(self, head: bytes) -> None:
        """Drop what follows the last whole page; begin a new file with `head`."""
        self._stream.truncate(self._notes.bytes)
        if not self._notes.bytes:
            self._notes.bytes = self._stream.write(head)
            self._stream.flush()

    def append(self, text: bytes, page: Page, *, after: int) -> None:
        """The page is on the disk before the notes say so."""
        self._stream.write(text)
        self._stream.flush()
        os.fsync(self._stream.fileno())
        notes = self._notes
        notes.after, notes.bytes = after, notes.bytes + len(text)
        notes.rows += len(page.heads)
        notes.read += len(page.heads) + sum(page.left_out.values())
        for state, count in page.left_out.items():
            notes.left_out[state] = notes.left_out.get(state, 0) + count
        _keep(notes, self._target)


def _begin(campaign: Campaign, asked: Asked) -> Notes:
    last, settled_before = safe_bounds(campaign.workspace)
    places = TaskCompletion.objects.filter(task__campaign=campaign).aggregate(most=Max("place"))
    total = Judgment.objects.filter(campaign=campaign, pk__lte=last).count()
    width = 0 if places["most"] is None else places["most"] + 1
    return Notes(asked, last, settled_before, width, total)


def _notes_of(target: Path, part: BinaryIO, asked: Asked) -> Notes | None:
    """What an interrupted export left; None where there is none, or not all that it says."""
    try:
        notes = msgspec.json.decode(_notes(target).read_bytes(), type=Notes)
    except FileNotFoundError:
        return None
    if notes.asked != asked:
        raise OtherExport(
            f"{_part(target)} is an export of other judgments, or in another format. Go on with "
            f"that one, delete it and {_notes(target).name}, or choose another file."
        )
    is_whole = part.seek(0, os.SEEK_END) >= notes.bytes
    return notes if is_whole else None


def _keep(notes: Notes, target: Path) -> None:
    new = _notes(target).with_suffix(".new")
    with new.open("wb") as stream:
        stream.write(msgspec.json.encode(notes))
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(_notes(target))


@contextmanager
def _locked(target: Path) -> Iterator[BinaryIO]:
    """The part, for this process alone; the system lets go of it when the process dies."""
    with _part(target).open("ab+") as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = _part(target).stat().st_ino == os.fstat(part.fileno()).st_ino
        except (BlockingIOError, FileNotFoundError):
            is_ours = False  # or it was finished, and has its name, since we opened it
        if not is_ours:
            raise ExportInUse(f"Another process is writing {target} just now.")
        yield part


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _notes(target: Path) -> Path:
    return target.with_name(f"{target.name}.part.json")
