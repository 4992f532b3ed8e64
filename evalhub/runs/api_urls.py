from django.urls import path

from evalhub.runs import api

urlpatterns = [
    path("rewritings", api.RewritingListView.as_view()),
    path("runs", api.RunListView.as_view()),
    path("runs/<uuid:uid>", api.RunView.as_view()),
]
