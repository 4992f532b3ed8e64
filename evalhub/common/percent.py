from __future__ import annotations

import math


def whole_percent(share: float) -> int:
    """Half a percent is rounded up, as charts do.

    >>> whole_percent(0.125)
    13
    """
    return math.floor(100 * share + 0.5)
