"""An account's own pages: signing in and out, the first password, the profile."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language as django_set_language

from evalhub.accounts import invitations
from evalhub.accounts.choices import MailWish
from evalhub.accounts.errors import SignInRefused, TooManyTries
from evalhub.accounts.forms import (
    ChangePasswordForm,
    MailWishForm,
    NewPasswordForm,
    ProfileForm,
    SignInForm,
)
from evalhub.accounts.http import Request, enter, own_path
from evalhub.accounts.models import User
from evalhub.accounts.profile import set_language, set_mail_wish, set_password, set_timezone
from evalhub.accounts.sign_in import (
    is_by_provider_only,
    may_have_password,
    user_with_password,
)
from evalhub.common.errors import DomainError, NotFound
from evalhub.mail.services import is_on


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request.POST or None)
    status = 200
    if form.is_valid():
        try:
            user = user_with_password(request, **form.cleaned_data)
        except (SignInRefused, TooManyTries) as error:
            form.add_error(None, str(error))
            status = error.http_status
        else:
            if user is not None:
                enter(request, user)
                return redirect(own_path(request, request.POST.get("next", "")))
            form.add_error(None, _("User name and password do not fit together."))
    context = {
        "form": form,
        "next": request.POST.get("next") or request.GET.get("next", ""),
        "open_sign_up": settings.EVALHUB_OPEN_SIGN_UP,
        "provider": settings.EVALHUB_OIDC,
    }
    return render(request, "accounts/sign_in.html", context, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign_in")


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def accept_invitation(request: HttpRequest, username: str, token: str) -> HttpResponse:
    user = invitations.invited_user(username, token)
    if is_by_provider_only():
        return redirect("sign_in")  # the invitation is taken up there
    form = NewPasswordForm(request.POST or None, user=user)
    if form.is_valid():
        invitations.accept(user=user, password=form.cleaned_data["password"])
        enter(request, user)
        return redirect("start")
    return render(request, "accounts/invitation.html", {"form": form, "invited": user})


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: Request) -> HttpResponse:
    form = ProfileForm(request.POST or None, initial={"timezone": request.user.timezone})
    if form.is_valid():
        set_timezone(user=request.user, timezone=form.cleaned_data["timezone"])
        messages.success(request, _("Saved."))
        return redirect("profile")
    context = {
        "form": form,
        "has_password": may_have_password(request.user),
        "mail_form": MailWishForm(initial={"wants_mail": request.user.wants_mail}),
        "mail_is_on": is_on(),
    }
    return render(request, "accounts/profile.html", context)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Django's own, for this browser; and for what somebody who is signed in is told elsewhere."""
    answer = django_set_language(request)
    chosen = request.POST.get("language", "")
    if isinstance(request.user, User) and chosen in dict(settings.LANGUAGES):
        set_language(user=request.user, language=chosen)
    return answer


@require_POST
@login_required
def mail_wish(request: Request) -> HttpResponse:
    form = MailWishForm(request.POST)
    if not form.is_valid():
        raise DomainError(_("Choose one of the three."))
    set_mail_wish(user=request.user, wish=MailWish(form.cleaned_data["wants_mail"]))
    messages.success(request, _("Saved."))
    return redirect("profile")


@sensitive_post_parameters("password", "current")
@login_required
@require_http_methods(["GET", "POST"])
def change_password(request: Request) -> HttpResponse:
    if not may_have_password(request.user):
        raise NotFound(_("This account has no password."))
    form = ChangePasswordForm(request.POST or None, user=request.user)
    if form.is_valid():
        set_password(user=request.user, password=form.cleaned_data["password"])
        update_session_auth_hash(request, request.user)  # the other sessions end
        messages.success(request, _("Your password is changed; other sessions were signed out."))
        return redirect("profile")
    return render(request, "accounts/password.html", {"form": form})
