"""Plotly's script as a static file, straight from its wheel: what else lies there is no page's."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

NAME = "plotly.min.js"


class PlotlyScript(BaseFinder):
    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:  # noqa: FBT001, FBT002  Django's
        if path != NAME:
            return []
        found = str(_folder() / NAME)
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        yield NAME, FileSystemStorage(location=_folder())


def _folder() -> Path:
    """Found without importing plotly, which takes a second."""
    spec = find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("plotly is not installed; it carries the script of the charts.")
    return Path(spec.submodule_search_locations[0]) / "package_data"
