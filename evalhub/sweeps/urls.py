from django.urls import path

from evalhub.sweeps import views

app_name = "sweeps"
urlpatterns = [
    path("sweeps/", views.sweep_list, name="list"),
    path("sweeps/new/", views.sweep_new, name="new"),
    path("sweeps/curve/", views.curve_new, name="curve"),
    path("sweeps/<uuid:uid>/", views.sweep_detail, name="detail"),
    path("sweeps/<uuid:uid>/cancel/", views.sweep_cancel, name="cancel"),
    path("sweeps/<uuid:uid>/extend/", views.sweep_extend, name="extend"),
    path("sweeps/<uuid:uid>/final/", views.sweep_final, name="final"),
]
