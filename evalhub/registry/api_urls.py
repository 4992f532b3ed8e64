from django.urls import path

from evalhub.registry import api, endpoint_api

urlpatterns = [
    path("models", api.ModelListView.as_view()),
    path("endpoints", endpoint_api.EndpointListView.as_view()),
    path("endpoints/<uuid:uid>", endpoint_api.EndpointView.as_view()),
]
