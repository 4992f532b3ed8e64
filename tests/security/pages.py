"""Reading a page as a browser would: which elements and attributes there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

from django.http import HttpResponse
from django.test import Client

from tests.security.routes import Route
from tests.security.world import World

Attributes = list[tuple[str, str | None]]
LEADS_OUT = {"href", "src", "action", "formaction", "data", "xlink:href", "hx-get", "hx-post"}
HARMLESS = ("http://", "https://", "mailto:", "/", "?", "#", ".")


class Page(HTMLParser):
    """What is dangerous in a page, collected as sentences; `text` is what a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.dangers: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        if tag in {"evil", "iframe", "object", "embed", "base", "style", "foreignobject"}:
            self.dangers.append(f"<{tag}>")
        if tag == "script" and not dict(attrs).get("src") and not self._is_data(attrs):
            self.dangers.append("a script inside the page")
        for name, value in attrs:
            if name.startswith(("on", "evil")) or name in {"style", "srcdoc"}:
                self.dangers.append(f"<{tag} {name}={value!r}>")
            if name in LEADS_OUT and value and not value.strip().lower().startswith(HARMLESS):
                self._look_at_address(tag, name, value)

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        self.text += data

    def _look_at_address(self, tag: str, name: str, value: str) -> None:
        scheme = "".join(value.split()).partition(":")[0].lower()
        if ":" in value and (tag != "img" or scheme != "data"):
            self.dangers.append(f"<{tag} {name}={value!r}>")

    @staticmethod
    def _is_data(attrs: Attributes) -> bool:
        return dict(attrs).get("type") == "application/json"


def pages_of(
    client: Client, routes: Iterable[Route], world: World, *, partials: bool = True
) -> Iterator[tuple[str, HttpResponse]]:
    """What each route shows of each row it opens: the page, and the partial that htmx asks for.

    Args:
        client: sees everything in `world`.
        partials: False where what they tell matters, which their pages tell as well.
    """
    for route in routes:
        for url in route.opening(client, world):
            yield url, client.get(url)
            if partials and not route.of_api:
                yield f"{url} (htmx)", client.get(url, headers={"hx-request": "true"})


def shown_by(answer: HttpResponse) -> bytes:
    return b"".join(answer) if answer.streaming else answer.content
