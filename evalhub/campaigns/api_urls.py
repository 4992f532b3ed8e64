from django.urls import path

from evalhub.campaigns import api

urlpatterns = [
    path("campaigns", api.CampaignListView.as_view()),
    path("campaigns/<uuid:uid>", api.CampaignView.as_view()),
    path("campaigns/<uuid:uid>/claim", api.ClaimView.as_view()),
    path("tasks/<uuid:uid>", api.TaskView.as_view()),
    path("assignments/<uuid:uid>/release", api.ReleaseView.as_view()),
    path("assignments/<uuid:uid>/skip", api.SkipView.as_view()),
    path("assignments/<uuid:uid>/flag", api.FlagView.as_view()),
    path("assignments/<uuid:uid>/heartbeat", api.HeartbeatView.as_view()),
    path("assignments/<uuid:uid>/draft", api.DraftView.as_view()),
]
