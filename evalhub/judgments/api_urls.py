from django.urls import path

from evalhub.judgments import api, pay_api

urlpatterns = [
    path("assignments/<uuid:uid>/submit", api.SubmitView.as_view()),
    path("judgments", api.JudgmentListView.as_view()),
    path("judgments/<uuid:uid>/revise", api.ReviseView.as_view()),
    path("pay", pay_api.PayView.as_view()),
    path("pay-runs", pay_api.PayRunListView.as_view()),
    path("pay-runs/<uuid:uid>", pay_api.PayRunView.as_view()),
    path("judgments/<uuid:uid>/withdraw", api.WithdrawView.as_view()),
]
