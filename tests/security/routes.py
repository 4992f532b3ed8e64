"""Every URL there is, read from the resolver, so that a page nobody thought of is tested as well."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from uuid import UUID

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.security.world import World

PARAMETER = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")

FEW = 32  # one in so many uids whose kind a path does not name; all of them are tried by `make test-long`
_OPENING: dict[str, list[int]] = {}  # trying all again would cost each crawl a thousand requests


@dataclass(frozen=True)
class Route:
    name: str  # "campaigns:detail", or the path
    path: str  # "w/<slug:workspace>/campaigns/<uuid:uid>/"
    parameters: dict[str, str] = field(default_factory=dict)  # name -> converter

    @property
    def of_workspace(self) -> bool:
        return self.path.startswith("w/<slug:workspace>/")

    @property
    def of_api(self) -> bool:
        return self.path.startswith("api/")

    @property
    def names_a_row(self) -> bool:
        return bool(self.row_parameters)

    @property
    def row_parameters(self) -> list[str]:
        return [name for name, kind in self.parameters.items() if kind == "uuid"]

    def urls(self, world: World, slug: str | None = None) -> Iterator[str]:
        """The URL with each uid of `world` in each of its places, right kind or wrong."""
        places = self.row_parameters
        for chosen in product(self._candidates(world), repeat=len(places)):
            values = world.slugs | {"workspace": slug or world.workspace.slug}
            yield self.url(values | dict(zip(places, map(str, chosen), strict=True)))

    def likely_urls(self, world: World, slug: str) -> list[str]:
        """The URL with each uid whose kind its path names, and with a few of the others: which
        ones is another matter for each route, so that each uid is tried on many.
        """
        urls = list(self.urls(world, slug=slug))
        if len(self.row_parameters) > 1:
            return urls
        named, place = _plain(self.path), hash_of(self.path)
        return [
            url
            for nth, (kind, url) in enumerate(zip(world.uids, urls, strict=True))
            if _plain(kind) in named or (nth + place) % FEW == 0
        ]

    def opening(self, client: Client, world: World) -> list[str]:
        """The URLs at which a GET succeeds; which kinds of rows those are is learnt once: those that the
        path names, or else any.
        """
        urls = list(self.urls(world))
        if self.path not in _OPENING:
            places = list(range(len(urls)))
            named = places
            if len(self.row_parameters) == 1:
                named = [place for place, kind in enumerate(world.uids) if self._names(kind)]
            _OPENING[self.path] = _opens(client, urls, named, places)
        return [urls[place] for place in _OPENING[self.path]]

    def url(self, values: dict[str, str]) -> str:
        """The URL with `values` in its places; "1" where nobody gave one."""

        def filled(place: re.Match[str]) -> str:
            value = values.get(place["name"], "1")
            return value.partition(".")[0] if place["converter"] == "slug" else value

        return "/" + PARAMETER.sub(filled, self.path)

    def _names(self, kind: str) -> bool:
        """Whether a word of that kind stands in the path."""
        return any(_plain(word) in _plain(self.path) for word in kind.split("_"))

    def _candidates(self, world: World) -> list[UUID]:
        """All uids; where two belong together only those whose kinds the path names."""
        if len(self.row_parameters) < 2:
            return list(world.uids.values())
        return [uid for kind, uid in world.uids.items() if kind.lower() in self.path.lower()]


def _opens(client: Client, urls: list[str], *tries: list[int]) -> list[int]:
    """The places where a GET succeeds, of the first of `tries` in which there is any row of that kind, whatever
    else it answers; none where the URL takes no GET at all.
    """
    for places in tries:
        answers: dict[int, int] = {}
        for place in places:
            answers[place] = client.get(urls[place]).status_code
            if answers[place] == 405:
                return []
        if any(status != 404 for status in answers.values()):
            return [place for place, status in answers.items() if status == 200]
    return []


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def hash_of(text: str) -> int:
    """The same in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def all_routes() -> list[Route]:
    return list(_below(get_resolver().url_patterns, "", ()))


def _below(
    patterns: list[URLPattern | URLResolver], prefix: str, spaces: tuple[str, ...]
) -> Iterator[Route]:
    for each in patterns:
        path = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            inner = (*spaces, each.namespace) if each.namespace else spaces
            yield from _below(each.url_patterns, path, inner)
        else:
            found = {m["name"]: m["converter"] or "str" for m in PARAMETER.finditer(path)}
            yield Route(":".join([*spaces, each.name or path]), path, found)
