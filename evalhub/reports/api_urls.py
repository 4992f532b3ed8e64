from django.urls import path

from evalhub.reports import api
from evalhub.reports.choices import ReportKind

urlpatterns = [
    path("campaigns/<uuid:uid>/exports", api.CampaignExportsView.as_view()),
    path("campaigns/<uuid:uid>/agreement", api.ReportView.as_view(kind=ReportKind.AGREEMENT)),
    path("campaigns/<uuid:uid>/leaderboard", api.ReportView.as_view(kind=ReportKind.LEADERBOARD)),
    path("campaigns/<uuid:uid>/consistency", api.ReportView.as_view(kind=ReportKind.CONSISTENCY)),
    path("exports/<uuid:uid>", api.ExportView.as_view()),
    path("exports/<uuid:uid>/download", api.ExportDownloadView.as_view()),
]
