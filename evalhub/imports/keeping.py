"""Taking a file in: looked at from its beginning, then stored as it came."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from evalhub.common.files import Stored, file_store
from evalhub.formats.containers import is_binary
from evalhub.formats.readers import FORMATS, TABLE, UnknownFormat, sniff
from evalhub.imports.errors import UnreadableFile


def keep(stream: BinaryIO, format: str, *, may_be_table: bool) -> Stored:
    """Check the format and store the file; memory holds a piece of it at a time.

    Args:
        may_be_table: whether a mapping is there, or somebody will be asked for one.

    Raises:
        UnreadableFile: it is empty, or its format is none of ours.
    """
    if format != "auto" and format not in FORMATS:
        raise UnreadableFile(f"There is no format {format!r}; there are {', '.join(FORMATS)}.")
    with tempfile.TemporaryDirectory(prefix="evalhub-import-") as folder:
        local = Path(folder) / "file"
        with local.open("wb") as target:
            shutil.copyfileobj(stream, target, 2**20)
        if not local.stat().st_size:
            raise UnreadableFile("The file is empty.")
        with local.open("rb") as source:
            if format == "auto" and not is_binary(source):  # those only workers open
                _check_rows(source, may_be_table=may_be_table)
        return file_store().put(local)


def _check_rows(stream: BinaryIO, *, may_be_table: bool) -> None:
    try:
        name = sniff(stream)
    except UnknownFormat as error:
        raise UnreadableFile(str(error)) from error
    if name == TABLE and not may_be_table:
        raise UnreadableFile(
            "The first row that can be read has the fields of none of our formats. If it is a table "
            "of your own, give a mapping of its columns. docs/formats.md shows each format."
        )
