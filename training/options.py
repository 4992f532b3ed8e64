"""What may stand in RunSpec.options, recipe by recipe. Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from training.checked import Options, Rule
from training.judged_options import DpoOptions, KtoOptions, RewardOptions, RlooOptions
from training.train_options import SftOptions, TextOptions

_TASK = re.compile(r"[A-Za-z0-9_][\w.+:-]{0,99}")  # of lm-evaluation-harness


@dataclass(frozen=True, kw_only=True)
class NoopOptions(Options):
    """Count to `steps`, `pause` seconds each; the recipe that tests of the seam use."""

    steps: int = 1
    pause: float = 0.0
    fail: str = ""


@dataclass(frozen=True, kw_only=True)
class _ReadOptions(Options):
    batch_size: int = 16
    max_length: int = 0
    threads: int = 1
    allow_dropped: str = ""  # the reason why losing more than 1 % of the rows is accepted

    def _rules(self) -> list[Rule]:
        return [
            ("batch_size", "1 or more", self.batch_size >= 1),
            ("max_length", "0 or more", self.max_length >= 0),
            ("threads", "1 or more", self.threads >= 1),
        ]


@dataclass(frozen=True, kw_only=True)
class ScoreOptions(_ReadOptions):
    """Input: `completions`, rows of `id`, `prompt` and `completion`; the adapter is of the reward recipe.

    Artifact: `scores.jsonl` {"id","score"}; only differences between answers to one prompt mean something.
    """


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(_ReadOptions):
    """Inputs, each optional: `texts` (prompt, completion), `pairs` (prompt, chosen, rejected),
    `prompts` (prompt, and what training.metrics.asked names); or alone, with no model, `answers` that are given
    (completion, and where known reference and finish). Every row has `id` and `group`. The spec's teacher, where
    there is one, is a reward model.

    Artifacts, each row with "id" and "group": `texts.jsonl` {"nll","tokens"}; `pairs.jsonl`
    {"chosen_logp","chosen_tokens","rejected_logp","rejected_tokens"} and, for an adapter, the same
    four of its base with the prefix "base_", of a reward model {"chosen_reward","rejected_reward"} alone; `predictions.jsonl` {"content","tokens","finish",
    "refused","distinct1","distinct2"}, with a reference "rouge1","rouge2","rougeL","rougeLsum","bleu",
    "chrf","ter","meteor" or "meteor_exact_stem","exact_match","token_f1", of given answers "words" and neither
    "content" nor "tokens", with a label "label",
    "said_label","labels", with a schema "valid_json", with a pattern "pattern_found", by a reward model
    "reward", of plug-ins "plugin_…"; `choices.jsonl` {"right","logps","tokens"} and of labels "labels";
    `timings.jsonl` {"seconds","tokens"}; `harness.jsonl`, a row for each document of a task, of the tasks'
    figures "harness/…". `figures.jsonl`, without "id" and "group", of figures that only their makers know:
    {"figure","better"} and of the harness "value", "n" and, where it is no mean of rows, "draws", the figure
    of documents drawn anew (null where it has none), and "set", equal where the draws are.
    """

    max_new_tokens: int = 96
    ter: str = "short"  # "always", "never", or where no reference has more than 40 words and no
    # answer more than 128 tokens: it takes seconds for a page of text
    timed: int = 4  # answers that are written once more, each alone, for latency
    harness: list[str] = field(
        default_factory=list
    )  # tasks, groups and tags of lm-evaluation-harness
    harness_shots: int = -1  # examples before each question; -1: as many as the task has by itself
    harness_limit: int = 0  # documents of each task, the first ones, to try it; 0: all
    harness_chat: bool = False  # whether questions are put by the model's chat template

    def _rules(self) -> list[Rule]:
        return [
            *super()._rules(),
            ("max_new_tokens", "1 or more", self.max_new_tokens >= 1),
            ("ter", "short, always or never", self.ter in ("short", "always", "never")),
            ("timed", "0 or more", self.timed >= 0),
            ("harness", "at most 20 names of tasks, each once", _are_tasks(self.harness)),
            ("harness_shots", "-1 or more", self.harness_shots >= -1),
            ("harness_limit", "0 or more", self.harness_limit >= 0),
        ]


def _are_tasks(names: list[str]) -> bool:
    """Names alone: a path would run what lies there."""
    return len(set(names)) == len(names) <= 20 and all(map(_TASK.fullmatch, names))


@dataclass(frozen=True, kw_only=True)
class GenerateOptions(Options):
    """Input: `prompts`, rows of `id` and `prompt`. The spec's teacher, where there is one, is a
    reward model.

    Artifact: `completions.jsonl` {"prompt","index","content","tokens","finish","seed","temperature",
    "top_p"}, where a reward model read it "reward", and of several adapters the "model", its name. finish is "stop", "length" where the answer
    was cut, or empty where a server does not say; tokens is null where nobody counted.
    """

    n: int = 1  # answers to a prompt by each setting
    temperature: float = 0.8  # 0: greedy
    top_p: float = 1.0
    temperatures: list[float] = field(default_factory=list)  # a grid: each of them with each of
    top_ps: list[float] = field(default_factory=list)  # these; the one above where none is named
    max_new_tokens: int = 128
    refills: int = (
        0  # how often an answer is written anew that says what another to the prompt says
    )
    best: int = 0  # answers to a prompt that are kept, by the reward model; 0: all
    batch_size: int = 128  # answers side by side, fewer where memory ends; it changes none
    threads: int = 1
    allow_dropped: str = ""  # the reason why losing more than 1 % of the prompts is accepted
    most_requests: int = 0  # to a server, those tried again too; 0: no bound
    most_cost: float = 0.0  # by the server's prices; 0: no bound

    @property
    def settings(self) -> list[tuple[float, float]]:
        """Of (temperature, top_p), in the order of their answers."""
        warm, wide = self.temperatures or [self.temperature], self.top_ps or [self.top_p]
        return [(float(temperature), float(top_p)) for temperature in warm for top_p in wide]

    def _rules(self) -> list[Rule]:
        return [
            ("n", "1 or more", self.n >= 1),
            ("temperature", "0 or more", self.temperature >= 0),
            ("top_p", "more than 0 and at most 1", 0 < self.top_p <= 1),
            ("temperatures", "0 or more, each once", _each_once(self.temperatures) and all(each >= 0 for each in self.temperatures)),
            ("top_ps", "more than 0 and at most 1, each once", _each_once(self.top_ps) and all(0 < each <= 1 for each in self.top_ps)),
            ("max_new_tokens", "1 or more", self.max_new_tokens >= 1),
            ("refills", "0 to 20", 0 <= self.refills <= 20),
            ("most_requests", "0 or more", self.most_requests >= 0),
            ("most_cost", "0 or more", self.most_cost >= 0),
            ("best", f"0 to {self.n * len(self.settings)}, the answers to a prompt", 0 <= self.best <= self.n * len(self.settings)),
            ("batch_size", "1 or more", self.batch_size >= 1),
            ("threads", "1 or more", self.threads >= 1),
        ]  # fmt: skip


def _each_once(values: list[float]) -> bool:
    return len(set(values)) == len(values)


@dataclass(frozen=True, kw_only=True)
class MergeOptions(Options):
    """No input but the adapter.

    Artifacts: `merged/`, a whole model in safetensors; `merge.jsonl` {"prompt","tokens",
    "max_logit_difference","mean_logit_difference","same_top_token","adapter_effect"}.
    """

    threads: int = 1

    def _rules(self) -> list[Rule]:
        return [("threads", "1 or more", self.threads >= 1)]


@dataclass(frozen=True, kw_only=True)
class CheckServedOptions(Options):
    """Input: `prompts`, rows of `id` and `prompt`; the spec has an adapter and the endpoint that serves it.

    Artifact: `served.jsonl` {"id","adapter","base","served","same_as_adapter","same_whole","same_as_base",
    "apart","prompt_tokens","prompt_tokens_served"}; the last is null where the server counted none.
    """

    max_new_tokens: int = 64
    threads: int = 1

    def _rules(self) -> list[Rule]:
        return [
            ("max_new_tokens", "1 or more", self.max_new_tokens >= 1),
            ("threads", "1 or more", self.threads >= 1),
        ]


@dataclass(frozen=True, kw_only=True)
class MeasureOptions(Options):
    """Inputs: any, each of rows of `prompt` and the fields that `answers` names.

    Artifact: `lengths.jsonl` {"input","id","tokens","reason"}; the reason is empty where a row fits.
    """

    answers: list[str] = field(default_factory=lambda: ["completion"])
    max_length: int = 0  # tokens; 0: what the model can take

    def _rules(self) -> list[Rule]:
        return [("max_length", "0 or more", self.max_length >= 0)]


OPTIONS: dict[str, type[Options]] = {
    "noop": NoopOptions,
    "sft": SftOptions,
    "text": TextOptions,
    "dpo": DpoOptions,
    "kto": KtoOptions,
    "reward": RewardOptions,
    "rloo": RlooOptions,
    "score": ScoreOptions,
    "evaluate": EvaluateOptions,
    "generate": GenerateOptions,
    "merge": MergeOptions,
    "check_served": CheckServedOptions,
    "measure": MeasureOptions,
}
