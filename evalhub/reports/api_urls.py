from django.urls import path

from evalhub.reports import api
from evalhub.reports.choices import ReportKind

urlpatterns = [
    path("campaigns/<uuid:uid>/exports", api.CampaignExportsView.as_view()),
    *(
        path(f"campaigns/<uuid:uid>/{kind}", api.ReportView.as_view(kind=kind))
        for kind in ReportKind
    ),
    path("campaigns/<uuid:uid>/reports", api.ReportsView.as_view()),
    path("campaigns/<uuid:uid>/progress", api.ProgressView.as_view()),
    path("exports/<uuid:uid>", api.ExportView.as_view()),
    path("exports/<uuid:uid>/download", api.ExportDownloadView.as_view()),
]
