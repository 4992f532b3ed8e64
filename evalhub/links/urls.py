"""Under /w/<workspace>/. The pages that the links themselves lead to stand in evalhub/urls.py."""

from django.urls import path

from evalhub.links.views import making

app_name = "links"

urlpatterns = [
    path("campaigns/<uuid:uid>/join-links/", making.join_links, name="join_links"),
    path("campaigns/<uuid:uid>/report-links/", making.report_links, name="report_links"),
    path("join-links/<uuid:uid>/", making.join_link, name="join_link"),
    path("join-links/<uuid:uid>/csv/", making.join_link_csv, name="join_link_csv"),
    path("join-links/<uuid:uid>/revoke/", making.join_link_revoke, name="join_link_revoke"),
    path("report-links/<uuid:uid>/revoke/", making.report_link_revoke, name="report_link_revoke"),
]
