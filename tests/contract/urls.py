"""Every URL of a workspace, read from the resolver: a new page is covered without a word."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.contract.world import World
from tests.security.routes import PARAMETER, all_routes

VALUES = {
    "name": "getting-started",
    "slug": "default",
    "row": "0" * 32,
    "finding": "few",
    "service": "mlflow",
}
NAMES_OF_FILES = "train.jsonl"


@dataclass(frozen=True)
class Url:
    route: str

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/v1/")

    @property
    def names_an_object(self) -> bool:
        return "<uuid:" in self.route

    def path(self, world: World, *, workspace: str) -> str:
        """The path with `workspace` in it, naming objects of `world`."""
        parts: list[str] = []
        for part in self.route.split("/"):
            parts.append(PARAMETER.sub(lambda hit: _value(hit, parts, world, workspace), part))
        return "/" + "/".join(parts)


def workspace_urls() -> list[Url]:
    """Those of pages and of the API that belong to a workspace."""
    routes = (route.path for route in all_routes())
    return [Url(route) for route in routes if route.startswith(("w/<slug:", "api/v1/"))]


def _value(hit: re.Match[str], parts: list[str], world: World, workspace: str) -> str:
    kind, name = hit.groups()
    if name == "workspace":
        return workspace
    if kind == "uuid":
        words = [part for part in parts if re.fullmatch(r"[a-z-]+", part)]
        return str(world.uid(_prefix(words)))
    return NAMES_OF_FILES if parts[-2:-1] != ["help"] and "files" in parts else VALUES[name]


def _prefix(words: list[str]) -> str:
    """The part before the uid, without what stands for the workspace or the API."""
    own = [word for word in words if word not in {"w", "api", "acme", "elsewhere"}]
    return "/".join(own[-2:]) if own[-2:-1] == ["rubrics"] else own[-1]
