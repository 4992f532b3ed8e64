"""What stands in the menu, by role. Hiding a page here forbids nothing: access_member does."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from evalhub.accounts.access import ROLES_FOR, Act
from evalhub.accounts.models import Member, Workspace


@dataclass(frozen=True)
class Item:
    label: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Section:
    title: str
    items: list[Item]


@dataclass(frozen=True)
class Page:
    label: str
    url_name: str
    act: Act


SECTIONS: list[tuple[str, list[Page]]] = [
    ("", [Page("Home", "home", "view"), Page("My work", "judgments:mine", "judge")]),
    (
        "Judging",
        [
            Page("Campaigns", "campaigns:list", "watch"),
            Page("Flags", "campaigns:flags", "lead"),
            Page("Rubrics", "rubrics:list", "watch"),
        ],
    ),
    (
        "Data",
        [
            Page("Collections", "prompts:list", "build"),
            Page("Imports", "imports:list", "build"),
            Page("Datasets", "datasets:list", "build"),
        ],
    ),
    (
        "Models",
        [
            Page("Loops", "loops:list", "build"),
            Page("Runs", "runs:list", "build"),
            Page("Models", "registry:list", "build"),
            Page("Comparisons", "evaluation:list", "build"),
            Page("Try it", "runs:try", "engineer"),
        ],
    ),
    (
        "Workspace",
        [
            Page("Jobs", "jobs:list", "watch"),
            Page("Members", "accounts:members", "own"),
            Page("API tokens", "accounts:tokens", "view"),
            Page("Audit log", "audit_log", "own"),
            Page("Help", "help", "view"),
        ],
    ),
]


def menu_for(member: Member, *, path: str) -> list[Section]:
    """The sections in which `member` has at least one page; the page at `path` is marked."""
    sections = []
    for title, pages in SECTIONS:
        items = [_item(page, member, path) for page in pages if member.has(*ROLES_FOR[page.act])]
        if items:
            sections.append(Section(title, items))
    return sections


def _item(page: Page, member: Member, path: str) -> Item:
    url = page_url(page.url_name, member.workspace)
    is_current = path == url if page.url_name == "home" else path.startswith(url)
    return Item(page.label, url, is_current)


def page_url(name: str, workspace: Workspace) -> str:
    return reverse(name, args=[workspace.slug])
