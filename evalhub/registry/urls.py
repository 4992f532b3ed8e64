from django.urls import path

from evalhub.registry import views

app_name = "registry"
urlpatterns = [
    path("models/", views.model_list, name="list"),
    path("models/new/", views.model_new, name="new"),
    path("models/<uuid:uid>/", views.model_detail, name="detail"),
    path("models/<uuid:uid>/files/<path:path>", views.model_file, name="file"),
]
