from __future__ import annotations

from io import BytesIO
from typing import BinaryIO

from django.http import FileResponse

from evalhub.common.attachments import attachment
from evalhub.remote.queries import PIECE


def piece_of(stream: BinaryIO, *, start: int) -> FileResponse:
    """The next bytes of a file; none where it has ended."""
    with stream:
        stream.seek(start)
        return attachment(BytesIO(stream.read(PIECE)), "piece")
