"""Measure a model on frozen rows, one number per row; intervals and tests are made from them elsewhere.

Nothing depends on the batch size. For an adapter the base is measured too, in the same loaded model
with the adapter switched off. What a row of prompts may carry stands in training.metrics.asked; the
spec's teacher, where there is one, is a reward model; tasks of lm-evaluation-harness are asked last. An
adapter that scores answers is itself measured, on pairs alone. Of answers that are given no model is asked.
By hand: {"recipe": "evaluate", "model": …, "adapter": …, "inputs": {"texts": …, "pairs": …,
"prompts": …}, "options": {"harness": […]}}, each input optional.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from trl.trainer.utils import add_fused_lm_head

from training import given
from training.artifacts import write_rows
from training.attempt import Attempt, time_left
from training.choice import rewarded
from training.contract import EvaluateOptions
from training.data import Encoded, demand_sane, encode_rows, room, settle
from training.device import choose_device
from training.errors import InputError
from training.generation import Answer, Decoding, answer_prompts
from training.harness import Harness
from training.judged import is_tie
from training.judging import is_judge, measure_judge
from training.metrics import overlap
from training.metrics.asked import COLUMNS, Asked, asked_of
from training.metrics.choosing import Choice, choices_of
from training.metrics.forms import LeadsOut
from training.metrics.likelihood import completion_logps
from training.metrics.plugins import AnswerMetric, directions, installed, values_of
from training.metrics.told import told, too_slow
from training.metrics.totals import accuracies, likeness
from training.models import Loaded, attach_adapter, load_base
from training.rows import Row, read_rows

ANSWERS = {"texts": ("completion",), "pairs": ("chosen", "rejected"), "prompts": ()}


def run(attempt: Attempt) -> dict[str, float]:
    """Write texts.jsonl, pairs.jsonl, predictions.jsonl, choices.jsonl, timings.jsonl, harness.jsonl and
    figures.jsonl, for what is given."""
    options = EvaluateOptions.of(attempt.spec.options)
    demand_sane(options)
    if attempt.input(given.INPUT):
        return given.measure_given(attempt, options)
    rows = {
        name: read_rows(path, name=name, fields=("prompt", *answers), judged=("p_chosen", *COLUMNS))
        for name, answers in ANSWERS.items()
        if (path := attempt.input(name))
    }
    if rows.get("pairs"):
        rows["pairs"] = _decided(attempt, rows["pairs"])
    if not any(rows.values()) and not options.harness:
        raise InputError(
            f"There is nothing to measure: give one of {', '.join(ANSWERS)} as input, or name tasks in harness."
        )
    if is_judge(attempt):
        return measure_judge(attempt, options, rows)
    asked, plugins = asked_of(rows.get("prompts", [])), installed()
    harness = Harness.of(options)
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
    choices = choices_of(used.get("prompts", []), asked, loaded, limit=limit)
    measure = Measure(attempt, options, loaded, model, adapter=adapter)
    measure.expect(used, choices, harness)
    found = {
        **measure.texts(used),
        **measure.pairs(used),
        **measure.choices(choices),
        **measure.predictions(used, asked, plugins),
        **measure.harness(harness, limit=limit),
    }
    if measure.figures:
        write_rows(attempt.artifacts / "figures.jsonl", measure.figures)
    return found


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
    figures: list[dict[str, Any]] = field(default_factory=list)  # that only their makers know

    def expect(
        self, used: dict[str, list[Encoded]], choices: Sequence[Choice], harness: Harness
    ) -> None:
        passes = {"texts": 1, "pairs": 4 if self.adapter else 2, "prompts": 1}
        self.total = sum(passes[name] * len(rows) for name, rows in used.items())
        self.total += sum(len(each.texts) for each in choices)
        self.total += min(self.options.timed, len(used.get("prompts", []))) + harness.documents

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
        return {"pairs": float(len(rows)), **accuracies(columns, adapter=self.adapter)}

    def choices(self, choices: Sequence[Choice]) -> dict[str, float]:
        """How likely each choice is, or each label; which one is taken follows from it."""
        if not choices:
            return {}
        logps = iter(self._read([(each.prompt, said) for each in choices for said in each.texts]))
        write_rows(
            self.attempt.artifacts / "choices.jsonl",
            (
                {**each.named, "logps": [next(logps) for _ in each.texts], "tokens": [len(said) for said in each.texts]}
                for each in choices
            ),
        )  # fmt: skip
        return {"choices": float(len(choices))}

    def predictions(
        self,
        used: dict[str, list[Encoded]],
        asked: Mapping[str, Asked],
        plugins: Mapping[str, AnswerMetric],
    ) -> dict[str, float]:
        """Greedy answers, and what can be told of each by what its row carries."""
        if not (rows := used.get("prompts")):
            return {}
        answers = self._answers(rows, at_once=self.options.batch_size)
        ter = overlap.ter_fits(
            self.options.ter, (each.reference for each in asked.values()),
            max_new_tokens=self.options.max_new_tokens,
        )  # fmt: skip
        found = [
            {**_named(each), "content": answer.content, "tokens": answer.tokens, "finish": answer.finish, **self._told(each, answer, asked[each.row.id], ter=ter)}
            for each, answer in zip(rows, answers, strict=True)
        ]  # fmt: skip
        references = [each.row.reference for each in rows]
        for row, values in zip(found, values_of(plugins, [row["content"] for row in found], references), strict=True):  # fmt: skip
            row.update(values)
        self.figures += directions(plugins)
        if slow := sum(map(too_slow, found)):
            self.attempt.find("patterns_slow", f"{slow} of {len(found)} answers")
        write_rows(self.attempt.artifacts / "predictions.jsonl", self._rewarded(rows, found))
        self._time(rows[: self.options.timed])
        stopped = sum(row["finish"] == "stop" for row in found) / len(found)
        return {"predictions": float(len(found)), "stopped": stopped, **likeness(found)}

    def harness(self, harness: Harness, *, limit: int) -> dict[str, float]:
        """The harness's tasks; how many requests a document takes is known when they are asked."""
        before, rest = self.done, self.total - harness.documents

        def beat(done: int, known: int) -> None:
            self.total = rest + max(known, harness.documents)
            self._tell(before + done)

        found = harness.asked(self.attempt, self.model, self.loaded, self.options, limit, beat)
        self.figures += found.figures
        return found.metrics

    def _answers(self, rows: Sequence[Encoded], *, at_once: int) -> list[Answer]:
        before = self.done
        told = answer_prompts(
            self.model, self.loaded, [each.prompt for each in rows], n=1,
            how=Decoding(0.0, 1.0, self.options.max_new_tokens), batch_size=at_once,
            seed=self.attempt.spec.seed, stop=self.attempt.stop, beat=lambda done, _: self._tell(before + done),
        )  # fmt: skip
        return [answer for (answer,) in told]

    def _told(self, each: Encoded, answer: Answer, asked: Asked, *, ter: bool) -> dict[str, Any]:
        self.attempt.stop.check()
        try:
            return told(answer.content, asked, ter=ter)
        except LeadsOut as error:
            raise InputError(
                f"Input 'prompts', row {each.row.number} (id {each.row.id}): 'schema' cannot be used: {error}."
            ) from error

    def _rewarded(
        self, rows: Sequence[Encoded], found: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Each with its "reward", where a reward model is given and can read it."""
        if not self.attempt.spec.teacher:
            return found
        answers = [{"prompt": row["id"], **row} for row in found]
        told = rewarded(
            self.attempt, [each.row for each in rows], answers, threads=self.options.threads
        )
        return [{name: value for name, value in row.items() if name != "prompt"} for row in told]

    def _time(self, rows: Sequence[Encoded]) -> None:
        """How long somebody waits who asks alone; how many are timed is a setting."""
        found = []
        for each in rows:
            begun = time.monotonic()
            (answer,) = self._answers([each], at_once=1)
            seconds = time.monotonic() - begun
            found.append({**_named(each), "seconds": round(seconds, 6), "tokens": answer.tokens})
        if found:
            write_rows(self.attempt.artifacts / "timings.jsonl", found)

    def _logps(self, rows: Sequence[Encoded], name: str) -> list[float]:
        return self._read([(each.prompt, each.completions[name]) for each in rows])

    def _read(self, rows: Sequence[tuple[list[int], list[int]]]) -> list[float]:
        before = self.done
        return completion_logps(
            self.model,
            rows,
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
