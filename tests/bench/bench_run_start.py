"""What a run costs beside its steps: its start, its being followed, and the worker that waits for one.

    python -m tests.bench.bench_run_start [start] [following] [worker] [--turns 3] [--steps 400] [--json]

`start`: SFT of the demo model on 900 of its dialogues and 100 held-out ones, on one thread, from the moment its process is
begun as a worker begins it to the end of the first step; the bar is 8 s. The trainer's own events tell the pieces.
`following`: a run of many short steps on an instance of its own, followed as a worker follows it. Reported is
the CPU of writing events, of following (with the lease and the copies of checkpoints) and of PostgreSQL, as
a share of the trainer's CPU in its steps and of their time; the bar is 2 %. Looks come by the clock, so where the
machine is busy with others the first share grows and the second falls: on a quiet one they are the same.
`worker`: the proportional set size of the gpu worker of a `manage.py up` that has nothing to do, with all below
it; the bar is 200 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from evalhub.common.embedded.children import wait_until
from evalhub.common.embedded.temporary import temporary_place
from evalhub.common.supervisor.instance import running
from tests.bench.bench_claim_submit import SETTINGS, cpu_of, database, manage, url_of
from tests.bench.bench_memory import pss_mb
from training.contract import Event, RunResult, RunSpec, attempt_dir, read_events
from training.demo_model.corpus import dialogues
from training.events import EventLog
from training.launching import LOG, LOOK_EVERY, Trainer

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "training" / "assets" / "demo-model"
IMPORTS = (
    "import time; t = [time.perf_counter()]; s = lambda: t.append(time.perf_counter())\n"
    "import torch; s()\nfrom transformers import Trainer; s()\nimport training.recipes.sft; s()\n"
    "print(*(b - a for a, b in zip(t, t[1:])))"
)
IMPORTED = ("torch", "transformers with its Trainer and PEFT", "ours and TRL's")
MOMENTS: dict[
    str, Callable[[Event], bool]
] = {  # what has come to its end, and the first event that says so
    "imports, the model, rows read and encoded": lambda each: each.kind == "preview",
    "held-out rows read": lambda each: "eval_loss" in each.body,
    "the first prompts answered": lambda each: each.body.get("note") == "training",
    "the longest batch tried": lambda each: each.kind == "forecast",
    "the step": lambda each: "loss" in each.body,
}
STEP = MOMENTS["the step"]
SLOW = 600.0  # seconds
STILL = 3.0  # seconds in which a worker that waits computes next to nothing
NOTHING = 0.1  # seconds of CPU


def start(turns: int) -> dict[str, Any]:
    """Medians of the turns, in wall seconds; `cpu` is the trainer's until its first step was seen."""
    found = [_started() for _ in range(turns)]
    imports = [_imports() for _ in range(turns)]
    return {
        "first_step_s": _median(sum(pieces.values()) for pieces, _ in found),
        "first_step_cpu_s": _median(cpu for _, cpu in found),
        "pieces_s": {name: _median(pieces[name] for pieces, _ in found) for name in MOMENTS},
        "imports_s": {name: _median(each[name] for each in imports) for name in IMPORTED},
    }


