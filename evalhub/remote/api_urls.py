from django.urls import path

from evalhub.remote import api

urlpatterns = [
    path("remote/take", api.TakeView.as_view()),
    path("remote/runs/<uuid:uid>/fetch", api.FetchView.as_view()),
    path("remote/runs/<uuid:uid>/events", api.EventsView.as_view()),
    path("remote/runs/<uuid:uid>/missing", api.MissingView.as_view()),
    path("remote/runs/<uuid:uid>/upload", api.UploadView.as_view()),
    path("remote/runs/<uuid:uid>/checkpoint", api.CheckpointView.as_view()),
    path("remote/runs/<uuid:uid>/end", api.EndView.as_view()),
    path("remote/runs/<uuid:uid>/return", api.ReturnView.as_view()),
]
