"""Where two JSON values differ first, so that whoever recounts can name the field."""

from __future__ import annotations

from math import isclose
from typing import Any

NEAR = 2e-6  # figures are kept with six decimals, and processors differ in the last places


def first_difference(stored: Any, recount: Any, *, at: str = "") -> str | None:  # Any: JSON
    """The path of the first field that differs, with both values; None: nothing does.

    >>> first_difference({"a": [1.0, 2.0]}, {"a": [1.0, 3.0]})
    'a[1]: stored 2.0, recount 3.0'
    """
    if isinstance(stored, dict) and isinstance(recount, dict):
        for name in sorted(stored.keys() | recount.keys()):
            where = f"{at}.{name}" if at else name
            if name not in stored or name not in recount:
                return f"{where}: {'not stored' if name in recount else 'not in a recount'}"
            if (found := first_difference(stored[name], recount[name], at=where)) is not None:
                return found
        return None
    if isinstance(stored, list) and isinstance(recount, list):
        if len(stored) != len(recount):
            return f"{at}: stored {len(stored)} of them, recount {len(recount)}"
        for nth, (one, two) in enumerate(zip(stored, recount, strict=True)):
            if (found := first_difference(one, two, at=f"{at}[{nth}]")) is not None:
                return found
        return None
    return None if _same(stored, recount) else f"{at}: stored {stored!r}, recount {recount!r}"


def _same(stored: Any, recount: Any) -> bool:
    if _is_number(stored) and _is_number(recount):
        return isclose(stored, recount, rel_tol=NEAR, abs_tol=NEAR)
    return type(stored) is type(recount) and bool(stored == recount)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
