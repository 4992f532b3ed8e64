"""Measure a model on frozen rows, one number per row; intervals and tests are made from them elsewhere.

Nothing depends on the batch size. For an adapter the base is measured too, in the same loaded model
with the adapter switched off. By hand: {"recipe": "evaluate", "model": …, "adapter": …,
"inputs": {"texts": …, "pairs": …, "prompts": …}}, each input optional.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from trl.trainer.utils import add_fused_lm_head

from training import metrics
from training.artifacts import write_rows
from training.attempt import Attempt, time_left
from training.contract import EvaluateOptions
from training.data import Encoded, demand_sane, encode_rows, room, settle
from training.device import choose_device
from training.errors import InputError
from training.generation import Decoding, answer_prompts
from training.judged import is_tie
from training.models import Loaded, attach_adapter, load_base
from training.rows import Row, read_rows

ANSWERS = {"texts": ("completion",), "pairs": ("chosen", "rejected"), "prompts": ()}


def run(attempt: Attempt) -> dict[str, float]:
    """Write texts.jsonl, pairs.jsonl and predictions.jsonl, for the inputs that are given."""
    options = EvaluateOptions.of(attempt.spec.options)
    demand_sane(options)
    rows = {
        name: read_rows(path, name=name, fields=("prompt", *answers), judged=("p_chosen",))
        for name, answers in ANSWERS.items()
        if (path := attempt.input(name))
    }
    if rows.get("pairs"):
        rows["pairs"] = _decided(attempt, rows["pairs"])
    if not any(rows.values()):
        raise InputError(f"There is nothing to measure: give one of {', '.join(ANSWERS)} as input.")
    loaded = load_base(attempt, choose_device(threads=options.threads))
    add_fused_lm_head(loaded.model)
    adapter = bool(attempt.spec.adapter)
    model = attach_adapter(loaded.model, attempt, trainable=False) if adapter else loaded.model
    limit = room(loaded, options.max_length)
    encoded = [
        encode_rows(
            each,
            loaded,
            name=name,
            answers=ANSWERS[name],
            limit=limit if ANSWERS[name] else limit - options.max_new_tokens,
            beat=attempt.stop.check,
        )
        for name, each in rows.items()
    ]
    settle(attempt, encoded, allow_dropped=options.allow_dropped, limit=limit)
    used = {each.name: each.used for each in encoded}
    measure = Measure(attempt, options, loaded, model, adapter=adapter)
    measure.expect(used)
    return {**measure.texts(used), **measure.pairs(used), **measure.predictions(used)}


def _decided(attempt: Attempt, pairs: list[Row]) -> list[Row]:
    """Without ties: a model can be neither right nor wrong about them."""
    decided = [each for each in pairs if not is_tie(each)]
    if len(decided) < len(pairs):
        attempt.find("ties_passed_over", f"{len(pairs) - len(decided)} of {len(pairs)} pairs")
    return decided


@dataclass
class Measure:
    """One pass over each input."""

    attempt: Attempt
    options: EvaluateOptions
    loaded: Loaded
    model: Any
    adapter: bool
    done: int = 0
    total: int = 0
    begun: float = field(default_factory=time.monotonic)

    def expect(self, used: dict[str, list[Encoded]]) -> None:
        passes = {"texts": 1, "pairs": 4 if self.adapter else 2, "prompts": 1}
        self.total = sum(passes[name] * len(rows) for name, rows in used.items())

    def texts(self, used: dict[str, list[Encoded]]) -> dict[str, float]:
        """Loss and perplexity, over all tokens."""
        if not (rows := used.get("texts")):
            return {}
        logps = self._logps(rows, "completion")
        write_rows(
            self.attempt.artifacts / "texts.jsonl",
            ({**_named(each), "nll": -logp, "tokens": len(each.completions["completion"])} for each, logp in zip(rows, logps, strict=True)),
        )  # fmt: skip
        loss = -sum(logps) / sum(len(each.completions["completion"]) for each in rows)
        return {
            "texts": float(len(rows)),
            "loss": loss,
            "perplexity": math.exp(min(loss, 700.0)),  # beyond it there is no float
        }

    def pairs(self, used: dict[str, list[Encoded]]) -> dict[str, float]:
        """How often the chosen answer is the likelier one, per token and in sum; a tie counts one half."""
        if not (rows := used.get("pairs")):
            return {}
        columns: dict[str, list[float]] = {}
        for prefix in ("", "base_") if self.adapter else ("",):
            base = self.model.disable_adapter() if prefix else nullcontext()
            with base:
                for name in ANSWERS["pairs"]:
                    columns[f"{prefix}{name}_logp"] = self._logps(rows, name)
                    columns[f"{prefix}{name}_tokens"] = [float(len(each.completions[name])) for each in rows]  # fmt: skip
        write_rows(
            self.attempt.artifacts / "pairs.jsonl",
            (
                {**_named(each), **{name: int(values[at]) if name.endswith("tokens") else values[at] for name, values in columns.items()}}
                for at, each in enumerate(rows)
            ),
        )  # fmt: skip
        return {"pairs": float(len(rows)), **_accuracies(columns, adapter=self.adapter)}

    def predictions(self, used: dict[str, list[Encoded]]) -> dict[str, float]:
        """Greedy answers, and how near they are to the references that are given."""
        if not (rows := used.get("prompts")):
            return {}
        before = self.done
        answers = answer_prompts(
            self.model, self.loaded, [each.prompt for each in rows], n=1,
            how=Decoding(0.0, 1.0, self.options.max_new_tokens), batch_size=self.options.batch_size,
            seed=self.attempt.spec.seed, stop=self.attempt.stop, beat=lambda done, _: self._tell(before + done),
        )  # fmt: skip
        found = []
        for each, (answer,) in zip(rows, answers, strict=True):
            row = {**_named(each), "content": answer.content, "tokens": answer.tokens, "finish": answer.finish}  # fmt: skip
            reference = each.row.reference
            if reference is not None:
                row.update(metrics.rouge_scores(answer.content, reference))
                row["bleu"] = metrics.bleu_statistics(answer.content, reference)
                row["chrf"] = metrics.chrf_statistics(answer.content, reference)
            found.append(row)
        write_rows(self.attempt.artifacts / "predictions.jsonl", found)
        stopped = sum(row["finish"] == "stop" for row in found) / len(found)
        return {"predictions": float(len(found)), "stopped": stopped, **_likeness(found)}

    def _logps(self, rows: Sequence[Encoded], name: str) -> list[float]:
        before = self.done
        return metrics.completion_logps(
            self.model,
            [(each.prompt, each.completions[name]) for each in rows],
            device=self.loaded.device,
            pad_id=self.loaded.pad_id,
            batch_size=self.options.batch_size,
            beat=lambda done: self._tell(before + done),
        )

    def _tell(self, done: int) -> None:
        self.attempt.stop.check()
        self.done = done
        left = (time.monotonic() - self.begun) / done * (self.total - done)
        self.attempt.progress(done, self.total, note=time_left(left) if done < self.total else "")


def _named(each: Encoded) -> dict[str, str]:
    return {"id": each.row.id, "group": each.row.group}


def _accuracies(columns: dict[str, list[float]], *, adapter: bool) -> dict[str, float]:
    per_token = [
        [logp / n for logp, n in zip(columns[f"{name}_logp"], columns[f"{name}_tokens"], strict=True)]
        for name in ANSWERS["pairs"]
    ]  # fmt: skip
    found = {
        "preference_accuracy": metrics.share_won(*per_token),
        "preference_accuracy_sum": metrics.share_won(columns["chosen_logp"], columns["rejected_logp"]),
    }  # fmt: skip
    if adapter:
        gains = [
            [ours - base for ours, base in zip(columns[f"{name}_logp"], columns[f"base_{name}_logp"], strict=True)]
            for name in ANSWERS["pairs"]
        ]  # fmt: skip
        found["preference_accuracy_implicit"] = metrics.share_won(*gains)
    return found


def _likeness(found: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Over rows with a reference; none given means no figure, not 0."""
    compared = [row for row in found if "bleu" in row]
    if not compared:
        return {"references": 0.0}
    means = {name: sum(row[name] for row in compared) / len(compared) for name in metrics.ROUGES}
    return {
        "references": float(len(compared)),
        **means,
        "bleu": metrics.corpus_bleu([row["bleu"] for row in compared]),
        "chrf": metrics.corpus_chrf([row["chrf"] for row in compared]),
    }
