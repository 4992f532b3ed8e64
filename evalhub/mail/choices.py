from django.db.models import TextChoices


class LetterState(TextChoices):
    WAITING = "waiting"
    SENDING = "sending"  # a worker is talking to the mail server
    SENT = "sent"
    FAILED = "failed"
