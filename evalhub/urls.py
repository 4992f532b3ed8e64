"""Every page. What belongs to a workspace stands under /w/<slug>/."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from evalhub.accounts import oidc_views
from evalhub.accounts import views as accounts
from evalhub.links.views import joining, reporting
from evalhub.web import error_pages, views
from evalhub.web.audit_views import audit_log

in_workspace: list[URLPattern | URLResolver] = [
    path("", include("evalhub.judgments.urls")),  # first: what comes with every judgment
    path("", views.home, name="home"),
    path("help/", views.help_index, name="help"),
    path("help/<slug:name>/", views.help_page, name="help_page"),
    path("", include("evalhub.accounts.urls")),
    path("audit/", audit_log, name="audit_log"),
    path("", include("evalhub.jobs.urls")),
    path("", include("evalhub.notifications.urls")),
    path("", include("evalhub.rubrics.urls")),
    path("", include("evalhub.prompts.urls")),
    path("", include("evalhub.campaigns.urls")),
    path("", include("evalhub.imports.urls")),
    path("", include("evalhub.gold.urls")),
    path("", include("evalhub.labelling.urls")),
    path("", include("evalhub.quality.urls")),
    path("", include("evalhub.groups.urls")),
    path("", include("evalhub.valuing.urls")),
    path("", include("evalhub.links.urls")),
    path("", include("evalhub.datasets.urls")),
    path("", include("evalhub.browse.urls")),
    path("", include("evalhub.reports.urls")),
    path("", include("evalhub.registry.urls")),
    path("", include("evalhub.runs.urls")),
    path("", include("evalhub.sweeps.urls")),
    path("", include("evalhub.tracking.urls")),
    path("", include("evalhub.judges.urls")),
    path("", include("evalhub.webhooks.urls")),
    path("", include("evalhub.evaluation.urls")),
    path("", include("evalhub.followups.urls")),
    path("", include("evalhub.lineage.urls")),
    path("", include("evalhub.loops.urls")),
]

urlpatterns = [
    path("api/", include("evalhub.api_urls")),  # first: what comes with every judgment
    path("w/<slug:workspace>/", include(in_workspace)),
    path("", views.start, name="start"),
    path("health/", views.health, name="health"),
    path("sign-in/", accounts.sign_in, name="sign_in"),
    path("sign-in/oidc/", oidc_views.to_provider, name="sign_in_oidc"),
    path("sign-in/oidc/callback/", oidc_views.from_provider, name="sign_in_oidc_callback"),
    path("sign-out/", accounts.sign_out, name="sign_out"),
    path("sign-up/", views.sign_up, name="sign_up"),
    path("invitation/<str:username>/<str:token>/", accounts.accept_invitation, name="invitation"),
    path("join/<str:secret>/", joining.join, name="join"),
    path("joined/", joining.joined, name="joined"),
    path("report/<str:secret>/", reporting.report, name="report"),
    path("profile/", accounts.profile, name="profile"),
    path("profile/mail/", accounts.mail_wish, name="mail_wish"),
    path("profile/language/", accounts.language, name="language"),
    path("profile/password/", accounts.change_password, name="password"),
]

handler400 = error_pages.bad_request
handler403 = error_pages.forbidden
handler404 = error_pages.not_found
handler500 = error_pages.broken
