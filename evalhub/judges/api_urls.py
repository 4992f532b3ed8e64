from django.urls import path

from evalhub.judges import api

urlpatterns = [
    path("judges", api.JudgeListView.as_view()),
    path("judges/<uuid:uid>", api.JudgeView.as_view()),
    path("judges/<uuid:uid>/prompts", api.JudgePromptView.as_view()),
    path("judges/<uuid:uid>/judgings", api.JudgingView.as_view()),
    path("judges/<uuid:uid>/measure", api.JudgeMeasureView.as_view()),
    path("judges/<uuid:uid>/accept", api.JudgeAcceptView.as_view()),
    path("judges/<uuid:uid>/revoke", api.JudgeRevokeView.as_view()),
]
