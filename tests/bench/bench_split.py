"""python -m tests.bench.bench_split [--steps 10] [--rounds 2] [--json]: what it costs to split a base.

The same run of sft on the demo model by one process, by two with a copy each, and by two with their share of
the layers each (FSDP over gloo), in turn. CPU seconds are those of all processes of a run, with their start.
The losses must be one another's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from training.contract import RunResult, RunSpec, attempt_dir, read_events

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "training/assets/demo-model"
WAYS: dict[str, dict[str, Any]] = {
    "one": {},
    "copies": {"devices": 2},
    "split": {"devices": 2, "sharding": "fsdp"},
}
SAID = "I am not sure about that one, but here is a longer answer to learn from. " * 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place:
        for turn in range(asked.rounds):
            losses = {}
            for name, options in WAYS.items():
                folder = Path(place) / f"{name}-{turn}"
                seconds[name].append(_trained(folder, {**options, "max_steps": asked.steps}))
                losses[name] = _losses(folder)
                held = RunResult.read(attempt_dir(folder, 1)).environment["weights_held"]
                found[name] = {"weights_held": held, "cpu_seconds": round(median(seconds[name]), 1)}
            for name in ("copies", "split"):
                pairs = zip(losses["one"], losses[name], strict=True)
                found[name]["loss_gap"] = max(abs(one - other) for one, other in pairs)
    print(json.dumps(found, indent=None if asked.json else 2))
    return 0


def _trained(folder: Path, options: dict[str, Any]) -> float:
    """CPU seconds of a run and of the processes that it started."""
    folder.mkdir()
    rows = [
        {
            "id": f"r{n}",
            "prompt": [{"role": "user", "content": f"What is the capital of country {n}?"}],
            "completion": [{"role": "assistant", "content": SAID}],
        }
        for n in range(40)
    ]
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = {"batch_size": 8, "learning_rate": 1e-3, **options}
    RunSpec(recipe="sft", model=str(MODEL), inputs={"train": "train.jsonl"}, options=options).write(folder)  # fmt: skip
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "training", str(folder)],
            cwd=ROOT, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""}, stdout=log, stderr=log,
        )  # fmt: skip
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit((folder / "log.txt").read_text())
    return used.ru_utime + used.ru_stime


def _losses(folder: Path) -> list[float]:
    told = read_events(attempt_dir(folder, 1))
    return [each.body["loss"] for each in told if each.kind == "metrics" and "loss" in each.body]


if __name__ == "__main__":
    sys.exit(main())
