from django.urls import path

from evalhub.reports import files, views, wording_views
from evalhub.reports.choices import ReportKind

app_name = "reports"
urlpatterns = [
    path("campaigns/<uuid:uid>/exports/", views.export_list, name="exports"),
    path("campaigns/<uuid:uid>/agreement/", views.agreement, name="agreement"),
    path("campaigns/<uuid:uid>/reliability/", views.reliability, name="reliability"),
    path("campaigns/<uuid:uid>/bias/", views.bias, name="bias"),
    path("campaigns/<uuid:uid>/bias/file/", files.paper, name="paper"),
    *(
        path(f"campaigns/<uuid:uid>/{kind}/csv/", files.csv, {"kind": kind}, name=f"{kind}_csv")
        for kind in ReportKind
    ),
    path("campaigns/<uuid:uid>/leaderboard/", views.leaderboard, name="leaderboard"),
    path("campaigns/<uuid:uid>/wordings/", wording_views.wordings, name="wordings"),
    path("campaigns/<uuid:uid>/wordings/try/", wording_views.wordings_try, name="wordings_try"),
    path("campaigns/<uuid:uid>/wordings/keep/", wording_views.wordings_keep, name="wordings_keep"),
    path("campaigns/<uuid:uid>/consistency/", views.consistency, name="consistency"),
    path("exports/<uuid:uid>/", views.export_detail, name="export"),
    path("exports/<uuid:uid>/download/", views.export_download, name="download"),
]
