from django.urls import path

from evalhub.runs import api, export_api, outside_api

urlpatterns = [
    path("models/adapters", outside_api.AdapterListView.as_view()),
    path("rewritings", api.RewritingListView.as_view()),
    path("runs", api.RunListView.as_view()),
    path("runs/<uuid:uid>", api.RunView.as_view()),
    path("runs/<uuid:uid>/export", export_api.RunExportView.as_view()),
]
