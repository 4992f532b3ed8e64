from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.http import Request
from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.judgments.sheet import sheet_of
from evalhub.judgments.sheet.rows import Shown
from evalhub.judgments.words import WORDS
from evalhub.rubrics.access import access_rubric_version
from evalhub.rubrics.typed import criteria_as_typed


@login_required
@require_http_methods(["GET", "POST"])
def preview(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """A version as annotators will see it, with what the lead has typed so far. Stores nothing."""
    member = access_member(request.user, workspace, to="lead")
    version = access_rubric_version(member, uid)
    typed = request.POST if request.method == "POST" else None
    found = criteria_as_typed(version, typed, editing=_uid(request.POST.get("criterion", "")))
    campaign = Campaign(type=TaskType.RATING, rubric_version=version)
    context = {
        "member": member,
        "workspace": member.workspace,
        "version": version,
        "rubric": version.rubric,
        "fault": found.fault,
        "words": {name: str(text) for name, text in WORDS.items()},
        "sheet": sheet_of(
            campaign,
            found.criteria,
            conversation=[],
            responses=[Shown("A", "", [])],
            typed={},
        ),
    }
    part = "_rubric_preview" if request.headers.get("HX-Request") else "rubric_preview"
    return render(request, f"judgments/{part}.html", context)


def _uid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
