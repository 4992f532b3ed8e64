from django.urls import path

from evalhub.datasets import spelling_views, views

app_name = "datasets"
urlpatterns = [
    path("datasets/", views.dataset_list, name="list"),
    path("datasets/new/", views.dataset_new, name="new"),
    path("datasets/<uuid:uid>/", views.dataset_detail, name="dataset"),
    path("datasets/<uuid:uid>/build/", views.build_start, name="start"),
    path("datasets/<uuid:uid>/spelling/", spelling_views.spelling_list, name="spelling"),
    path("spellings/<uuid:uid>/", spelling_views.spelling_decided, name="spelling_decided"),
    path("builds/<uuid:uid>/", views.build_detail, name="build"),
    path("builds/<uuid:uid>/files/<str:name>", views.build_file, name="file"),
]
