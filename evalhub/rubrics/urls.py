from django.urls import path

from evalhub.rubrics import change_views, views

app_name = "rubrics"
urlpatterns = [
    path("rubrics/", views.rubric_list, name="list"),
    path("rubrics/new/", views.rubric_new, name="new"),
    path("rubrics/<uuid:uid>/new-version/", views.version_new, name="new_version"),
    path("rubrics/versions/<uuid:uid>/", views.version_detail, name="version"),
    path("rubrics/versions/<uuid:uid>/changes/", change_views.changes, name="changes"),
    path("rubrics/versions/<uuid:uid>/carry/", change_views.carry, name="carry"),
    path("rubrics/versions/<uuid:uid>/edit/", views.version_edit, name="edit"),
    path("rubrics/versions/<uuid:uid>/rubric.json", views.version_json, name="json"),
    path("rubrics/versions/<uuid:uid>/template/", views.version_template, name="template"),
    path("rubrics/versions/<uuid:uid>/publish/", views.version_publish, name="publish"),
    path("rubrics/versions/<uuid:uid>/criteria/add/", views.criterion_add, name="criterion_add"),
    path("rubrics/criteria/<uuid:uid>/edit/", views.criterion_edit, name="criterion_edit"),
    path("rubrics/criteria/<uuid:uid>/move/", views.criterion_move, name="criterion_move"),
    path("rubrics/criteria/<uuid:uid>/remove/", views.criterion_remove, name="criterion_remove"),
]
