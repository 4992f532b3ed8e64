"""The trainer's process as a worker sees it: started clean, watched, and gone when the worker is.

Standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from training.contract import ATTEMPT_VARIABLE, LIFELINE_VARIABLE, attempt_dir

LOG = "log.txt"
LOOK_EVERY = 1.0  # seconds; an end is seen at once, only what it tells is read and stored so often
TERM_GRACE = 60.0  # seconds to reach the next step and write a checkpoint
CANCEL_GRACE = 20.0
PASSED_ON = (  # all else stays here: the trainer gets no database, no broker, no token and no secret key
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "CUDA_HOME", "PYTORCH_ALLOC_CONF",
    "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "EVALHUB_HARNESS_TASKS", "OMP_WAIT_POLICY", "COVERAGE_PROCESS_START",
)  # fmt: skip
CODE = Path(__file__).resolve().parent.parent  # where `training` is imported from


def _nothing() -> None:
    """The beat of a stop that nobody waits for."""


class Trainer:
    """`python -m training RUN_DIR` in a process group of its own."""

    def __init__(
        self, run_dir: Path, *, attempt: int, allow_hub: bool, more: Mapping[str, str] | None = None
    ) -> None:
        """Args: more: variables of this run alone, such as the key of a server."""
        log = attempt_dir(run_dir, attempt) / LOG
        log.parent.mkdir(parents=True, exist_ok=True)
        reading, self._lifeline = os.pipe()  # closed by the kernel when this worker is killed
        try:
            with log.open("ab") as output:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "training", str(run_dir)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    cwd=CODE,
                    env=_environment(attempt, reading, allow_hub=allow_hub) | dict(more or {}),
                    pass_fds=[reading],
                )
        finally:
            os.close(reading)

    def exit_code(self, *, within: float) -> int | None:
        """Its exit code, negative for a signal; None if it still works after that many seconds."""
        try:
            return self._process.wait(within)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, *, grace: float = TERM_GRACE, beat: Callable[[], object] = _nothing) -> None:
        """Ask it to stop at its next step; kill the whole group when the grace is over.

        Args:
            beat: called while it writes its last checkpoint, which outlasts a lease.
        """
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while self.exit_code(within=LOOK_EVERY) is None and time.monotonic() < deadline:
            beat()
        self.kill()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """Leave nothing behind, however we got here."""
        self.kill()
        os.close(self._lifeline)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def ended_without_a_word(code: int) -> str:
    """What to say to the person of a trainer that left no result."""
    if code == -signal.SIGKILL:
        return (
            "The trainer was killed (9): probably out of memory. Take a smaller batch_size or a "
            "shorter max_length, and give the steps back with accumulation."
        )
    if code < 0:
        return f"The trainer was stopped by signal {-code} ({signal.Signals(-code).name}); the log tells more."
    return f"The trainer ended without a result (exit code {code}); the log tells why."


def _environment(attempt: int, lifeline: int, *, allow_hub: bool) -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return kept | {
        ATTEMPT_VARIABLE: str(attempt),
        LIFELINE_VARIABLE: str(lifeline),
        "EVALHUB_ALLOW_HUB": "1" if allow_hub else "0",
        "PYTHONUNBUFFERED": "1",
    }
