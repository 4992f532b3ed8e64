from django.urls import path

from evalhub.judgments import views

app_name = "judgments"

urlpatterns = [
    path("campaigns/<uuid:uid>/judge/", views.judge, name="judge"),
    path("campaigns/<uuid:uid>/judge/next/", views.judge_next, name="next"),
    path("campaigns/<uuid:uid>/judge/skip/", views.judge_skip, name="skip"),
]
