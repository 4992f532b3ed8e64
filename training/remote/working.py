"""One run after the other: take, lay out, train, report; give back what cannot be ended here."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.attempt import exclusive
from training.checked import ContractError
from training.contract import EXIT_INTERRUPTED
from training.environment import ALLOW_HUB_VARIABLE
from training.launching import CANCEL_GRACE, LOOK_EVERY, Trainer
from training.remote.client import Client, Refused, Unreachable, patiently
from training.remote.folder import CannotBegin, lay_out
from training.remote.lease import Cancelled, Lease, LeaseLost, ToldToGo
from training.remote.lent import Lent
from training.remote.reporting import Reporter

SETTLED = 60.0  # seconds


class Worker:
    """Takes runs one by one until it is told to go."""

    def __init__(self, client: Client, *, name: str, labels: list[str], place: Path) -> None:
        self._client, self._asked = client, {"name": name, "labels": labels}
        self._place = place
        self.going = threading.Event()

    def work(self, *, every: float, once: bool) -> None:
        """Ask for a run every so many seconds; with `once`, end where none waits."""
        with _own_folder(self._place) as folder:
            while not self.going.is_set():
                lent = self._taken()
                if lent is not None:
                    self._carry_out(lent, folder)
                elif once:
                    return
                else:
                    self.going.wait(every)

    def _taken(self) -> Lent | None:
        try:
            found = self._client.ask("take", self._asked)
            return None if found is None else Lent.of(found)
        except Unreachable as error:
            say(str(error))
        except (ContractError, TypeError) as error:
            say(
                f"evalhub lends what this worker does not know ({error}): bring both to one version."
            )
        return None

    def _carry_out(self, lent: Lent, folder: Path) -> None:
        run_dir = folder / "run"
        try:
            with Lease(self._client, lent, self.going) as lease:
                say(f"run {lent.run}, attempt {lease.attempt}: begun")
                self._train(lent, run_dir, lease)
        except LeaseLost as lost:
            say(f"run {lent.run}: the lease is lost, the trainer was stopped. {lost}")
        finally:
            shutil.rmtree(
                run_dir, ignore_errors=True
            )  # other people's words stay no longer than needed

    def _train(self, lent: Lent, run_dir: Path, lease: Lease) -> None:
        reporter = Reporter(lease, run_dir)
        run_dir.mkdir()
        try:
            lay_out(lent, run_dir, cache=self._place / "models", lease=lease)
            code = _one_process(run_dir, lease, reporter)
            if code == EXIT_INTERRUPTED:
                raise ToldToGo
            reporter.hand_in(code)
            say(f"run {lent.run}: ended, exit code {code}")
        except (Cancelled, ToldToGo) as stopped:
            _hand_back(lease)
            told = "cancelled" if isinstance(stopped, Cancelled) else "handed back"
            say(f"run {lent.run}: {told}")
        except (CannotBegin, Refused, OSError) as error:
            say(f"run {lent.run}: {error}")
            reporter.fail(f"The worker elsewhere could not go on: {error}")


def _one_process(run_dir: Path, lease: Lease, reporter: Reporter) -> int:
    allow_hub = os.environ.get(ALLOW_HUB_VARIABLE) in ("1", "on")
    trainer = Trainer(run_dir, attempt=lease.attempt, allow_hub=allow_hub)
    try:
        while (code := trainer.exit_code(within=LOOK_EVERY)) is None:
            lease.check()
            reporter.catch_up()
        reporter.catch_up()
        return code
    except Cancelled:
        trainer.stop(grace=CANCEL_GRACE, beat=lease.check_lease)
        raise
    except ToldToGo:
        trainer.stop(beat=lease.check_lease)
        reporter.catch_up()  # the checkpoint it wrote last: the next worker goes on from it
        raise
    finally:
        trainer.close()


def _hand_back(lease: Lease) -> None:
    patiently(lambda: lease.ask("return"), check=lease.check_lease)


@contextmanager
def _own_folder(place: Path) -> Iterator[Path]:
    """A directory of this process; what killed ones left behind is cleared away."""
    works = place / "work"
    works.mkdir(parents=True, exist_ok=True)
    for old in works.iterdir():
        if time.time() - old.stat().st_mtime < SETTLED:
            continue  # somebody may be about to lock it
        with exclusive(old / "ours") as is_abandoned:
            if is_abandoned:
                shutil.rmtree(old)
    folder = Path(tempfile.mkdtemp(dir=works))
    with exclusive(folder / "ours"):
        yield folder
        shutil.rmtree(folder)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
