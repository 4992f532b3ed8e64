from django.urls import path

from evalhub.webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("webhooks/", views.webhook_list, name="list"),
    path("webhooks/new/", views.webhook_add, name="add"),
    path("webhooks/<uuid:uid>/", views.webhook_detail, name="detail"),
    path("webhooks/<uuid:uid>/secret/", views.webhook_secret, name="secret"),
    path("webhooks/<uuid:uid>/test/", views.webhook_test, name="test"),
    path("webhooks/<uuid:uid>/remove/", views.webhook_remove, name="remove"),
    path("deliveries/<uuid:uid>/again/", views.delivery_again, name="again"),
]
