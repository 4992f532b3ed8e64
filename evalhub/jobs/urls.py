from django.urls import path

from evalhub.jobs import views

app_name = "jobs"
urlpatterns = [
    path("jobs/", views.job_list, name="list"),
    path("jobs/<uuid:uid>/", views.job_detail, name="detail"),
    path("jobs/<uuid:uid>/cancel/", views.job_cancel, name="cancel"),
]
