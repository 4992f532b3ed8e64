from django.urls import path

from evalhub.judgments import api, pay_api, review_api

urlpatterns = [
    path("assignments/<uuid:uid>/submit", api.SubmitView.as_view()),
    path("judgments", api.JudgmentListView.as_view()),
    path("judgments/<uuid:uid>/revise", api.ReviseView.as_view()),
    path("pay", pay_api.PayView.as_view()),
    path("pay-runs", pay_api.PayRunListView.as_view()),
    path("pay-runs/<uuid:uid>", pay_api.PayRunView.as_view()),
    path("reviews", review_api.ReviewListView.as_view()),
    path("reviews/<uuid:uid>", review_api.ReviewView.as_view()),
    path("reviews/<uuid:uid>/take", review_api.ReviewTakeView.as_view()),
    path("reviews/<uuid:uid>/accept", review_api.ReviewAcceptView.as_view()),
    path("reviews/<uuid:uid>/fix", review_api.ReviewFixView.as_view()),
    path("reviews/<uuid:uid>/return", review_api.ReviewReturnView.as_view()),
    path("campaigns/<uuid:uid>/reviews/next", review_api.ReviewNextView.as_view()),
    path("judgments/<uuid:uid>/withdraw", api.WithdrawView.as_view()),
]
