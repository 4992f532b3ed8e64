"""The campaign that a Round opens: of which type, for whom, for how long and for how much; as data."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec

from evalhub.campaigns.choices import FITTING_TYPES, Ask, TaskType
from evalhub.common.money import CURRENCIES
from evalhub.common.uids import is_uid


class Pay(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a judgment earns, and what all of them may come to."""

    amount: str  # exact: "0.25"
    currency: str
    unit: Literal["task", "hour"] = "task"
    budget: str | None = None  # in the same currency: only so many tasks are opened; None: all

    def faults(self) -> list[str]:
        faults = []
        if _amount(self.amount) is None:
            faults.append(f"amount is {self.amount!r}, but must be a number such as 0.25")
        if self.budget is not None and _amount(self.budget) is None:
            faults.append(f"budget is {self.budget!r}, but must be a number such as 150")
        if self.currency not in CURRENCIES:
            faults.append(
                f"currency is {self.currency!r}, but must be one of ISO 4217, such as EUR"
            )
        return faults

    @property
    def rate(self) -> Decimal:
        return Decimal(self.amount)

    def affordable(self, *, ms_each: float) -> int | None:
        """How many judgments the budget pays for; None: any number.

        Args:
            ms_each: active time of a judgment, for a rate by the hour.

        >>> Pay("0.25", "EUR", budget="10").affordable(ms_each=0)
        40
        >>> Pay("18", "EUR", unit="hour", budget="9").affordable(ms_each=60_000)
        30
        """
        each = self.cost(1, ms_each=ms_each)
        if self.budget is None or not each:
            return None
        return int(Decimal(self.budget) / each)

    def cost(self, judgments: int, *, ms_each: float) -> Decimal:
        if self.unit == "task":
            return judgments * self.rate
        return self.rate * judgments * Decimal(round(ms_each)) / 3_600_000


class NextCampaign(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    type: Literal["rating", "comparison", "ranking"] = "comparison"
    overlap: int = 1
    asks: tuple[str, ...] = ("critique",)
    people: tuple[str, ...] = ()  # uids of members; none: everybody who fits
    groups: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    qualifications: tuple[str, ...] = ()
    max_share: int | None = None  # percent of the judgments that one person may give
    days: int | None = None  # then it closes by itself
    decision_value: bool = False  # ask first what is likeliest to change a decision
    pay: Pay | None = None

    def faults(self) -> list[str]:
        faults = []
        if self.overlap < 1:
            faults.append(f"overlap is {self.overlap}, but must be 1 or more")
        fitting = [ask.value for ask in Ask if TaskType(self.type) in FITTING_TYPES[ask]]
        if strange := [ask for ask in self.asks if ask not in fitting]:
            faults.append(
                f"asks names {', '.join(strange)}, but a {self.type} may ask for "
                f"{', '.join(fitting)}"
            )
        if strange := [each for each in self.people if not is_uid(each.lower())]:
            faults.append(f"people names {', '.join(strange)}, but must name uids of members")
        if self.max_share is not None and not 1 <= self.max_share <= 100:
            faults.append(f"max_share is {self.max_share}, but must be 1 to 100")
        if self.days is not None and not 1 <= self.days <= 366:
            faults.append(f"days is {self.days}, but must be 1 to 366")
        if self.pay is not None:
            faults += [f"pay.{fault}" for fault in self.pay.faults()]
        return faults


def _amount(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 <= value < 10**8 else None
