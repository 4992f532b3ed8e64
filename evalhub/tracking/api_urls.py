from django.urls import path

from evalhub.tracking import api

urlpatterns = [
    path("trackers", api.TrackerListView.as_view()),
    path("runs/<uuid:uid>/tracking", api.RunTrackingView.as_view()),
]
