"""Run as a script: outlives its owner by seconds, to stop what the owner had started.

The owner writes `+ <pid> <signal>` and `- <pid>` to our standard input. End of file means that the
owner is gone, whatever killed it: each process left gets its signal, and its whole group is
killed ten seconds later. Standard library only, so that it starts in 20 ms.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

GRACE_SECONDS = 10.0


def main() -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    wards: dict[int, int] = {}
    for line in sys.stdin:
        what, pid, *rest = line.split()
        if what == "+":
            wards[int(pid)] = int(rest[0])
        else:
            wards.pop(int(pid), None)
    stop_all(wards)


def stop_all(wards: dict[int, int]) -> None:
    """Signal the leaders, wait for their groups to empty, kill what is left of them."""
    for pid, number in wards.items():
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGKILL:
                os.killpg(pid, number)
            else:
                os.kill(pid, number)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(group_lives(pid) for pid in wards) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in wards:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def group_lives(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
