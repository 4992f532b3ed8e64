from django.urls import path

from evalhub.datasets import views

app_name = "datasets"
urlpatterns = [
    path("datasets/", views.dataset_list, name="list"),
    path("datasets/new/", views.dataset_new, name="new"),
    path("datasets/<uuid:uid>/", views.dataset_detail, name="dataset"),
    path("datasets/<uuid:uid>/build/", views.build_start, name="start"),
    path("builds/<uuid:uid>/", views.build_detail, name="build"),
    path("builds/<uuid:uid>/files/<str:name>", views.build_file, name="file"),
]
