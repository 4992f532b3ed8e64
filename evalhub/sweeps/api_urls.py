from django.urls import path

from evalhub.sweeps import api

urlpatterns = [
    path("sweeps", api.SweepListView.as_view()),
    path("sweeps/<uuid:uid>", api.SweepView.as_view()),
    path("sweeps/<uuid:uid>/cancel", api.SweepCancelView.as_view()),
    path("sweeps/<uuid:uid>/extend", api.SweepExtendView.as_view()),
    path("sweeps/<uuid:uid>/final", api.SweepFinalView.as_view()),
]
