"""python -m tests.bench.bench_training [sft] [dpo] [--device cuda] [--json]: our recipes and plain TRL scripts, side by side.

Same model, rows, batch size, epochs, adapter, threads and dtype; each in a process of its own, in turns, so
that what else the machine does falls on both. Ours writes its checkpoints and events, and DPO's seconds hold
the reading of the reference on every side. Ends with one JSON object: how many times as fast ours is, and of each way
its tokens a second (of rows, a prompt counted once on every side), its peak memory (of the process; of the card
with `cuda`) and on a card of a known peak the share of it (MFU, on the 4N basis of training.utilisation). With
`--json` nothing else is written.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench import training_scripts
from training.contract import RunResult, RunSpec, attempt_dir, read_events
from training.utilisation import mfu, multiplied_weights, peak_flops

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "training" / "assets" / "demo-model"
DEMOS = ROOT.parent / "shared" / "data" / "llamafactory_demos"
ROLES = {"human": "user", "gpt": "assistant", "system": "system"}


class Device(NamedTuple):
    hardware: str
    peak: float | None  # FLOP a second, where it is known
    weights: int  # of the base, that each token is multiplied with


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", default=["sft", "dpo"])
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--longest", type=int, default=2000, help="tokens of a row")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    device = _device(asked)
    found: dict[str, Any] = {"device": device.hardware}
    with tempfile.TemporaryDirectory() as folder:
        for which in asked.which:
            found |= {"sft": _sft, "dpo": _dpo}[which](Path(folder), asked, device)
    print(json.dumps(found))
    return 0


def _sft(folder: Path, asked: argparse.Namespace, device: Device) -> dict[str, Any]:
    """Answers of people's length; the adapters are measured by the same recipe, `evaluate`."""
    rows, held_out = folder / "sft.jsonl", folder / "held_out.jsonl"
    chats = _chats(asked.longest)
    _write(rows, chats[: 4 * asked.rows])
    _write(held_out, chats[4 * asked.rows :][:40])
    options = {"learning_rate": 1e-3, "lora_rank": 16}
    script = training_scripts.SFT
    ways: dict[str, Callable[[Path], dict[str, Any]]] = {
        "plain": lambda place: _plain(script, place, rows, held_out, asked),
        "ours": lambda place: _ours("sft", place, rows, options, asked),
    }
    seconds, last = _in_turns(ways, folder, asked)
    losses = {
        name: _loss(folder / f"{name}-measured", told["adapter"], held_out, asked)
        for name, told in last.items()
    }
    return {
        "sft_ratio": _ratio(seconds, "plain"),
        **{f"sft_loss_{name}": round(loss, 4) for name, loss in losses.items()},
        "sft": _speeds(seconds, last, device),
    }


def _dpo(folder: Path, asked: argparse.Namespace, device: Device) -> dict[str, Any]:
    rows = folder / "dpo.jsonl"
    _write(rows, _pairs(asked.longest)[: asked.rows])
    options = {"learning_rate": 1e-4, "lora_rank": 16}
    script = training_scripts.DPO
    ways: dict[str, Callable[[Path], dict[str, Any]]] = {
        "defaults": lambda place: _plain(script, place, rows, rows, asked, "defaults"),
        "tuned": lambda place: _plain(script, place, rows, rows, asked, "tuned"),
        "ours": lambda place: _ours("dpo", place, rows, options, asked),
    }
    seconds, last = _in_turns(ways, folder, asked)
    return {
        "dpo_ratio": _ratio(seconds, "defaults"),
        "dpo_ratio_tuned": _ratio(seconds, "tuned"),
        **{f"dpo_margin_{name}": round(told["margin"], 4) for name, told in last.items()},
        "dpo": _speeds(seconds, last, device),
    }


def _in_turns(
    ways: dict[str, Callable[[Path], dict[str, Any]]], folder: Path, asked: argparse.Namespace
) -> tuple[dict[str, list[float]], dict[str, dict[str, Any]]]:
    """The seconds of each, and what each said last."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    last: dict[str, dict[str, Any]] = {}
    for turn in range(asked.turns):
        for name, way in ways.items():
            last[name] = way(folder / f"{name}-{turn}-{time.monotonic_ns()}")
            seconds[name].append(last[name]["seconds"])
            if not asked.json:
                print(f"{name}, turn {turn + 1}: {seconds[name][-1]:.1f} s", flush=True)
    return seconds, last


def _ratio(seconds: dict[str, list[float]], other: str) -> float:
    pairs = zip(seconds[other], seconds["ours"], strict=True)
    return round(statistics.median(theirs / ours for theirs, ours in pairs), 2)


def _speeds(
    seconds: dict[str, list[float]], last: dict[str, dict[str, Any]], device: Device
) -> dict[str, dict[str, float]]:
    """Of each way, by the median of its seconds and the tokens that our side counted."""
    found = {}
    for name, told in last.items():
        speed = last["ours"]["tokens"] / statistics.median(seconds[name])
        found[name] = {
            "tokens_per_second": round(speed, 1),
            "peak_gb": round(told["peak_bytes"] / 1e9, 2),
        }
        if device.peak is not None:
            share = mfu(speed, weights=device.weights, peak=device.peak)
            found[name]["mfu"] = round(share, 4)
    return found


def _device(asked: argparse.Namespace) -> Device:
    """What is trained on; ends the bench where it is not there."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    if asked.device == "cuda" and not torch.cuda.is_available():
        sys.exit(
            "--device cuda: PyTorch finds no card here; leave it out to measure the processor."
        )
    with torch.device("meta"):
        base = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(MODEL))
    weights = multiplied_weights(base, is_whole=True) or 0  # as loaded, before any is frozen
    if asked.device == "cpu":
        return Device(f"{asked.threads} threads", None, weights)
    fits = torch.cuda.is_bf16_supported(including_emulation=False)
    name = torch.cuda.get_device_name()
    return Device(name, peak_flops(name, dtype="bfloat16" if fits else "float32"), weights)


