"""An instance for one race, filled, and gone with the block."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from evalhub.common.embedded.errors import CannotStart
from evalhub.common.embedded.temporary import sweep_abandoned, temporary_place
from evalhub.common.supervisor.instance import Up, manage, running
from evalhub.demo.race.clients import Course

WEB_WORKERS = 2


@contextmanager
def ground(
    *, clients: int, tasks: int, overlap: int, hand: int, say: Callable[[str], None]
) -> Iterator[tuple[Up, Course]]:
    """A running `up` in a temporary directory, with a campaign in it.

    Raises:
        CannotStart: it does not start, or cannot be filled.
    """
    sweep_abandoned()
    with temporary_place() as place:
        say("starting an instance")
        with running(place, EVALHUB_WEB_WORKERS=str(WEB_WORKERS)) as up:
            say("filling it")
            yield up, _filled(up, clients=clients, tasks=tasks, overlap=overlap, hand=hand)


def _filled(up: Up, **sizes: int) -> Course:
    words = {
        "tasks": "--tasks",
        "clients": "--annotators",
        "overlap": "--overlap",
        "hand": "--hand",
    }
    asked = [word for name, size in sizes.items() for word in (words[name], str(size))]
    done = manage(up.place, "seed_bench", *asked, "--json")
    if done.returncode:
        raise CannotStart(f"The campaign was not made:\n{done.stderr}")
    seeded = json.loads(done.stdout.splitlines()[-1])
    return Course(seeded["campaign"], seeded["criteria"], seeded["tokens"])
