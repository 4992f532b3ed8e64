from django.urls import path

from evalhub.prompts import views

app_name = "prompts"
urlpatterns = [
    path("collections/", views.collection_list, name="list"),
    path("collections/<slug:slug>/", views.collection_detail, name="collection"),
    path("collections/<slug:slug>/licence/", views.collection_licence, name="licence"),
    path("collections/<slug:slug>/red-team/", views.collection_red_team, name="red_team"),
    path("prompts/<uuid:uid>/", views.prompt_detail, name="prompt"),
]
