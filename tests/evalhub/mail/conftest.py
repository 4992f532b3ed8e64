from __future__ import annotations

from typing import Any

import pytest

from evalhub.common.outgoing_mail import OutgoingMail


@pytest.fixture
def mail_on(settings: Any) -> OutgoingMail:
    mail = OutgoingMail(
        "evalhub <evalhub@example.org>", "https://evalhub.example.org", "127.0.0.1:25"
    )
    settings.EVALHUB_MAIL = mail
    return mail
