"""A workspace's members and the API tokens."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts import invitations
from evalhub.accounts.access import access_colleague, access_member, access_token
from evalhub.accounts.errors import NameTaken
from evalhub.accounts.forms import InviteForm, MemberFilterForm, MemberForm, TokenForm
from evalhub.accounts.http import Request
from evalhub.accounts.invitation_links import link_for, only_provider
from evalhub.accounts.models import ApiToken, Member
from evalhub.accounts.services import change_member, create_token, revoke_token, set_active

MOST_SHOWN = 500


@require_GET
@login_required
def member_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="own")
    form = MemberFilterForm(request.GET, workspace=member.workspace)
    rows = form.narrow(member.workspace.members.own()).select_related("user").order_by("pseudonym")
    found = list(rows[: MOST_SHOWN + 1])
    context = _context(member) | {
        "form": form,
        "members": found[:MOST_SHOWN],
        "more_than": MOST_SHOWN if len(found) > MOST_SHOWN else None,
    }
    return render(request, "accounts/member_list.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def member_add(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="own")
    form = InviteForm(request.POST or None, initial={"roles": ["annotator"]})
    if form.is_valid():
        try:
            invited = invitations.invite(workspace=member.workspace, by=member, **form.cleaned_data)
        except NameTaken as error:
            form.add_error(None, str(error))
        else:
            return _show_invited(request, member, invited)
    return render(request, "accounts/member_add.html", _context(member) | {"form": form})


@login_required
@require_http_methods(["GET", "POST"])
def member_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="own")
    colleague = access_colleague(member, uid)
    names = ("roles", "languages", "groups", "qualifications", "manages")
    initial = {name: getattr(colleague, name) for name in names}
    form = MemberForm(request.POST or None, initial=initial, workspace=member.workspace)
    if form.is_valid():
        change_member(member=colleague, by=member, **form.cleaned_data)
        told = _("%(name)s is changed; it counts at once.")
        messages.success(request, told % {"name": colleague})
        return redirect("accounts:members", workspace)
    context = _context(member) | {"form": form, "colleague": colleague}
    status = 422 if form.errors else 200
    return render(request, "accounts/member_detail.html", context, status=status)


@require_POST
@login_required
def member_activate(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="own")
    set_active(member=access_colleague(member, uid), active=True, by=member)
    return redirect("accounts:member", workspace, uid)


@require_POST
@login_required
def member_deactivate(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="own")
    set_active(member=access_colleague(member, uid), active=False, by=member)
    return redirect("accounts:member", workspace, uid)


@never_cache
@require_POST
@login_required
def member_invite_again(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="own")
    invited = invitations.invite_again(member=access_colleague(member, uid), by=member)
    return _show_invited(request, member, invited)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def token_list(request: Request, workspace: str) -> HttpResponse:
    """One's own tokens; an owner sees those of all. A new one's text is in this answer only."""
    member = access_member(request.user, workspace, to="belong")
    form = TokenForm(request.POST or None)
    new = None
    if form.is_valid():
        new = create_token(member=member, name=form.cleaned_data["name"], by=member)
        form = TokenForm()
    tokens = ApiToken.objects.visible_to(member).select_related("member")[:200]
    context = _context(member) | {"form": form, "tokens": tokens, "new": new}
    return render(request, "accounts/token_list.html", context)


@require_POST
@login_required
def token_revoke(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="belong")
    token = access_token(member, uid)
    revoke_token(token=token, by=member)
    messages.success(request, _("The token %(token)s is revoked.") % {"token": token})
    return redirect("accounts:tokens", workspace)


def _show_invited(request: Request, member: Member, invited: invitations.Invited) -> HttpResponse:
    context = _context(member) | {
        "invited": invited.member,
        "mailed_to": invited.mailed_to,
        "link": link_for(request, invited),
        "by_provider": only_provider(),
    }
    return render(request, "accounts/member_invited.html", context)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
