from django.urls import path

from evalhub.labelling import api

urlpatterns = [
    path("campaigns/<uuid:uid>/labelling-functions", api.FunctionsView.as_view()),
    path("campaigns/<uuid:uid>/labelling-runs", api.RunsView.as_view()),
    path("campaigns/<uuid:uid>/proposals", api.ProposalsView.as_view()),
    path("labelling-functions/<uuid:uid>", api.FunctionView.as_view()),
]
