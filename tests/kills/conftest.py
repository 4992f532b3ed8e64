"""One real instance for all kill tests: database, broker, web, workers and clock, each killed in turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from evalhub.common.supervisor.instance import Up, manage, running
from evalhub.demo.race.clients import Course
from tests.instances import migrated_place

SEED = """
import json
from dataclasses import asdict
from evalhub.accounts.models import Workspace
from evalhub.accounts.services import add_member, create_token
from evalhub.demo.bench import seed_bench

seeded = seed_bench(tasks={tasks}, annotators={annotators}, overlap={overlap}, hand={hand})
workspace = Workspace.objects.get(slug=seeded.workspace)
lead = add_member(workspace=workspace, pseudonym="lead", roles=["lead", "engineer"])
print(json.dumps(asdict(seeded) | {{"lead": create_token(member=lead, name="kills").text}}))
"""


@dataclass(frozen=True)
class Seeded:
    workspace: str
    course: Course
    lead: str  # the token of one who may import


@pytest.fixture(scope="package")
def up() -> Iterator[Up]:
    """Its leases are short, so that what died is taken back within the test's patience."""
    with (
        migrated_place() as place,
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

    def seeded(*, tasks: int, annotators: int = 8, overlap: int = 3, hand: int = 2) -> Seeded:
        sizes = {"tasks": tasks, "annotators": annotators, "overlap": overlap, "hand": hand}
        told = json.loads(said_by(up, SEED.format(**sizes)))
        course = Course(told["campaign"], told["criteria"], told["tokens"])
        return Seeded(told["workspace"], course, told["lead"])

    return seeded


def said_by(up: Up, script: str) -> str:
    """The last line that a script prints inside the instance."""
    done = manage(up.place, "shell", "-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]
