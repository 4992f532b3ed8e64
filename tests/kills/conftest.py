"""One real instance for all kill tests: database, broker, web, workers and clock, each killed in turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.ground import temporary_place
from tests.kills.crowd import Seeded
from tests.ops.running import Up, manage, running

SEED = """
import json
from dataclasses import asdict
from evalhub.accounts.models import Workspace
from evalhub.accounts.services import add_member, create_token
from evalhub.demo.bench import seed_bench

seeded = seed_bench(tasks={tasks}, annotators={annotators}, overlap={overlap})
workspace = Workspace.objects.get(slug=seeded.workspace)
lead = add_member(workspace=workspace, pseudonym="lead", roles=["lead", "engineer"])
print(json.dumps(asdict(seeded) | {{"lead": create_token(member=lead, name="kills").text}}))
"""


@pytest.fixture(scope="package")
def up() -> Iterator[Up]:
    """Its leases are short, so that what died is taken back within the test's patience."""
    with (
        temporary_place() as place,
        running(
            place,
            EVALHUB_LEASE_SECONDS="6",
            EVALHUB_RING_AGAIN_SECONDS="3",
            EVALHUB_UNDO_SECONDS="0",
        ) as started,
    ):
        yield started


@pytest.fixture
def seed(up: Up) -> Callable[..., Seeded]:
    """A new workspace with a campaign of comparisons, a token per annotator and one of a lead."""

    def seeded(*, tasks: int, annotators: int = 8, overlap: int = 3) -> Seeded:
        script = SEED.format(tasks=tasks, annotators=annotators, overlap=overlap)
        done = manage(up.place, "shell", "-c", script)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        del told["dsn"]
        return Seeded(**told)

    return seeded


def said_by(up: Up, script: str) -> str:
    """The last line that a script prints inside the instance."""
    done = manage(up.place, "shell", "-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]
