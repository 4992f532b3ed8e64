"""What somebody sees who comes by a join link: first what is asked, at the end the code."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.http import Request
from evalhub.accounts.sign_in import BACKEND, check_door, count_try
from evalhub.campaigns.queries import asked_in
from evalhub.campaigns.services.guidelines import accept_guidelines
from evalhub.links.access import access_participant, join_link_by
from evalhub.links.choices import BACK_TO_PROLIFIC, ONLY_LOOKING, Platform
from evalhub.links.errors import LinkOver
from evalhub.links.forms import JoinForm
from evalhub.links.models import JoinLink
from evalhub.links.queries import judged_by
from evalhub.links.services.joining import Visitor, finish
from evalhub.links.services.joining import join as join_by

DOOR = "join"
SESSION = 12 * 3600  # seconds that a participant stays signed in
LETTERS = 200


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """GET shows the consent and what is asked; POST signs in whoever agrees."""
    check_door(request, DOOR)
    try:
        link = join_link_by(secret)
    except LinkOver:
        count_try(request, DOOR)
        raise
    visitor, guidelines = _visitor(request, link), link.campaign.guidelines
    form = JoinForm(
        request.POST if request.method == "POST" else None,  # it may be empty
        asks_id=not visitor.external_id,
        asks_consent=guidelines is not None and bool(guidelines.consent),
    )
    only_looks = visitor.session_id == ONLY_LOOKING
    if request.method == "POST" and form.is_valid() and not only_looks:
        typed = form.cleaned_data.get("external_id", visitor.external_id)
        return _enter(request, link, visitor._replace(external_id=typed))
    context = {
        "link": link,
        "campaign": link.campaign,
        "guidelines": guidelines,
        "asked": asked_in(link.campaign),
        "form": form,
        "only_looks": only_looks,
        "signed_in": request.user if request.user.is_authenticated else None,
    }
    return render(request, "links/join.html", context, status=422 if form.errors else 200)


@never_cache
@require_GET
@login_required
def joined(request: Request) -> HttpResponse:
    """How much is done; when all is, the code."""
    participant = access_participant(request.user)
    link = participant.link
    context: dict[str, Any] = {"link": link, "campaign": link.campaign, "is_finished": False}
    context |= {"judged": judged_by(participant), "workspace": participant.member.workspace}
    if finish(participant=participant):
        context |= {"is_finished": True, "code": link.completion_code, "back": _way_back(link)}
    return render(request, "links/joined.html", context)


def _enter(request: HttpRequest, link: JoinLink, visitor: Visitor) -> HttpResponse:
    if not link.participants.filter(external_id=visitor.external_id).exists():
        count_try(request, DOOR)
    participant = join_by(link=link, visitor=visitor)
    member, guidelines = participant.member, link.campaign.guidelines
    if guidelines is not None:
        accept_guidelines(guidelines=guidelines, by=member)
    login(request, member.user, backend=BACKEND)
    request.session.set_expiry(SESSION)
    if participant.finished_at is not None:
        return redirect("joined")
    return redirect("judgments:judge", link.campaign.workspace.slug, link.campaign.uid)


def _visitor(request: HttpRequest, link: JoinLink) -> Visitor:
    names = (link.person_parameter, link.study_parameter, link.session_parameter)
    return Visitor(*(request.GET.get(name, "").strip()[:LETTERS] for name in names))


def _way_back(link: JoinLink) -> str:
    if link.platform != Platform.PROLIFIC:
        return ""
    return f"{BACK_TO_PROLIFIC}?{urlencode({'cc': link.completion_code})}"
