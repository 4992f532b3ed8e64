"""What masking would do to a file: it is read whole, and nothing of it is stored as a prompt."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from evalhub.common.files import file_store
from evalhub.common.personal_data import mask_personal_data
from evalhub.formats.readers import read_rows
from evalhub.formats.rows import Rejected
from evalhub.imports.jobs import as_domain_errors, format_of, kind_of
from evalhub.imports.masking import change_texts, kinds_of
from evalhub.imports.models import Import
from evalhub.jobs.beat import Beat
from evalhub.jobs.models import Job

SAMPLES, AROUND = 5, 40  # of each kind; characters on either side
BATCH = 500


def preview_import(job: Job, beat: Beat) -> dict[str, Any]:
    """Count what would be masked, with a few places of each kind; safe to run twice."""
    source = Import.objects.get(job=job)
    looked = _Looked(source)
    size = source.counts["bytes"]
    with file_store().open(source.file_key) as stream, as_domain_errors():
        name = format_of(source, stream)
        rows = read_rows(stream, format=name, kind=kind_of(source))
        for nth, row in enumerate(rows, start=1):
            if not isinstance(row, Rejected):
                looked.at_line = row.line
                change_texts(row, looked.see)
            if nth % BATCH == 0:
                beat.report(done=stream.tell(), total=size)
    with beat.fenced():
        source.counts |= {"masked": dict(looked.counts), "places": looked.places}
        source.save(update_fields=["counts"])
    beat.report(done=size, total=size)
    return {"masked": dict(looked.counts)}


@dataclass
class _Looked:
    source: Import
    at_line: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    places: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._kinds = kinds_of(self.source.masks)

    def see(self, text: str) -> str:
        """Count the finds; keep a few places as they would read, so that none of the data is kept."""
        masked = mask_personal_data(text, self._kinds)
        for found in masked.places:
            self.counts[found.kind] += 1
            if self.counts[found.kind] <= SAMPLES:
                shown = masked.text[max(found.start - AROUND, 0) : found.end + AROUND]
                self.places.append({"line": self.at_line, "kind": found.kind, "text": shown})
        return text
