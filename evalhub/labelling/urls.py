from django.urls import path

from evalhub.labelling import collection_views, views

app_name = "labelling"

_COLLECTION = "collections/<slug:slug>/labelling/"

urlpatterns = [
    path("campaigns/<uuid:uid>/labelling/", views.overview, name="overview"),
    path("campaigns/<uuid:uid>/labelling/run/", views.run, name="run"),
    path("campaigns/<uuid:uid>/labelling/new/", views.function_new, name="function_new"),
    path("campaigns/<uuid:uid>/labelling/try/", views.function_try, name="function_try"),
    path("campaigns/<uuid:uid>/labelling/carry/", views.functions_carry, name="carry"),
    path("campaigns/<uuid:uid>/labelling/proposals/", views.proposals, name="proposals"),
    path(_COLLECTION, collection_views.overview, name="collection_overview"),
    path(f"{_COLLECTION}run/", collection_views.run, name="collection_run"),
    path(f"{_COLLECTION}new/", collection_views.function_new, name="collection_function_new"),
    path(f"{_COLLECTION}try/", collection_views.function_try, name="collection_function_try"),
    path(f"{_COLLECTION}carry/", collection_views.functions_carry, name="collection_carry"),
    path(f"{_COLLECTION}proposals/", collection_views.proposals, name="collection_proposals"),
    path("labelling-functions/<uuid:uid>/", views.function_edit, name="function_edit"),
    path("labelling-functions/<uuid:uid>/retire/", views.function_retire, name="function_retire"),
]
