from django.urls import path

from evalhub.valuing import api

urlpatterns = [path("campaigns/<uuid:uid>/valuation", api.ValuationView.as_view())]
