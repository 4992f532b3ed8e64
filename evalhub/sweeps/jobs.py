from __future__ import annotations

from evalhub.sweeps import turning


def turn_all() -> None:
    """See what news was lost, and what can be seen only while tries are under way."""
    turning.turn_all()
