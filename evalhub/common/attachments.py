from __future__ import annotations

from typing import BinaryIO

from django.http import FileResponse


def attachment(stream: BinaryIO, filename: str) -> FileResponse:
    """A file to keep: no browser shows it as a page, whatever people wrote in it."""
    return FileResponse(
        stream, as_attachment=True, filename=filename, content_type="application/octet-stream"
    )
