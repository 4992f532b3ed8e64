from __future__ import annotations

from collections.abc import Iterator

from evalhub.common.spreadsheets import csv_lines
from evalhub.imports.models import Import

HEAD = ("line", "field", "reason", "excerpt")


def rejected_csv(source: Import) -> Iterator[str]:
    """The rejected rows, line by line."""
    rows = source.rejected.order_by("line", "pk").values_list(*HEAD)
    return csv_lines(HEAD, rows.iterator(chunk_size=1000))
