from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.errors import NameTaken
from evalhub.accounts.forms import SignUpForm
from evalhub.accounts.http import Request, enter
from evalhub.accounts.models import Member, Workspace
from evalhub.accounts.sign_in import is_by_provider_only
from evalhub.common.errors import NotFound
from evalhub.notifications.models import Notification
from evalhub.web.help import access_help_page, help_pages
from evalhub.web.queries import next_steps
from evalhub.web.services import sign_up as make_account


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    if not settings.EVALHUB_OPEN_SIGN_UP or is_by_provider_only():
        raise NotFound(_("Sign-up is closed here. Ask an owner of a workspace to invite you."))
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        try:
            member = make_account(**form.cleaned_data)
        except NameTaken as error:
            form.add_error(None, str(error))
        else:
            if member.user is not None:
                enter(request, member.user)
            return redirect("home", member.workspace.slug)
    return render(request, "accounts/sign_up.html", {"form": form})


@require_GET
@login_required
def start(request: Request) -> HttpResponse:
    """Straight to the workspace of somebody who has only one."""
    workspaces = list(Workspace.objects.visible_to(request.user))
    if len(workspaces) == 1 and "choose" not in request.GET:
        return redirect("home", workspaces[0].slug)
    return render(request, "web/start.html", {"workspaces": workspaces})


@require_GET
@login_required
def home(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="belong")
    unread = Notification.objects.of_member(member).unread().count()
    context = _context(member) | {"steps": next_steps(member), "unread": unread}
    return render(request, "web/home.html", context)


@require_GET
@login_required
def help_index(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="belong")
    return render(request, "web/help_index.html", _context(member) | {"pages": help_pages()})


@require_GET
@login_required
def help_page(request: Request, workspace: str, name: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="belong")
    page = access_help_page(name)
    context = _context(member) | {"page": page, "pages": help_pages()}
    return render(request, "web/help_page.html", context)


@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """200 when this process lives and its database answers; it says nothing else."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"database": False}, status=503)
    return JsonResponse({"database": True})


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
