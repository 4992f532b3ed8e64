"""Where builds may go: an object store, a hub, a folder of this machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from django.conf import settings

from evalhub.datasets.errors import TargetNotAllowed, UnfitTarget

Scheme = Literal["s3", "hf", "file"]
_S3 = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w.=+ -]+)*", re.ASCII)
_HUB = re.compile(r"datasets/[\w.-]+/[\w.-]+", re.ASCII)
FORMS = "s3://BUCKET/PREFIX, hf://datasets/OWNER/NAME"


class Target(NamedTuple):
    scheme: Scheme
    path: str  # bucket and prefix, owner and name, or an absolute path

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}"


def target_of(text: str) -> Target:
    """Raise UnfitTarget where it is none of the forms, or would hold a password."""
    scheme, _, rest = text.strip().partition("://")
    path = rest.rstrip("/")
    if ".." not in path.split("/"):
        if scheme == "s3" and _S3.fullmatch(path):
            return Target("s3", path)
        if scheme == "hf" and _HUB.fullmatch(path):
            return Target("hf", path)
        if scheme == "file" and path.startswith("/") and "\0" not in path:
            return Target("file", path)
    raise UnfitTarget(
        f"A target is {FORMS} or file:///FOLDER; credentials come from the environment alone."
    )


def allowed_target(text: str) -> Target:
    """The same for people: only below a prefix that the operator has named, never on this machine.

    Raises:
        UnfitTarget: it is none of the forms.
        TargetNotAllowed: no prefix of EVALHUB_PUSH_TARGETS covers it.
    """
    target = target_of(text)
    if target.scheme == "file" or not any(_covers(each, target) for each in allowed_prefixes()):
        raise TargetNotAllowed(
            "Nothing may be pushed there. Whoever runs evalhub names the places in "
            "EVALHUB_PUSH_TARGETS."
        )
    return target


def allowed_prefixes() -> Sequence[str]:
    prefixes: Sequence[str] = settings.EVALHUB_PUSH_TARGETS
    return [each for each in prefixes if not each.startswith("file:")]


def _covers(prefix: str, target: Target) -> bool:
    """`s3://bucket/ours` covers itself and what lies below it, not `s3://bucket/ours-too`."""
    bare = prefix.rstrip("/")
    return bool(bare) and (str(target) == bare or str(target).startswith(f"{bare}/"))
