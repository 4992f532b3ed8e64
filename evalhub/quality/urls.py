from django.urls import path

from evalhub.quality import views

app_name = "quality"

urlpatterns = [
    path("campaigns/<uuid:uid>/alerts/", views.alerts, name="alerts"),
]
