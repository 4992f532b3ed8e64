from django.urls import path

from evalhub.datasets import api, out_api

urlpatterns = [
    path("datasets", api.DatasetListView.as_view()),
    path("datasets/<uuid:uid>/builds", api.DatasetBuildsView.as_view()),
    path("builds/<uuid:uid>", api.BuildView.as_view()),
    path("builds/<uuid:uid>/files/<str:name>", api.BuildFileView.as_view()),
    path("builds/<uuid:uid>/exports", out_api.BuildExportsView.as_view()),
    path("build-exports/<uuid:uid>", out_api.BuildExportView.as_view()),
    path("build-exports/<uuid:uid>/download", out_api.BuildExportDownloadView.as_view()),
    path("builds/<uuid:uid>/pushes", out_api.BuildPushesView.as_view()),
    path("build-pushes/<uuid:uid>", out_api.BuildPushView.as_view()),
    path("builds/<uuid:uid>/diffs", out_api.BuildDiffsView.as_view()),
    path("build-diffs/<uuid:uid>", out_api.BuildDiffView.as_view()),
]
