"""What a message says: one object for programs, one line for a chat."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from evalhub.mail.services import link_to
from evalhub.webhooks.choices import WebhookKind

LONGEST_LINE = 2000


def body_of(kind: str, *, event: str, at: datetime, told: dict[str, Any]) -> str:
    """The JSON that is sent.

    Args:
        told: as announced: workspace, sentence, path of a page here, data.
    """
    link = link_to(told["path"])
    if kind == WebhookKind.SLACK:
        sentence = _escaped(told["sentence"][:LONGEST_LINE])
        more = f"\n<{link}|Open it>" if link.startswith(("https://", "http://")) else ""
        return json.dumps({"text": sentence + more}, ensure_ascii=False)
    data = {"workspace": told["workspace"], "sentence": told["sentence"], "page": link}
    message = {"type": event, "timestamp": at.isoformat(), "data": data | told["data"]}
    return json.dumps(message, ensure_ascii=False)


def _escaped(text: str) -> str:
    """So that nothing in it is a mention, a link or markup (api.slack.com/reference/surfaces/formatting)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
