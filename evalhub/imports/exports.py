from __future__ import annotations

import csv
from collections.abc import Iterator

from evalhub.common.inert import inert
from evalhub.imports.models import Import

HEAD = ("line", "field", "reason", "excerpt")


class _Echo:
    def write(self, text: str) -> str:
        return text


def rejected_csv(source: Import) -> Iterator[str]:
    """The rejected rows, line by line. No cell is a formula: a spreadsheet would run it."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(HEAD)  # the mark tells spreadsheets that it is UTF-8
    rows = source.rejected.order_by("line", "pk").values_list(*HEAD)
    for row in rows.iterator(chunk_size=1000):
        yield writer.writerow([inert(str(cell)) for cell in row])
