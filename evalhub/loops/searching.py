"""The search that a Round makes before it trains: its best try is what is trained; as data."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from evalhub.sweeps.choices import OBJECTIVES
from evalhub.sweeps.errors import BadSweep
from evalhub.sweeps.space import SEARCHABLE, read_space

MOST_TRIES, MOST_AT_ONCE = 500, 16


class Search(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Of one recipe of the chain; what is not searched stays as the recipe's options say."""

    recipe: Literal["sft", "dpo", "kto"]
    space: dict[str, Any] = {}
    # as a sweep's: {"learning_rate": {"low": 1e-5, "high": 1e-3}}; none with refine: the usual rates
    sampler: Literal["grid", "random", "tpe", "refine"] = "tpe"
    objective: str = "eval_loss"
    tries: int = 10
    parallel: int = 2
    prunes: bool = True

    def faults(self) -> list[str]:
        faults = []
        goal = OBJECTIVES.get(self.objective)
        if goal is None or self.recipe not in goal.recipes:
            fitting = [each.name for each in OBJECTIVES.values() if self.recipe in each.recipes]
            faults.append(
                f"objective is {self.objective}, but {self.recipe} is compared by "
                f"{' or '.join(fitting)}"
            )
        if not 1 <= self.tries <= MOST_TRIES:
            faults.append(f"tries is {self.tries}, but must be 1 to {MOST_TRIES}")
        if not 1 <= self.parallel <= MOST_AT_ONCE:
            faults.append(f"parallel is {self.parallel}, but must be 1 to {MOST_AT_ONCE}")
        if strange := [name for name in self.space if name not in SEARCHABLE]:
            faults.append(
                f"space names {', '.join(strange)}, but what can be searched is "
                f"{', '.join(SEARCHABLE)}"
            )
        try:
            if self.space or self.sampler != "refine":
                read_space(self.space)
        except BadSweep as error:
            faults.append(f"space: {str(error).rstrip('.')}")
        return faults
