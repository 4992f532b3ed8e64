from django.urls import path

from evalhub.quality import api, exclusion_api

urlpatterns = [
    path("campaigns/<uuid:uid>/consensus", api.ConsensusView.as_view()),
    path("campaigns/<uuid:uid>/disputes", api.DisputesView.as_view()),
    path("campaigns/<uuid:uid>/exclusions", exclusion_api.ExclusionsView.as_view()),
    path("campaigns/<uuid:uid>/exclusions/preview", exclusion_api.ExclusionPreviewView.as_view()),
    path("exclusions/<uuid:uid>/lift", exclusion_api.ExclusionLiftView.as_view()),
    path("tasks/<uuid:uid>/verdict", api.VerdictView.as_view()),
]
