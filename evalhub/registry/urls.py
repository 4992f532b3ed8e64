from django.urls import path

from evalhub.registry import endpoint_views, views

app_name = "registry"
urlpatterns = [
    path("models/", views.model_list, name="list"),
    path("models/new/", views.model_new, name="new"),
    path("models/endpoints/new/", endpoint_views.endpoint_new, name="endpoint_new"),
    path("models/endpoints/<uuid:uid>/", endpoint_views.endpoint_edit, name="endpoint_edit"),
    path(
        "models/endpoints/<uuid:uid>/retire/",
        endpoint_views.endpoint_retire,
        name="endpoint_retire",
    ),
    path("models/<uuid:uid>/", views.model_detail, name="detail"),
    path("models/<uuid:uid>/files/<path:path>", views.model_file, name="file"),
]
