from django.urls import path

from evalhub.imports import views

app_name = "imports"
urlpatterns = [
    path("imports/", views.import_list, name="list"),
    path("imports/new/", views.import_new, name="new"),
    path("imports/<uuid:uid>/", views.import_detail, name="detail"),
    path("imports/<uuid:uid>/mapping/", views.import_mapping, name="mapping"),
    path("imports/<uuid:uid>/confirm/", views.import_confirm, name="confirm"),
    path("imports/<uuid:uid>/original/", views.import_original, name="original"),
    path("imports/<uuid:uid>/rejected.csv", views.import_rejected, name="rejected"),
]
