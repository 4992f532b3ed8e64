"""Stands in for the trainer's process: the same files in the same places, made up in no time.

A base prefers every second chosen answer, what was trained all of them; both read texts equally well. So
a decision can be foretold: with enough pairs an adapter is promoted.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalhub.runs.trainer import LOG
from training.artifacts import inventory, write_rows
from training.contract import (
    EXIT_SUCCEEDED,
    GenerateOptions,
    RunResult,
    RunSpec,
    attempt_dir,
)
from training.events import EventLog
from training.findings import finding


class NullTrainer:
    """A Trainer that has ended as soon as it is made."""

    def __init__(self, run_dir: Path, *, attempt: int, more: Mapping[str, str]) -> None:
        self.more = more
        folder = attempt_dir(run_dir, attempt)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LOG).write_text("Nothing was trained.\n")
        spec = RunSpec.read(run_dir)
        artifacts = run_dir / "artifacts"
        artifacts.mkdir(exist_ok=True)
        metrics = RECIPES[spec.recipe](spec, run_dir, artifacts)
        codes = ["served_is_base"] if metrics.get("same_as_base") else []
        _say(folder, _checkpoint(spec, run_dir) if spec.recipe in TRAINING else None, codes)
        found = inventory(artifacts)
        RunResult(ok=True, metrics=metrics, artifacts=found, seconds=0.1).write(folder)

    def exit_code(self, *, within: float) -> int:
        return EXIT_SUCCEEDED

    def stop(self, *, grace: float = 0.0, beat: object = None) -> None:
        """Has ended already."""

    def kill(self) -> None:
        """Has ended already."""

    def close(self) -> None:
        """Has ended already."""


def _checkpoint(spec: RunSpec, run_dir: Path) -> Path:
    """What TRL leaves of the last step: the adapter, and of one trained further its reference."""
    folder = run_dir / "checkpoints" / "step-00000002"
    made = "model" if spec.options.get("trains") == "all" else "adapter"
    shutil.copytree(run_dir / "artifacts" / made, folder, dirs_exist_ok=True)
    (folder / "optimizer.pt").write_text(f"optimizer of {spec.recipe}")
    if spec.adapter:
        shutil.copytree(run_dir / spec.adapter, folder / "ref", dirs_exist_ok=True)
    return folder.relative_to(run_dir)


def _say(folder: Path, checkpoint: Path | None, codes: list[str]) -> None:
    events = EventLog(folder)
    for step, loss in ((1, 0.7), (2, 0.5)):
        events.write("metrics", step=step, loss=loss)
    if checkpoint is not None:
        events.write("finding", **finding("read_plainly", "two rows were tried").as_json())
        events.write("checkpoint", step=2, path=checkpoint.as_posix())
    for code in codes:
        events.write("finding", **finding(code, "two of two answers").as_json())
    events.write("progress", done=2, total=2, note="")
    events.close()


def rows_of(spec: RunSpec, run_dir: Path, name: str) -> list[dict[str, Any]]:
    path = spec.inputs.get(name)
    return [json.loads(line) for line in (run_dir / path).read_text().splitlines()] if path else []


def _train(spec: RunSpec, run_dir: Path, artifacts: Path) -> dict[str, float]:
    rows = rows_of(spec, run_dir, "train")
    content = f"{spec.recipe} {spec.seed} {len(rows)} {spec.digests}"
    if spec.options.get("trains") == "all":
        (artifacts / "model").mkdir(exist_ok=True)
        (artifacts / "model" / "config.json").write_text("{}")
        (artifacts / "model" / "model.safetensors").write_text(content)
        return {"train_loss": 0.7, "rows": float(len(rows))}
    (artifacts / "adapter").mkdir(exist_ok=True)
    (artifacts / "adapter" / "adapter_config.json").write_text(json.dumps({"from": spec.adapter}))
    (artifacts / "adapter" / "adapter_model.safetensors").write_text(content)
    return {"train_loss": 0.7, "rows": float(len(rows))}


def _evaluate(spec: RunSpec, run_dir: Path, artifacts: Path) -> dict[str, float]:
    if answers := rows_of(spec, run_dir, "answers"):
        write_rows(artifacts / "predictions.jsonl", [_of_given(row) for row in answers])
        return {"answers": float(len(answers))}
    trained = bool(spec.adapter) or _is_made_up(spec)
    texts = rows_of(spec, run_dir, "texts")
    write_rows(artifacts / "texts.jsonl", [_text(row, place) for place, row in enumerate(texts)])
    pairs = rows_of(spec, run_dir, "pairs")
    write_rows(
        artifacts / "pairs.jsonl",
        [
            _pair(row, place, trained=trained, beside=bool(spec.adapter))
            for place, row in enumerate(pairs)
        ],
    )
    prompts = rows_of(spec, run_dir, "prompts")
    said = "A kind answer." if trained else "An answer."
    write_rows(
        artifacts / "predictions.jsonl",
        [
            {"id": row["id"], "group": row["group"], "content": said, "tokens": 4, "finish": "stop"}
            for row in prompts
        ],
    )
    if tasks := spec.options.get("harness", []):
        write_rows(artifacts / "harness.jsonl", _answered(tasks, trained=trained))
        figures = [{"figure": f"harness/{task}/acc", "better": "higher", "value": 0.5 + trained / 2, "n": 40} for task in tasks]  # fmt: skip
        write_rows(artifacts / "figures.jsonl", figures)
    return {"texts": float(len(texts)), "pairs": float(len(pairs))}


def _of_given(row: dict[str, Any]) -> dict[str, Any]:
    """Its words, and how many of the reference's words it has."""
    words = row["completion"].split()
    found = {"id": row["id"], "group": row["group"], "finish": row["finish"], "words": len(words)}
    wanted = row.get("reference", "").split()
    return found | ({"rouge1": len({*wanted} & {*words}) / len({*wanted})} if wanted else {})


