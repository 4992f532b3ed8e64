from django.urls import path

from evalhub.rubrics import api

urlpatterns = [
    path("rubrics", api.RubricVersionListView.as_view()),
    path("rubrics/<uuid:uid>/versions", api.NewVersionView.as_view()),
    path("rubrics/versions/<uuid:uid>", api.RubricVersionView.as_view()),
    path("rubrics/versions/<uuid:uid>/publish", api.PublishView.as_view()),
]
