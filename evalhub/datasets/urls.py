from django.urls import path

from evalhub.datasets import out_views, row_views, spelling_views, views

app_name = "datasets"
urlpatterns = [
    path("datasets/", views.dataset_list, name="list"),
    path("datasets/new/", views.dataset_new, name="new"),
    path("datasets/<uuid:uid>/", views.dataset_detail, name="dataset"),
    path("datasets/<uuid:uid>/build/", views.build_start, name="start"),
    path("datasets/<uuid:uid>/spelling/", spelling_views.spelling_list, name="spelling"),
    path("spellings/<uuid:uid>/decide/", spelling_views.spelling_decided, name="spelling_decided"),
    path("builds/<uuid:uid>/", views.build_detail, name="build"),
    path("builds/<uuid:uid>/files/<str:name>", views.build_file, name="file"),
    path("builds/<uuid:uid>/rows/", row_views.rows, name="rows"),
    path("builds/<uuid:uid>/rows/<slug:row>/", row_views.row, name="row"),
    path("builds/<uuid:uid>/findings/<slug:finding>/", row_views.finding_rows, name="finding"),
    path("builds/<uuid:uid>/card/", row_views.card, name="card"),
    path("builds/<uuid:uid>/diff/", row_views.diff_start, name="diff_start"),
    path("build-diffs/<uuid:uid>/", row_views.diff, name="diff"),
    path("builds/<uuid:uid>/exports/", out_views.export_list, name="exports"),
    path("build-exports/<uuid:uid>/", out_views.export_detail, name="export"),
    path("build-exports/<uuid:uid>/download/", out_views.export_download, name="download"),
    path("builds/<uuid:uid>/pushes/", out_views.push_list, name="pushes"),
    path("build-pushes/<uuid:uid>/", out_views.push_detail, name="push"),
]
