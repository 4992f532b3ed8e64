from django.urls import path

from evalhub.quality import api

urlpatterns = [
    path("campaigns/<uuid:uid>/consensus", api.ConsensusView.as_view()),
    path("campaigns/<uuid:uid>/disputes", api.DisputesView.as_view()),
    path("tasks/<uuid:uid>/verdict", api.VerdictView.as_view()),
]