def _chats(longest: int) -> list[dict[str, Any]]:
    """Of alpaca_en_demo, in an order drawn once."""
    told = json.loads((DEMOS / "alpaca_en_demo.json").read_text("utf-8"))
    found = []
    for each in told:
        asked = f"{each['instruction']}\n{each['input']}".strip()
        if each["output"].strip() and len(asked) + len(each["output"]) < 2 * longest:
            found.append({"prompt": [{"role": "user", "content": asked}], "completion": [{"role": "assistant", "content": each["output"]}]})  # fmt: skip
    random.Random(0).shuffle(found)
    return found


def _pairs(longest: int) -> list[dict[str, Any]]:
    """Of dpo_en_demo, those whose prompt is at least half of the tokens; in an order drawn once."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODEL)

    def length(text: Sequence[dict[str, str]]) -> int:
        return sum(len(tokenizer(turn["content"])["input_ids"]) for turn in text)

    found = []
    for each in json.loads((DEMOS / "dpo_en_demo.json").read_text("utf-8")):
        row = {"prompt": [{"role": ROLES[turn["from"]], "content": turn["value"]} for turn in each["conversations"]]}  # fmt: skip
        row |= {name: [{"role": "assistant", "content": each[name]["value"]}] for name in ("chosen", "rejected")}  # fmt: skip
        prompt, *answers = (length(row[name]) for name in ("prompt", "chosen", "rejected"))
        whole = prompt + sum(answers)
        if min(answers) and prompt >= whole / 2 and whole <= longest:
            found.append(row)
    random.Random(0).shuffle(found)
    return found


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def _plain(
    script: str, place: Path, rows: Path, held_out: Path, asked: argparse.Namespace, way: str = ""
) -> dict[str, Any]:
    arguments = [MODEL, rows, held_out, place, asked.threads, asked.batch_size, asked.epochs, way]
    found = _process([sys.executable, "-c", script, *map(str, arguments)], asked)
    return dict(json.loads(found.splitlines()[-1]))


def _ours(
    recipe: str, place: Path, rows: Path, options: dict[str, Any], asked: argparse.Namespace
) -> dict[str, Any]:
    """Over all of the recipe but loading the model and encoding the rows: the first event to the result."""
    place.mkdir(parents=True)
    options |= {"batch_size": asked.batch_size, "epochs": asked.epochs, "threads": asked.threads}
    spec = RunSpec(recipe=recipe, model=str(MODEL), inputs={"train": str(rows)}, options=options)
    spec.write(place)
    _process([sys.executable, "-m", "training", str(place)], asked)
    metrics = RunResult.read(attempt_dir(place, 1)).metrics
    reading = metrics.get("reference_seconds", 0.0)
    told = {
        "seconds": metrics["training_seconds"] + reading,  # on a card: its last loss was waited for
        "adapter": str(place / "artifacts" / "adapter"),
        "tokens": metrics["tokens"],
        "peak_bytes": metrics["peak_bytes"],
    }
    steps = [event.body for event in read_events(attempt_dir(place, 1)) if "loss" in event.body]
    return told | {"margin": steps[-1].get("margin")}


def _loss(place: Path, adapter: str, held_out: Path, asked: argparse.Namespace) -> float:
    place.mkdir()
    options = {"max_length": 0, "batch_size": 4, "allow_dropped": "a benchmark"}
    RunSpec(recipe="evaluate", model=str(MODEL), adapter=adapter, inputs={"texts": str(held_out)}, options=options).write(place)  # fmt: skip
    _process([sys.executable, "-m", "training", str(place)], asked)
    return RunResult.read(attempt_dir(place, 1)).metrics["loss"]


def _process(command: list[str], asked: argparse.Namespace) -> str:
    environ = {
        **os.environ,
        "OMP_NUM_THREADS": str(asked.threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_DATASETS_CACHE": tempfile.gettempdir()
        + f"/bench-datasets-{os.getpid()}-{time.monotonic_ns()}",
    }
    if asked.device == "cpu":
        environ["CUDA_VISIBLE_DEVICES"] = ""
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
