"""The form of a task that nobody has touched, as HTML: the same for every task of a campaign.

Rendering it by the template costs more than all the rest of the page, so it is kept in the process
with gaps for the few values that differ. Whatever the template reads is part of the key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import override

from evalhub.accounts.models import Workspace
from evalhub.campaigns.access import version_of
from evalhub.campaigns.choices import Ask
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.queries import criteria_of
from evalhub.judgments.sheet import sheet_of
from evalhub.judgments.sheet.asks import Shown, marks_of

GAPS = ("csrf", "assignment", "token", "submission")
_GAP = re.compile(r"@@(csrf|assignment|token|submission)@@")
OF_ONE_TASK = {Ask.STEPS, Ask.TOOL_CALLS, Ask.TURNS}  # then the rows depend on the texts


@dataclass(frozen=True)
class Blank:
    """Everything that the form of an untouched task depends on."""

    campaign: UUID
    workspace: str
    type: str
    asks: tuple[str, ...]
    preference_steps: int
    version: int
    labels: str
    has_documents: bool
    language: str


def has_blank(campaign: Campaign) -> bool:
    return not OF_ONE_TASK & set(campaign.asks)


def filled(blank: Blank, **values: object) -> SafeString:
    """The form with `values` in its gaps, each escaped."""
    parts = _parts(blank)
    texts = [escape(values[part]) if nth % 2 else part for nth, part in enumerate(parts)]
    return mark_safe("".join(texts))  # noqa: S308  our template's own output; values are escaped


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
        rubric_version=version_of(blank.version),
        workspace=Workspace(slug=blank.workspace),
    )
    responses = [Shown(label, "", []) for label in blank.labels]
    gaps = {name: f"@@{name}@@" for name in GAPS}
    context = {
        "campaign": campaign,
        "workspace": campaign.workspace,
        "hidden": {
            "assignment": gaps["assignment"],
            "token": gaps["token"],
            "submission_id": gaps["submission"],
        },
        "sheet": sheet_of(
            campaign,
            criteria_of(blank.version),
            conversation=[],
            responses=responses,
            typed={},
        ),
        "marks": marks_of(campaign, has_documents=blank.has_documents),
        "mode": "judge",
        "wrong": "",
        "submitted": 0,
        "csrf_token": gaps["csrf"],
        "form_action": f"/w/{blank.workspace}/campaigns/{blank.campaign}/judge/",
    }
    return render_to_string("judgments/_sheet.html", context)
