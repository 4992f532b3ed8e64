from django.urls import path

from evalhub.valuing import views

app_name = "valuing"

urlpatterns = [
    path("campaigns/<uuid:uid>/next/", views.valuation_detail, name="detail"),
    path("campaigns/<uuid:uid>/next/stop/", views.valuation_stop, name="stop"),
]