def _started() -> tuple[dict[str, float], float]:
    """Seconds of each piece, and the CPU of all."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _ask(folder, steps=1)
        begun = time.time()
        with _trainer(folder) as (trainer, process):
            cpu = 0.0
            while trainer.exit_code(within=0.05) is None and _first(folder, STEP) is None:
                cpu = sum(process.cpu_times()[:2])
            trainer.exit_code(within=SLOW)
        ends = [begun]
        for is_there in MOMENTS.values():
            event = _first(folder, is_there)
            if event is None:
                raise RuntimeError(_log(folder))
            ends.append(datetime.fromisoformat(event.at).timestamp())
        return {
            name: end - before for name, before, end in zip(MOMENTS, ends, ends[1:], strict=False)
        }, cpu


def _imports() -> dict[str, float]:
    environ = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    command = [sys.executable, "-c", IMPORTS]
    done = subprocess.run(
        command, cwd=ROOT, env=environ, check=True, capture_output=True, text=True
    )
    return dict(zip(IMPORTED, map(float, done.stdout.split()), strict=True))


def following(steps: int) -> dict[str, Any]:
    with temporary_place() as place, database(place) as postgres:
        os.environ |= SETTINGS | {
            "DATABASE_URL": url_of(place),
            "EVALHUB_DATA_DIR": str(place.root),
        }
        manage("migrate", "--verbosity", "0")
        import django

        django.setup()  # DATABASE_URL stands only now
        return _followed(steps, postgres)


def _followed(steps: int, postgres: int) -> dict[str, Any]:
    from evalhub.jobs import jobs
    from evalhub.jobs.beat import Beat
    from evalhub.runs.folder import run_dir
    from evalhub.runs.following import Follower
    from evalhub.runs.services import start_run
    from tests.factories import MemberFactory

    member = MemberFactory.create(roles=["engineer"])
    run = start_run(workspace=member.workspace, recipe="noop", by=member)
    job = jobs.take(run.job.uid)
    if job is None:
        raise RuntimeError("The job of the run was not there to take.")
    folder = run_dir(run)
    folder.mkdir(parents=True, exist_ok=True)
    _ask(folder, steps=steps)
    follower = Follower(run, folder, attempt=1, beat=Beat(job))
    with _trainer(folder) as (trainer, process):

        def trained() -> float:
            return float(sum(process.cpu_times()[:2]))

        while trainer.exit_code(within=LOOK_EVERY) is None and _first(folder, STEP) is None:
            follower.catch_up()
        steps_cpu, begun, since = 0.0, trained(), time.monotonic()
        followed, stored = -time.process_time(), -cpu_of(postgres)
        while trainer.exit_code(within=LOOK_EVERY) is None:
            follower.catch_up()
            steps_cpu = trained() - begun
        wall = time.monotonic() - since
        followed, stored = followed + time.process_time(), stored + cpu_of(postgres)
    if not (attempt_dir(folder, 1) / RunResult.FILE).exists():
        raise RuntimeError(_log(folder))
    events = list(read_events(attempt_dir(folder, 1)))
    written = _writing(events)
    spent = written + followed + stored
    return {
        "steps": steps,
        "events": len(events),
        "trainer_cpu_s": round(steps_cpu, 2),
        "writing_cpu_s": round(written, 3),
        "following_cpu_s": round(followed, 3),
        "postgres_cpu_s": round(stored, 3),
        "share_of_cpu": round(spent / steps_cpu, 4),
        "share_of_time": round(spent / wall, 4),
    }


def _writing(events: Sequence[Event]) -> float:
    """CPU of writing those once more."""
    with tempfile.TemporaryDirectory() as place:
        log = EventLog(Path(place))
        before = time.process_time()
        for each in events:
            log.write(each.kind, **each.body)
        spent = time.process_time() - before
        log.close()
    return spent


def worker() -> dict[str, Any]:
    with temporary_place() as place, running(place) as up:
        process = psutil.Process(up.started("worker-gpu").pid)
        spent = 0.0

        def is_still() -> bool:
            nonlocal spent
            before, spent = spent, cpu_of(process.pid)
            return spent - before < NOTHING

        if not wait_until(is_still, seconds=SLOW, every=STILL):
            raise RuntimeError("The worker never came to rest.")
        below = [process, *process.children(recursive=True)]
        return {
            "worker_pss_mb": round(sum(pss_mb(each.pid) for each in below), 1),
            "processes": len(below),
        }


@contextmanager
def _trainer(folder: Path) -> Iterator[tuple[Trainer, psutil.Process]]:
    """Begun as a worker begins it, and its process to look at."""
    before = {each.pid for each in psutil.Process().children()}
    trainer = Trainer(folder, attempt=1, allow_hub=False)
    try:
        [process] = [each for each in psutil.Process().children() if each.pid not in before]
        yield trainer, process
    finally:
        trainer.close()


def _ask(folder: Path, *, steps: int) -> None:
    chats = list(dialogues(count=1000, seed=0))
    rows = [{"prompt": chat[:-1], "completion": chat[-1:]} for chat in chats]
    for name, some in {"train": rows[:900], "validation": rows[900:]}.items():
        (folder / f"{name}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in some), "utf-8"
        )
    options = {"max_steps": steps, "batch_size": 8, "learning_rate": 1e-3, "threads": 1}
    inputs = {name: f"{name}.jsonl" for name in ("train", "validation")}
    RunSpec(recipe="sft", model=str(MODEL), inputs=inputs, options=options).write(folder)


def _first(folder: Path, is_there: Callable[[Event], bool]) -> Event | None:
    return next((each for each in read_events(attempt_dir(folder, 1)) if is_there(each)), None)


def _log(folder: Path) -> str:
    return (attempt_dir(folder, 1) / LOG).read_text("utf-8")[-3000:]


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 2)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("which", nargs="*", default=["start", "following", "worker"])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    ways = {
        "start": lambda: start(asked.turns),
        "following": lambda: following(asked.steps),
        "worker": worker,
    }
    found = {which: ways[which]() for which in asked.which}
    print(json.dumps(found) if asked.json else json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
