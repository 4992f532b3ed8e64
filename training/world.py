"""The processes that train one model together, each on a device of its own, on one machine.

What they learn does not depend on how many they are, but for kto's drift and rloo's draws, which are of what
each reads: every process draws the same batches, reads its share of each, and their gradients are summed
before the optimizer's step. The first process is the run; it starts the others, and they end with it. Only
it tells, writes checkpoints and artifacts.
Shapes: none.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from training.contract import LIFELINE_VARIABLE, RANK_VARIABLE, ContractError, RunResult
from training.errors import InputError, Interrupted
from training.launching import ended_without_a_word

MEETING = (
    "meeting"  # the file by which processes find each other; no port is open to other machines
)
SILENCE = timedelta(
    hours=1
)  # longest wait for another process, which may be writing a large checkpoint
ENDING = 30.0  # seconds that others have to say why they ended
AT_ONCE = 2**24  # numbers that are summed in one message


@dataclass
class World:
    """One process among `size`; alone, nothing is exchanged."""

    rank: int = 0
    size: int = 1
    in_step: bool = (
        False  # whether every read needs all processes, since each has a part of the model
    )

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def share(self, rows: Sequence[Any]) -> list[Any]:
        """What this process reads of them."""
        return list(rows[self.rank :: self.size])

    def whole(self, shares: Sequence[Sequence[Any]]) -> list[Any]:
        """The rows again, in order, of the `share` of each process."""
        found: list[Any] = [None] * sum(map(len, shares))
        for rank, some in enumerate(shares):
            found[rank :: self.size] = some
        return found

    def read(self, rows: Sequence[Any], reading: Callable[[list[Any]], Sequence[Any]]) -> list[Any]:
        """What `reading` finds, a thing for each row: each process reads its share, all get the whole."""
        found = reading(self.turns(rows))
        return self.whole(self.gather(found[: len(self.share(rows))]))

    def turns(self, rows: Sequence[Any]) -> list[Any]:
        """Its share; in step as many as the largest, filled up with the first row, read for nothing."""
        mine = self.share(rows)
        most = math.ceil(len(rows) / self.size) if self.in_step else 0
        return mine + list(rows[:1]) * (most - len(mine))

    def gather(self, mine: Any) -> list[Any]:
        """What each process has, by rank; all have to ask at the same place."""
        if self.size == 1:
            return [mine]
        from torch import distributed

        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, mine)
        return found

    @contextmanager
    def turn(self) -> Iterator[None]:
        """What each process does by itself, one after the other; all go on when the last has done it."""
        for _ in range(self.rank):
            self.gather(None)
        yield
        for _ in range(self.size - self.rank):
            self.gather(None)

    def of_first(self, mine: Any) -> Any:
        """What the first process has, so that all decide alike."""
        return self.gather(mine if self.is_first else None)[0]

    def add_gradients(self, parameters: Iterable[Any]) -> None:
        """Sum gradients over all processes, in place and equal to the bit in each; none where none has one."""
        if self.size == 1:
            return
        import torch
        from torch import distributed

        trained = [each for each in parameters if each.requires_grad]
        there = self.gather([each.grad is not None for each in trained])
        used = [each for each, *has in zip(trained, *there, strict=True) if any(has)]
        for each in used:
            if each.grad is None:
                each.grad = torch.zeros_like(each)
        for some in _messages(used):
            flat = torch.cat([each.grad.flatten() for each in some])
            distributed.all_reduce(flat)
            sums = torch.split(flat, [each.numel() for each in some])
            for each, own in zip(some, sums, strict=True):
                each.grad.copy_(own.view_as(each))


@dataclass
class Others:
    """The processes that the first one started."""

    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    lifelines: list[int] = field(default_factory=list)

    def start(self, run_dir: Path, size: int) -> None:
        for rank in range(1, size):
            reading, lifeline = os.pipe()  # closed by the kernel when this process ends
            self.lifelines.append(lifeline)
            environ = os.environ | {RANK_VARIABLE: str(rank), LIFELINE_VARIABLE: str(reading)}
            command = [sys.executable, "-m", "training", str(run_dir)]
            self.processes.append(subprocess.Popen(command, env=environ, pass_fds=[reading]))
            os.close(reading)

    def fault(self) -> Exception | None:
        """Why one of them ended before its work was done; None if that is not known."""
        deadline = time.monotonic() + ENDING
        while time.monotonic() < deadline:
            for rank, process in enumerate(self.processes, start=1):
                if code := process.poll():
                    return self._said(rank, code)
            _wait(self.processes)
        return None

    def close(self) -> None:
        """Leave none behind."""
        for process in self.processes:
            process.kill()
            process.wait()
        for lifeline in self.lifelines:
            os.close(lifeline)

    def _said(self, rank: int, code: int) -> Exception:
        try:
            result = RunResult.read(room_of(self.folder, rank))
        except ContractError:
            return InputError(f"Process {rank + 1}: {ended_without_a_word(code)}")
        if result.fault != "input":
            return RuntimeError(f"process {rank + 1}: {result.error}")
        stops = next((each["code"] for each in result.findings if each.get("stops")), "")
        return InputError(result.error, code=stops)


def room_of(folder: Path, rank: int) -> Path:
    """Where a process that is not the first one writes, below the folder of the attempt."""
    return folder / f"process-{rank + 1}"


@contextmanager
def together(run_dir: Path, folder: Path, *, rank: int, size: int) -> Iterator[World]:
    """Be one of `size` processes; the first one starts the others.

    Args:
        folder: of the attempt.

    Raises:
        InputError: another process was given something wrong, or was killed.
        RuntimeError: another process failed.
    """
    if size == 1:
        yield World()
        return
    others = Others(folder)
    meeting = folder / MEETING
    try:
        if rank == 0:
            meeting.unlink(missing_ok=True)  # of an attempt that was killed
            others.start(run_dir, size)
        _meet(meeting, rank, size)
        yield World(rank, size)
    except (InputError, Interrupted):
        raise
    except Exception as error:
        fault = others.fault() if rank == 0 else None
        raise fault or error from error
    finally:
        others.close()


def _meet(meeting: Path, rank: int, size: int) -> None:
    import torch
    from torch import distributed

    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo" if sys.platform == "linux" else "lo0")
    distributed.init_process_group(
        "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo",
        store=distributed.FileStore(str(meeting), size),  # type: ignore[attr-defined]  # documented, not typed
        rank=rank,
        world_size=size,
        timeout=SILENCE,
    )


def _messages(parameters: Sequence[Any]) -> Iterator[list[Any]]:
    """Those of one kind of number together, in messages that are not too long."""
    waiting: list[Any] = []
    for each in parameters:
        fits = sum(one.numel() for one in waiting) + each.numel() <= AT_ONCE
        if waiting and not (fits and waiting[0].dtype == each.dtype):
            yield waiting
            waiting = []
        waiting.append(each)
    if waiting:
        yield waiting


def _wait(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """A moment, or until the first of them ends."""
    try:
        processes[0].wait(0.1)
    except subprocess.TimeoutExpired:
        return
