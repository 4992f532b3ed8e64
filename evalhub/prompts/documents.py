"""The sources that stand beside a prompt: what people judge its answers by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Document:
    number: int  # from 0, as a span's evidence names it
    title: str
    text: str

    def public(self) -> dict[str, str]:
        """As the API tells it."""
        return {"title": self.title, "content": self.text}


def documents_in(stored: Sequence[object] | None) -> list[Document]:
    """Those of `Prompt.documents`, in order; each is a text, or {"title", "text"}.

    >>> documents_in([{"title": "Optics", "text": "Blue."}])
    [Document(number=0, title='Optics', text='Blue.')]
    """
    return [
        Document(nth, _title_of(each, number=nth + 1), _text_of(each))
        for nth, each in enumerate(stored or [])
    ]


def _text_of(document: object) -> str:
    if isinstance(document, dict):
        return str(document.get("text") or document.get("content") or "")
    return str(document)


def _title_of(document: object, *, number: int) -> str:
    title = document.get("title") if isinstance(document, dict) else ""
    return str(title or _("Source %(n)s") % {"n": number})
