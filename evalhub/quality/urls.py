from django.urls import path

from evalhub.quality import views

app_name = "quality"

urlpatterns = [
    path("campaigns/<uuid:uid>/alerts/", views.alerts, name="alerts"),
    path("campaigns/<uuid:uid>/disputes/", views.dispute_list, name="disputes"),
    path("campaigns/<uuid:uid>/disputes/<uuid:task>/", views.dispute, name="dispute"),
    path("campaigns/<uuid:uid>/tasks/<uuid:task>/", views.task_detail, name="task"),
]
