from django.urls import path

from evalhub.labelling import views

app_name = "labelling"

urlpatterns = [
    path("campaigns/<uuid:uid>/labelling/", views.overview, name="overview"),
    path("campaigns/<uuid:uid>/labelling/run/", views.run, name="run"),
    path("campaigns/<uuid:uid>/labelling/new/", views.function_new, name="function_new"),
    path("campaigns/<uuid:uid>/labelling/try/", views.function_try, name="function_try"),
    path("campaigns/<uuid:uid>/labelling/proposals/", views.proposals, name="proposals"),
    path("labelling-functions/<uuid:uid>/", views.function_edit, name="function_edit"),
    path("labelling-functions/<uuid:uid>/retire/", views.function_retire, name="function_retire"),
]
