"""Any bytes through every reader: run as a program, it ends by itself and fails by its exit status.

python -m tests.fuzz.readers -max_total_time=60 [corpus]
"""

from __future__ import annotations

import io
import sys
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["evalhub.formats"]):
    from evalhub.formats.mapping import mapping_of
    from evalhub.formats.readers import FORMATS, UnknownFormat, read_rows, sniff
    from evalhub.formats.rows import Rejected

MAPPING = mapping_of(
    {
        "columns": {
            "prompt": {"as": "prompt"},
            "a": {"as": "completion"},
            "b": {"as": "completion"},
            "winner": {"as": "choice"},
            "label": {"as": "label"},
            "at": {"as": "time"},
        }
    }
)
NAMES = sorted(FORMATS)


def read(raw: bytes) -> None:
    """The first byte chooses the format; the rest is the file."""
    if not raw:
        return
    name, file = NAMES[raw[0] % len(NAMES)], raw[1:]
    with suppress(UnknownFormat):
        sniff(io.BytesIO(file))
    for kind in ("prompts", "judgments"):
        for row in read_rows(io.BytesIO(file), format=name, kind=kind, mapping=MAPPING):
            if isinstance(row, Rejected):
                (row.field + row.reason + row.excerpt).encode()
            else:
                row.id.encode()


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
