from django.urls import path

from evalhub.judgments import api

urlpatterns = [
    path("assignments/<uuid:uid>/submit", api.SubmitView.as_view()),
    path("judgments", api.JudgmentListView.as_view()),
    path("judgments/<uuid:uid>/revise", api.ReviseView.as_view()),
    path("judgments/<uuid:uid>/withdraw", api.WithdrawView.as_view()),
]
