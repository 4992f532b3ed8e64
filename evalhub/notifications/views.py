from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import MailWish, Role
from evalhub.accounts.http import Request
from evalhub.common.paging import newest_first
from evalhub.mail.models import Letter
from evalhub.mail.services import is_on
from evalhub.notifications.models import Notification
from evalhub.notifications.services import mark_read

MOST_FAILED = 20


@require_GET
@login_required
def notification_list(request: Request, workspace: str) -> HttpResponse:
    """What the member was told, newest first; owners also see which e-mails did not go out."""
    member = access_member(request.user, workspace, to="belong")
    mine = Notification.objects.of_member(member)
    context: dict[str, object] = {
        "member": member,
        "workspace": member.workspace,
        "page": newest_first(mine, before=request.GET.get("before", "")),
        "unread": mine.unread().count(),
        "mail_is_on": is_on(),
        "wants_mail": request.user.wants_mail if request.user.email else MailWish.NONE,
    }
    if member.has(Role.OWNER):
        failed = Letter.objects.of_workspace(workspace).failed_lately()
        context |= {"failed": failed[:MOST_FAILED], "failed_count": failed.count()}
    return render(request, "notifications/notification_list.html", context)


@require_POST
@login_required
def notifications_read(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="belong")
    mark_read(member)
    return redirect("notifications:list", workspace)
