from django.urls import path

from evalhub.quality import exclusion_views, sureness_views, views

app_name = "quality"

urlpatterns = [
    path("campaigns/<uuid:uid>/alerts/", views.alerts, name="alerts"),
    path("campaigns/<uuid:uid>/consensus/", sureness_views.consensus_list, name="consensus"),
    path("campaigns/<uuid:uid>/consensus/csv/", sureness_views.consensus_csv, name="consensus_csv"),
    path("campaigns/<uuid:uid>/disputes/", views.dispute_list, name="disputes"),
    path("campaigns/<uuid:uid>/exclusions/", exclusion_views.exclusions, name="exclusions"),
    path(
        "campaigns/<uuid:uid>/exclusions/preview/",
        exclusion_views.exclusion_preview,
        name="exclusion_preview",
    ),
    path("exclusions/<uuid:uid>/lift/", exclusion_views.exclusion_lift, name="exclusion_lift"),
    path("tasks/<uuid:uid>/", views.task_detail, name="task"),
    path("tasks/<uuid:uid>/verdict/", views.verdict, name="verdict"),
]
