from django.urls import path

from evalhub.reports import api

urlpatterns = [
    path("campaigns/<uuid:uid>/exports", api.CampaignExportsView.as_view()),
    path("exports/<uuid:uid>", api.ExportView.as_view()),
    path("exports/<uuid:uid>/download", api.ExportDownloadView.as_view()),
]
