"""Functions and runs as the API tells them."""

from __future__ import annotations

from typing import Any

from evalhub.labelling.models import LabellingFunction
from evalhub.labelling.queries import Overview
from evalhub.labelling.services.carrying import CarriedFunctions


def function_told(function: LabellingFunction) -> dict[str, Any]:
    earlier = function.carried_from
    return {
        "uid": str(function.uid),
        "name": function.name,
        "number": function.number,
        "value": function.value,
        "kind": function.kind,
        "parameters": function.parameters,
        "retired_at": function.retired_at,
        "carried_from": str(earlier.uid) if earlier else None,
    }


def overview_told(found: Overview) -> dict[str, Any]:
    run = None
    if found.run is not None and found.figures is not None:
        told = {"uid": str(found.run.uid), "ended_at": found.run.ended_at}
        run = told | found.figures.public()
    functions = [function_told(row.function) for row in found.rows]
    return {"functions": functions, "run": run, "is_stale": found.is_stale}


def carried_told(found: CarriedFunctions) -> dict[str, Any]:
    return {
        "carried": [function_told(each) for each in found.made],
        "left": [{"function": str(each.function.uid), "why": each.why} for each in found.left],
    }
