"""The help pages: docs/help/*.md, each beginning with `# Title` and one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from evalhub.common.errors import NotFound


@dataclass(frozen=True)
class HelpPage:
    name: str
    title: str
    summary: str  # the first paragraph
    text: str  # Markdown below the title


@cache
def help_pages() -> tuple[HelpPage, ...]:
    """Read once per process, in the order of docs/help/ORDER."""
    folder = settings.BASE_DIR / "docs" / "help"
    names = (folder / "ORDER").read_text().split()
    return tuple(_read(folder / f"{name}.md") for name in names)


def access_help_page(name: str) -> HelpPage:
    for page in help_pages():
        if page.name == name:
            return page
    raise NotFound("No such help page.")


def _read(path: Path) -> HelpPage:
    title, _, text = path.read_text(encoding="utf-8").partition("\n")
    summary = text.strip().partition("\n\n")[0].replace("\n", " ")
    return HelpPage(path.stem, title.removeprefix("# ").strip(), summary, text.strip())
