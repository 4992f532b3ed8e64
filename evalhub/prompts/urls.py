from django.urls import path

from evalhub.prompts import views

app_name = "prompts"
urlpatterns = [
    path("collections/", views.collection_list, name="list"),
    path("collections/<slug:slug>/", views.collection_detail, name="collection"),
    path("collections/<slug:slug>/licence/", views.collection_licence, name="licence"),
    path("prompts/<uuid:uid>/", views.prompt_detail, name="prompt"),
]
