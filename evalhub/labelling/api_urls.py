from django.urls import path

from evalhub.labelling import api, collection_api

urlpatterns = [
    path("campaigns/<uuid:uid>/labelling-functions", api.FunctionsView.as_view()),
    path("campaigns/<uuid:uid>/labelling-functions/carry", api.CarryView.as_view()),
    path("campaigns/<uuid:uid>/labelling-runs", api.RunsView.as_view()),
    path("campaigns/<uuid:uid>/proposals", api.ProposalsView.as_view()),
    path(
        "collections/<uuid:uid>/labelling-functions",
        collection_api.CollectionFunctionsView.as_view(),
    ),
    path(
        "collections/<uuid:uid>/labelling-functions/carry",
        collection_api.CollectionCarryView.as_view(),
    ),
    path("collections/<uuid:uid>/labelling-runs", collection_api.CollectionRunsView.as_view()),
    path("collections/<uuid:uid>/proposals", collection_api.CollectionProposalsView.as_view()),
    path("labelling-functions/<uuid:uid>", api.FunctionView.as_view()),
]
