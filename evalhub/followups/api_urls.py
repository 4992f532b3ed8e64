from django.urls import path

from evalhub.followups import api

urlpatterns = [
    path("follow-ups", api.FollowUpListView.as_view()),
    path("follow-ups/<uuid:uid>", api.FollowUpView.as_view()),
    path("follow-ups/<uuid:uid>/end", api.FollowUpEndView.as_view()),
]
