from django.urls import path

from evalhub.webhooks import api

urlpatterns = [
    path("webhooks", api.WebhookListView.as_view()),
    path("webhooks/<uuid:uid>", api.WebhookView.as_view()),
    path("webhooks/<uuid:uid>/secret", api.WebhookSecretView.as_view()),
    path("webhooks/<uuid:uid>/test", api.WebhookTestView.as_view()),
    path("webhooks/<uuid:uid>/deliveries", api.DeliveryListView.as_view()),
    path("deliveries/<uuid:uid>/again", api.DeliveryAgainView.as_view()),
]
