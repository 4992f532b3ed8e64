from django.db.models import TextChoices


class WebhookKind(TextChoices):
    STANDARD = "standard", "Standard Webhooks, signed"
    SLACK = "slack", "Slack-compatible"


class DeliveryState(TextChoices):
    WAITING = "waiting"
    SENDING = "sending"  # a worker talks to the other side
    ARRIVED = "arrived"
    FAILED = "failed"


TEST = "webhook.test"
EVENTS = {  # what can be subscribed to, as the outbox names it
    "round.ended": "A Round ended",
    "round.decided": "A model was promoted or refused",
    "loop.paused": "A Loop paused itself",
}
