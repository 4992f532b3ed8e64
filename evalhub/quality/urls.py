from django.urls import path

from evalhub.quality import views

app_name = "quality"

urlpatterns = [
    path("campaigns/<uuid:uid>/alerts/", views.alerts, name="alerts"),
    path("campaigns/<uuid:uid>/disputes/", views.dispute_list, name="disputes"),
    path("tasks/<uuid:uid>/", views.task_detail, name="task"),
    path("tasks/<uuid:uid>/verdict/", views.verdict, name="verdict"),
]
