from django.urls import path

from evalhub.browse import views
from evalhub.browse.choices import Kind

app_name = "browse"

urlpatterns = [
    path("browse/", views.start, name="start"),
    path("browse/views/<uuid:uid>/delete/", views.view_delete, name="view_delete"),
    *(path(f"browse/{kind}/", views.browse, {"kind": kind}, name=kind) for kind in Kind),
    *(path(f"browse/{kind}/act/", views.act, {"kind": kind}, name=f"{kind}_act") for kind in Kind),
    *(
        path(f"browse/{kind}/save/", views.view_save, {"kind": kind}, name=f"{kind}_save")
        for kind in Kind
    ),
]
