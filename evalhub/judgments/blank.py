"""A task that nobody has touched, as HTML: the same for every task of a campaign but for its texts.

Rendering it by the templates costs more than all the rest of the page, so what they make is kept in
the process with gaps for what differs. Whatever the templates read besides is part of the key.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import override

from evalhub.accounts.models import Workspace
from evalhub.campaigns.access import guidelines_of, version_of
from evalhub.campaigns.choices import Ask
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import criteria_of
from evalhub.campaigns.services.claim import Lease
from evalhub.judgments.sheet import sheet_of
from evalhub.judgments.sheet.asks import marks_of
from evalhub.judgments.sheet.rows import Shown

OF_ONE_TASK = {
    Ask.STEPS,
    Ask.TOOL_CALLS,
    Ask.TURNS,
    Ask.PROPOSAL,
    Ask.REFERENCE,
}  # the page depends on the texts
_SECRET = secrets.token_hex(8)  # no text that people write can name a gap
_GAP = re.compile(rf"@{_SECRET}-(\w+)@")


@dataclass(frozen=True)
class Blank:
    """Everything that an untouched task of one prompt and some responses depends on."""

    campaign: UUID
    workspace: str
    type: str
    asks: tuple[str, ...]
    preference_steps: int
    version: int
    guidelines: int | None
    content_warning: str
    labels: str
    language: str


class _Gap(Shown):
    """A response that is not there yet."""

    @property
    def html(self) -> SafeString:
        return _gap(f"html_{self.label}")

    @property
    def raw(self) -> SafeString:
        return _gap(f"raw_{self.label}")


def fits_blank(lease: Lease, campaign: Campaign) -> bool:
    """Whether the page of this task is like every other of its campaign."""
    return (
        lease.is_new
        and not lease.has_documents
        and len(lease.conversation) == 1
        and not any(each.tool_calls for each in lease.responses)
        and not OF_ONE_TASK & set(campaign.asks)
    )


def filled(blank: Blank, **values: Any) -> SafeString:
    """The page’s fragment with `values` in its gaps, escaped where they are no HTML of ours.

    `Any`: a text, a number, an id; what is no HTML of ours becomes escaped text.
    """
    parts = _parts(blank)
    texts = [
        conditional_escape(_text(values[part])) if nth % 2 else part
        for nth, part in enumerate(parts)
    ]
    return mark_safe("".join(texts))  # noqa: S308  our templates' own output; values are escaped


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _gap(name: str) -> SafeString:
    return mark_safe(f"@{_SECRET}-{name}@")  # noqa: S308  ours


@lru_cache(maxsize=512)
def _parts(blank: Blank) -> list[str]:
    """Pieces of HTML and, at every second place, the name of a gap."""
    with override(blank.language):  # round all of it: the rows are put into words here, too
        return _GAP.split(_rendered(blank))


def _rendered(blank: Blank) -> str:
    campaign = Campaign(
        uid=blank.campaign,
        type=blank.type,
        asks=list(blank.asks),
        preference_steps=blank.preference_steps,
        content_warning=blank.content_warning,
        rubric_version=version_of(blank.version),
        guidelines=None if blank.guidelines is None else guidelines_of(blank.guidelines),
        workspace=Workspace(slug=blank.workspace),
    )
    responses = [_Gap(label, "", []) for label in blank.labels]
    context = {
        "campaign": campaign,
        "workspace": campaign.workspace,
        "earlier": [],
        "last": _Gap("prompt", "", []),
        "responses": responses,
        "documents": [],
        "reference": "",
        "hidden": {name: _gap(name) for name in ("assignment", "token", "submission_id")},
        "sheet": sheet_of(
            campaign,
            criteria_of(blank.version),
            conversation=[],
            responses=responses,
            typed={},
        ),
        "marks": marks_of(campaign, has_documents=False),
        "form_action": f"/w/{blank.workspace}/campaigns/{blank.campaign}/judge/",
        "mode": "judge",
        "wrong": "",
        "submitted": 0,  # the page's script counts on by itself
        "csrf_token": _gap("csrf"),
    }
    return "".join(
        render_to_string(f"judgments/{name}.html", context) for name in ("_text", "_sheet")
    )
