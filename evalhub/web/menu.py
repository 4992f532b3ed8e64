"""What stands in the menu, by role. Hiding a page here forbids nothing: access_member does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

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
    label: Any  # a lazy translation
    url_name: str
    act: Act


SECTIONS: list[tuple[Any, list[Page]]] = [  # `Any`: lazy translations
    ("", [Page(_("Home"), "home", "belong"), Page(_("My work"), "judgments:mine", "judge")]),
    (
        _("Judging"),
        [
            Page(_("My groups"), "groups:people", "manage"),
            Page(_("Campaigns"), "campaigns:list", "watch"),
            Page(_("Reviews"), "judgments:review_list", "review"),
            Page(_("Flags"), "campaigns:flags", "lead"),
            Page(_("Appeals"), "gold:appeals", "lead"),
            Page(_("Workload"), "judgments:limits", "lead"),
            Page(_("Judge models"), "judges:list", "build"),
            Page(_("Rubrics"), "rubrics:list", "watch"),
        ],
    ),
    (
        _("Data"),
        [
            Page(_("Browse"), "browse:start", "build"),
            Page(_("Collections"), "prompts:list", "build"),
            Page(_("Imports"), "imports:list", "build"),
            Page(_("Datasets"), "datasets:list", "build"),
        ],
    ),
    (
        _("Models"),
        [
            Page(_("Loops"), "loops:list", "build"),
            Page(_("Runs"), "runs:list", "build"),
            Page(_("Sweeps"), "sweeps:list", "build"),
            Page(_("Tracking elsewhere"), "tracking:list", "engineer"),
            Page(_("Models"), "registry:list", "build"),
            Page(_("Comparisons"), "evaluation:list", "build"),
            Page(_("Benchmarks"), "evaluation:benchmarks", "build"),
            Page(_("Follow-ups"), "followups:list", "build"),
            Page(_("Try it"), "runs:try", "engineer"),
        ],
    ),
    (
        _("Workspace"),
        [
            Page(_("Notifications"), "notifications:list", "belong"),
            Page(_("Webhooks"), "webhooks:list", "engineer"),
            Page(_("Jobs"), "jobs:list", "watch"),
            Page(_("Members"), "accounts:members", "own"),
            Page(_("Payroll"), "judgments:pay", "own"),
            Page(_("API tokens"), "accounts:tokens", "belong"),
            Page(_("Audit log"), "audit_log", "own"),
            Page(_("Help"), "help", "belong"),
        ],
    ),
]


def menu_for(member: Member, *, path: str) -> list[Section]:
    """The sections in which `member` has at least one page; the page at `path` is marked."""
    sections = []
    for title, pages in SECTIONS:
        items = [_item(page, member, path) for page in pages if member.has(*ROLES_FOR[page.act])]
        if items:
            sections.append(Section(str(title), items))
    return sections


def _item(page: Page, member: Member, path: str) -> Item:
    url = page_url(page.url_name, member.workspace)
    is_current = path == url if page.url_name == "home" else path.startswith(url)
    return Item(str(page.label), url, is_current)


def page_url(name: str, workspace: Workspace) -> str:
    return reverse(name, args=[workspace.slug])
