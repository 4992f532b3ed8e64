"""python -m tests.bench.bench_round [--rounds 2] [--port 8123]: a Round's wall time, less that of its run processes.

A demo instance of its own with all its processes: web, workers, beat, PostgreSQL, Redis. What is left after the
runs is evalhub's own: builds, decisions, storing answers, opening the campaign, and the waits between. Processes
are watched from outside, from their start to their end. Ends with one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(ROOT / "manage.py")]
LONGEST_START = 600  # seconds
TELL = """
import json
from evalhub.loops.models import Round
from evalhub.loops.report import runs_of
from evalhub.loops.spending import spent_on
told = []
for round_ in Round.objects.order_by("pk"):
    steps = {}
    for step in round_.steps.all():
        spent = spent_on(step)
        steps[step.kind] = [round(spent.seconds or 0, 2), round(spent.in_runs or 0, 2)]
    results = {kind: {} for kind in ("dataset", "baseline", "train", "evaluate", "decide", "generate", "campaign")}
    runs = runs_of(results | {step.kind: step.result for step in round_.steps.all()})
    began, ended = round_.created_at.timestamp(), round_.ended_at.timestamp()
    told.append({"began": began, "ended": ended, "runs": [str(run.uid) for run in runs], "steps": steps})
print("TOLD" + json.dumps(told))
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--port", type=int, default=8123)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        watch = Watch(folder)
        watch.start()
        environment = os.environ | {
            "EVALHUB_DATA_DIR": folder,
            "EVALHUB_PORT": str(asked.port),
            "PYTHONPATH": str(ROOT),
        }
        up = subprocess.Popen(
            [*MANAGE, "up", "--demo"], env=environment, cwd=ROOT, stdout=sys.stderr
        )
        try:
            _await_workers(environment, up)
            for _ in range(asked.rounds):
                _manage(environment, "run_round", "--workspace", "demo", "--wait", "--json")
            told = _manage(environment, "shell", "-c", TELL).partition("TOLD")[2]
        finally:
            up.send_signal(signal.SIGINT)
            up.wait(timeout=120)
            watch.ended.set()
    rounds: list[dict[str, Any]] = json.loads(told)
    for nth, each in enumerate(rounds, 1):
        wall = each["ended"] - each["began"]
        each["overhead"] = round(wall - watch.busy(each), 2)
        print(f"Round {nth}: {wall:.2f} s, of it ours {each['overhead']} s")
        for kind, (seconds, in_runs) in each["steps"].items():
            print(f"  {kind:<9} {seconds:7.2f} s, runs {in_runs:7.2f} s")
    print(json.dumps({"round_overhead_s": [each["overhead"] for each in rounds]}))
    return 0


class Watch(Thread):
    """When the processes of runs lived, by the clock of this one: what is unseen at either end counts as ours.

    The kernel's own begin of a process is of no use: its boot time is told in whole seconds.
    """

    LOOK_EVERY = 0.05  # seconds

    def __init__(self, folder: str) -> None:
        super().__init__(daemon=True)
        self.folder, self.ended = folder, Event()
        self.lives: dict[tuple[str, int], tuple[float, float]] = {}  # first and last look

    def run(self) -> None:
        while not self.ended.wait(self.LOOK_EVERY):
            now = time.time()
            for process in psutil.process_iter(["cmdline"]):
                line = process.info["cmdline"] or []
                if "training" in line and line[-1].startswith(self.folder):
                    key = line[-1], process.pid
                    self.lives[key] = self.lives.get(key, (now, now))[0], now

    def busy(self, told: dict[str, Any]) -> float:
        """Seconds of a Round in which a process of one of its own runs lived; two at once count once."""
        mine = sorted(
            (max(began, told["began"]), min(last, told["ended"]))
            for (folder, _pid), (began, last) in self.lives.items()
            if any(uid in folder for uid in told["runs"])
        )
        total, reached = 0.0, told["began"]
        for began, last in mine:
            total += max(0.0, last - max(began, reached))
            reached = max(reached, last)
        return total


def _await_workers(environment: dict[str, str], up: subprocess.Popen[bytes]) -> None:
    asking = "from evalhub.loops.console import demand_workers; demand_workers()"
    until = time.monotonic() + LONGEST_START
    while time.monotonic() < until:
        if up.poll() is not None:
            raise SystemExit("The instance did not start.")
        if _run(environment, "shell", "-c", asking).returncode == 0:
            return
        time.sleep(2)  # pace of looking
    raise SystemExit(f"No workers within {LONGEST_START} s.")


def _manage(environment: dict[str, str], *words: str) -> str:
    done = _run(environment, *words)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def _run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MANAGE, *words], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )


if __name__ == "__main__":
    sys.exit(main())
