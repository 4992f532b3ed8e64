from django.urls import path

from evalhub.datasets import api

urlpatterns = [
    path("datasets", api.DatasetListView.as_view()),
    path("datasets/<uuid:uid>/builds", api.DatasetBuildsView.as_view()),
    path("builds/<uuid:uid>", api.BuildView.as_view()),
    path("builds/<uuid:uid>/files/<str:name>", api.BuildFileView.as_view()),
]
