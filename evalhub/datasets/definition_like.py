"""A definition as what a form begins with, so that a new dataset can say what another one says."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time
from typing import Any

from evalhub.datasets.definition import EVIDENCE, Definition, as_json

_APART = {"cleaning", "augment", "augment_cap", "augment_never", "evidence"}


def initial_of(definition: dict[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """What a form of these `fields` begins with, to say the same as `definition`, as far as it can."""
    initial = {name: value for name, value in definition.items() if name in fields}
    for name in ("judged_from", "judged_before"):
        if moment := definition.get(name):
            initial[name] = datetime.fromisoformat(moment).astimezone(UTC).date()
    evidence = definition.get("evidence", EVIDENCE)
    best = definition.get("best_of")
    defaults = as_json(Definition())
    more = {
        name: value
        for name, value in definition.items()
        if name not in {*fields, *_APART} and value != defaults.get(name)
    }
    if set(evidence) - {"references"} != set(EVIDENCE):
        more["evidence"] = evidence
    return initial | {
        "red_team": definition.get("red_team") or "",
        "references": "references" in evidence,
        "best_of": best["model"] if best else "",
        "more": more,
    }


def unsaid_of(definition: dict[str, Any]) -> list[str]:
    """The fields of `definition` of which the form says less than it does."""
    unsaid = []
    for name in ("judged_from", "judged_before"):
        moment = definition.get(name)
        if moment and datetime.fromisoformat(moment).astimezone(UTC).time() != time():
            unsaid.append(name)
    if (definition.get("best_of") or {}).get("answers", 2) != 2:
        unsaid.append("best_of")
    ways = definition.get("augment", [])
    if len({way["by"] for way in ways}) < len(ways) or any(way.get("seed") for way in ways):
        unsaid.append("augment")
    if definition.get("augment_never", {}).get("collections"):
        unsaid.append("augment_never")
    return unsaid
