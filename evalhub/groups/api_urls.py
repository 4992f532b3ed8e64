from django.urls import path

from evalhub.groups import api

urlpatterns = [
    path("people", api.PersonListView.as_view()),
    path("people/<uuid:uid>", api.PersonView.as_view()),
    path("people/flags", api.PersonFlagListView.as_view()),
    path("people/pay", api.PeoplePayView.as_view()),
]
