"""What the annotator's page asks for besides tasks: to keep them, leave them, take one back."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from evalhub.accounts.http import Request
from evalhub.campaigns.services.claim import Desk, take_back
from evalhub.campaigns.services.leases import keep_alive, release_untouched
from evalhub.judgments.access import access_own_judgment
from evalhub.judgments.services.withdraw import withdraw_judgment
from evalhub.judgments.views.judging import all_but, desk_of_page, following
from evalhub.judgments.views.uids import uid_in

MOST_HELD = 100


@require_POST
@login_required
def keep(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Renew the leases of all that the page holds; the answer names what it has lost."""
    member, _campaign = desk_of_page(request, workspace, uid)
    lost = keep_alive(member=member, held=_held(request))
    return JsonResponse({"lost": sorted(map(str, lost))})


@require_POST
@login_required
def leave(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What the page had fetched ahead goes back: it was left."""
    member, _campaign = desk_of_page(request, workspace, uid)
    release_untouched(member=member, held=_held(request))
    return HttpResponse(status=204)


@require_POST
@login_required
def withdraw(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Take one's newest judgment back; the answer is its task with all that was said."""
    member, campaign = desk_of_page(request, workspace, uid)
    judgment = access_own_judgment(member, uid_in(request.POST.get("judgment", "")))
    back = withdraw_judgment(judgment=judgment)
    holding = all_but(member, campaign, str(back.assignment))
    lease = take_back(desk=Desk.of(campaign), member_pk=member.pk, holding=holding)
    return following(request, member, campaign, lease)


def _held(request: Request) -> dict[UUID, int]:
    """`held` as the page says it: assignment:token, with commas between."""
    held = {}
    for each in request.POST.get("held", "").split(",")[:MOST_HELD]:
        uid, _colon, token = each.partition(":")
        if uid and token.isascii() and token.isdecimal():
            held[uid_in(uid)] = min(int(token), 2_147_483_647)
    return held
