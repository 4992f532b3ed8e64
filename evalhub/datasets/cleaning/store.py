"""Texts that were cleaned before, by their digest: a second build cleans nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from evalhub.accounts.models import Workspace
from evalhub.common.copying import copy_in
from evalhub.datasets.cleaning.recipe import CleanText, Recipe, decoded, encoded
from evalhub.datasets.models import CleanedText


def text_digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()


class Store:
    """Cleans by one recipe what it has not cleaned before; counts both."""

    def __init__(self, workspace: Workspace, recipe: Recipe) -> None:
        self._workspace, self._recipe = workspace, recipe
        self.cleaned = 0  # texts, each once
        self.known = 0

    def clean(self, texts: Iterable[str]) -> dict[str, CleanText]:
        """What became of each distinct text."""
        if not self._recipe.steps:  # there is nothing to keep either
            return {text: CleanText(text, []) for text in texts}
        digests = {text_digest(text): text for text in texts}
        found = self._stored(digests)
        new = [text for text in digests.values() if text not in found]
        self.known += len(found)
        self.cleaned += len(new)
        made = dict(zip(new, self._recipe.clean(new), strict=True))
        self._keep(made)
        return found | made

    def _stored(self, digests: dict[bytes, str]) -> dict[str, CleanText]:
        rows = CleanedText.objects.filter(
            workspace=self._workspace, recipe=self._recipe.digest, digest__in=list(digests)
        ).values_list("digest", "text", "findings")
        known = ((digests[bytes(digest)], text, found) for digest, text, found in rows)
        return {given: decoded(text, found, given) for given, text, found in known}

    def _keep(self, made: dict[str, CleanText]) -> None:
        rows: list[Sequence[Any]] = [
            (self._workspace.pk, text_digest(given), self._recipe.digest, *encoded(cleaned, given))
            for given, cleaned in made.items()
            if "\0" not in given + cleaned.text  # what no column of text can hold
        ]
        if rows:
            copy_in(CleanedText, ["workspace_id", "digest", "recipe", "text", "findings"], rows)


def forget(workspace: Workspace, texts: Iterable[str]) -> int:
    """Delete what is kept of `texts`, whatever recipe made it; return how many rows that were.

    For erasing a person: call it with every text that is overwritten.
    """
    digests = [text_digest(text) for text in texts]
    gone, _ = CleanedText.objects.filter(workspace=workspace, digest__in=digests).delete()
    return gone
