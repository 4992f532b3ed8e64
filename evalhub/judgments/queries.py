from __future__ import annotations

from typing import Any
from uuid import UUID

from evalhub.campaigns.models import Draft, Task


def draft_of(assignment: UUID) -> dict[str, Any]:
    """What was typed under the assignment so far, unchecked; empty when nothing was."""
    body = Draft.objects.filter(assignment__uid=assignment).values_list("body", flat=True).first()
    return body if isinstance(body, dict) else {}


def documents_of(task: UUID) -> list[str]:
    """The prompt's sources as text, for the page; each may be a text or {"title", "text"}."""
    documents = Task.objects.values_list("prompt__documents", flat=True).get(uid=task)
    return [_text(document) for document in documents or []]


def _text(document: object) -> str:
    if isinstance(document, dict):
        title, text = (document.get(name) or "" for name in ("title", "text"))
        return f"**{title}**\n\n{text or document.get('content', '')}" if title else str(text)
    return str(document)
