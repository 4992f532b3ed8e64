from django.urls import path

from evalhub.registry import api

urlpatterns = [path("models", api.ModelListView.as_view())]