def _is_made_up(spec: RunSpec) -> bool:
    """Whether the base is one that `_train` trained whole."""
    weights = Path(spec.model) / "model.safetensors"
    return weights.is_file() and weights.read_bytes().split(b" ")[0].decode("latin1") in TRAINING


def _answered(tasks: list[str], *, trained: bool) -> list[dict[str, Any]]:
    """Forty documents of each task; a base is right about every second."""
    return [
        {"id": f"{task}/{place}", "group": f"d{place}", f"harness/{task}/acc": float(trained or place % 2)}
        for task in tasks
        for place in range(40)
    ]  # fmt: skip


def _text(row: dict[str, Any], place: int) -> dict[str, Any]:
    return {"id": row["id"], "group": row["group"], "nll": 10.0 + place % 3, "tokens": 10}


def _pair(row: dict[str, Any], place: int, *, trained: bool, beside: bool) -> dict[str, Any]:
    chosen = -5.0 if trained or place % 2 else -9.0
    values = {
        "chosen_logp": chosen,
        "chosen_tokens": 5,
        "rejected_logp": -7.0,
        "rejected_tokens": 5,
    }
    base = {"base_chosen_logp": -6.0, "base_chosen_tokens": 5, "base_rejected_logp": -7.0, "base_rejected_tokens": 5}  # fmt: skip
    return {"id": row["id"], "group": row["group"], **values, **(base if beside else {})}


def _generate(spec: RunSpec, run_dir: Path, artifacts: Path) -> dict[str, float]:
    prompts = rows_of(spec, run_dir, "prompts")
    models = spec.adapters or {"": spec.adapter}
    options = GenerateOptions.of(spec.options)
    settings = [setting for setting in options.settings for _ in range(options.n)]
    rows = [
        {"prompt": row["id"], "index": i, "content": f"Answer {i}{' with care' if adapter else ''}", "tokens": 2, "finish": "stop",
         "seed": 1000 + i, "temperature": temperature, "top_p": top_p}
        | ({"reward": float(i)} if spec.teacher else {})
        | ({"model": name} if name else {})
        for name, adapter in models.items()
        for row in prompts
        for i, (temperature, top_p) in enumerate(settings)
    ]  # fmt: skip
    write_rows(artifacts / "completions.jsonl", rows)
    return {"completions": float(len(rows))}


def _score(spec: RunSpec, run_dir: Path, artifacts: Path) -> dict[str, float]:
    rows = rows_of(spec, run_dir, "completions")
    write_rows(artifacts / "scores.jsonl", [{"id": row["id"], "score": 0.5} for row in rows])
    return {"scores": float(len(rows))}


def _merge(spec: RunSpec, run_dir: Path, artifacts: Path) -> dict[str, float]:
    (artifacts / "merged").mkdir(exist_ok=True)
    (artifacts / "merged" / "model.safetensors").write_text(f"{spec.adapter} in its base")
    return {"max_logit_difference": 0.03125, "same_top_token": 1.0, "adapter_effect": 2.5}


def _check_served(spec: RunSpec, run_dir: Path, artifacts: Path) -> dict[str, float]:
    """A server whose model is called base serves the base, any other the adapter."""
    prompts = float(len(rows_of(spec, run_dir, "prompts")))
    as_base = float(spec.endpoint["model"] == "base")
    write_rows(artifacts / "served.jsonl", [])
    return {"prompts": prompts, "prompts_apart": prompts, "prompts_counted": prompts, "prompt_tokens_alike": 1.0,
            "same_as_adapter": 1.0 - as_base, "same_whole": 1.0 - as_base, "same_as_base": as_base}  # fmt: skip


def _measure(spec: RunSpec, run_dir: Path, artifacts: Path) -> dict[str, float]:
    """The rows of a test split are too long."""
    metrics = {"limit": 64.0}
    for name in spec.inputs:
        rows = len(rows_of(spec, run_dir, name))
        told = {"rows": rows, "too_long": rows if name == "test" else 0, "otherwise_left_out": 0,
                "median": 20, "p95": 60, "longest": 1200, "tokens": 40 * rows, "learnt_tokens": 10 * rows}  # fmt: skip
        metrics |= {f"{name}_{figure}": float(value) for figure, value in told.items()}
    write_rows(artifacts / "lengths.jsonl", [])
    return metrics


TRAINING = ("sft", "text", "dpo", "kto", "reward", "rloo")
RECIPES = {
    **dict.fromkeys(TRAINING, _train),
    "evaluate": _evaluate,
    "generate": _generate,
    "merge": _merge,
    "check_served": _check_served,
    "score": _score,
    "measure": _measure,
}
