from django.urls import path

from evalhub.lineage import api

urlpatterns = [
    path("builds/<uuid:uid>/contamination", api.ChecksView.as_view()),
    path("lineage", api.LineageView.as_view()),
    path("withdrawals", api.WithdrawalListView.as_view()),
    path("withdrawals/<uuid:uid>/reinstate", api.ReinstateView.as_view()),
]
