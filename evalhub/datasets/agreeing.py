"""A build that takes no answers to questions on which people agree too little."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from evalhub.datasets.definition import Definition
from evalhub.quality.scope import Scope


class Barred(NamedTuple):
    """The scope without those answers. `told` is for the manifest; empty where no bar is asked for."""

    scope: Scope
    told: dict[str, Any]


def barred(
    scope: Scope, definition: Definition, *, beat: Callable[[], object] = lambda: None
) -> Barred:
    """Leave out each question of a campaign whose alpha is not shown to reach the bar."""
    least = definition.min_agreement
    if least is None:
        return Barred(scope, {})
    from evalhub.quality.agreeing import agreements_in  # scipy, which the web does without

    found = agreements_in(scope, beat=beat)
    below = frozenset(each.question for each in found if not each.reaches(least))
    told = {"least": least, "questions": [each.told(least=least) for each in found]}
    return Barred(replace(scope, distrusted=below), told)
