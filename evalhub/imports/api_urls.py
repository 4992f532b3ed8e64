from django.urls import path

from evalhub.imports import api

urlpatterns = [
    path("imports", api.ImportListView.as_view()),
    path("imports/<uuid:uid>", api.ImportView.as_view()),
    path("imports/<uuid:uid>/mapping", api.MappingView.as_view()),
    path("imports/<uuid:uid>/confirm", api.ConfirmView.as_view()),
    path("imports/<uuid:uid>/rejected.csv", api.RejectedView.as_view(), name="import_rejected"),
]
