from __future__ import annotations

from evalhub.jobs.events import subscribe
from evalhub.jobs.handlers import register
from evalhub.valuing.choices import VALUE
from evalhub.valuing.hearing import judgment_counted
from evalhub.valuing.jobs import value_tasks


def connect() -> None:
    register(VALUE, value_tasks)
    subscribe("judgment.counted", judgment_counted)
