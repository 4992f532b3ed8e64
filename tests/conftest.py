"""One PostgreSQL for the run, the cast, and what every test may ask for."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings

from evalhub.common.embedded.children import Lifeline
from evalhub.common.embedded.redis import PrivateRedis, broker_url
from evalhub.common.embedded.temporary import sweep_abandoned, temporary_place
from tests.ground import Ground
from tests.scheduling import SLOW, is_left_out
from tests.wiping import wipe

if TYPE_CHECKING:
    from evalhub.accounts.models import Member, Workspace

GROUND = pytest.StashKey[Ground]()
# As a run process has it: another test is on the other core, and threads that spin for it cost three times the work
ONE_CORE = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
    "OPENBLAS_NUM_THREADS": "1",
}


def pytest_configure(config: pytest.Config) -> None:
    """Start the server once, before any worker of xdist asks for it; those only connect."""
    settings.register_profile(
        "whatever the clock says", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("whatever the clock says")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # playwright runs a loop in our thread
    os.environ.update(ONE_CORE)
    TransactionTestCase._fixture_teardown = wipe
    if not hasattr(config, "workerinput"):
        sweep_abandoned()
        config.stash[GROUND] = Ground()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Nothing where `make quick` runs no test: to import it all took longer than a third of the tests."""
    place = collection_path.relative_to(config.rootpath).as_posix()
    place += "/" if collection_path.is_dir() else ""
    return is_left_out(place, config.option.markexpr) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """All that was imported stays: Python need not go through it again each time it looks for garbage."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Ours, unless another `--dist` is asked for."""
    if config.getvalue("dist") != "load":
        return None
    from tests.scheduling import WholeModules

    return WholeModules(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    if GROUND in config.stash:
        config.stash[GROUND].clear_away()


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """An answer in German leaves our thread in German, and the next test would read it."""
    from django.utils.translation import activate

    yield
    activate("en")


@pytest.fixture(scope="session")
def redis_broker() -> Iterator[str]:
    """The URL of a Redis of this worker's own."""
    with temporary_place() as place:
        lifeline, server = Lifeline(), PrivateRedis(place)
        process = server.start(lifeline)
        yield broker_url(place)
        server.stop(process, lifeline)
        lifeline.close()


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest, django_test_environment: None, django_db_blocker: Any
) -> None:
    """Dropped by nobody: the whole server goes at the end, and whoever is still connected with it."""
    from tests.tables import make_tables

    with django_db_blocker.unblock():
        make_tables(getattr(request.config, "workerinput", {}).get("workerid", ""))


# The cast. Each is a Member; `client.force_login(alice.user)` signs her in.


@pytest.fixture
def acme(db: None) -> Workspace:
    from tests.factories import WorkspaceFactory

    return WorkspaceFactory.create(slug="acme", name="Acme")


@pytest.fixture
def elsewhere(db: None) -> Workspace:
    """Another workspace, of which nobody in ours may learn anything."""
    from tests.factories import WorkspaceFactory

    return WorkspaceFactory.create(slug="elsewhere", name="Elsewhere")


@pytest.fixture
def alice(acme: Workspace) -> Member:
    return cast_member("alice", acme, "lead")


@pytest.fixture
def bob(acme: Workspace) -> Member:
    return cast_member("bob", acme, "annotator")


@pytest.fixture
def erin(acme: Workspace) -> Member:
    return cast_member("erin", acme, "engineer")


@pytest.fixture
def olga(acme: Workspace) -> Member:
    return cast_member("olga", acme, "owner")


@pytest.fixture
def charlie(elsewhere: Workspace) -> Member:
    """A stranger: may do everything in his own workspace, and must see nothing of ours."""
    return cast_member("charlie", elsewhere, "owner")


def cast_member(name: str, workspace: Workspace, *roles: str) -> Member:
    from tests.factories import MemberFactory, UserFactory

    user = UserFactory.create(username=name)
    return MemberFactory.create(user=user, workspace=workspace, pseudonym=name, roles=[*roles])


# The browser


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Chromium of this machine if it has one ($CHROMIUM, or on PATH), else playwright's own."""
    known = (shutil.which(f"chromium{kind}") for kind in ("-headless-shell", "", "-browser"))
    found = os.environ.get("CHROMIUM") or next(filter(None, known), None)
    arguments = ["--disable-gpu"]  # Chromium takes a fifth to a quarter less processor time without
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    chosen = browser_type_launch_args | {"args": arguments}
    return chosen | {"executable_path": found} if found else chosen


# Accelerators


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and shutil.which("nvidia-smi") is None:
        pytest.skip("needs an accelerator: nvidia-smi is not on this machine")
