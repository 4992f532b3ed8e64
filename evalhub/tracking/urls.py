from django.urls import path

from evalhub.tracking import views

app_name = "tracking"
urlpatterns = [
    path("trackers/", views.tracker_list, name="list"),
    path("trackers/<str:service>/", views.tracker_edit, name="edit"),
    path("runs/<uuid:uid>/track/", views.run_send, name="send"),
]
