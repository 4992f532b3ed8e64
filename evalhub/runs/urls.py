from django.urls import path

from evalhub.runs import rewrite_views, views

app_name = "runs"
urlpatterns = [
    path("runs/", views.run_list, name="list"),
    path("runs/new/", views.run_new, name="new"),
    path("runs/<uuid:uid>/", views.run_detail, name="detail"),
    path("runs/<uuid:uid>/cancel/", views.run_cancel, name="cancel"),
    path("builds/<uuid:uid>/measure/", views.measure_start, name="measure"),
    path("collections/<slug:slug>/rewrite/", rewrite_views.rewrite, name="rewrite"),
    path("try/", views.try_it, name="try"),
    path("try/<uuid:uid>/", views.trial, name="trial"),
]
