"""How each figure is called and written for people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Kind:
    label: str
    better: Literal["higher", "lower", "neither"]
    is_share: bool = False  # shown in percent
    digits: int = 2


KINDS = {
    "preference_accuracy": Kind("Preference accuracy (per token)", "higher", is_share=True),
    "preference_accuracy_sum": Kind("Preference accuracy (sum)", "higher", is_share=True),
    "implicit_reward_accuracy": Kind("Implicit-reward accuracy", "higher", is_share=True),
    "reward_accuracy": Kind(
        "Pairs that the reward model orders as people do", "higher", is_share=True
    ),
    "perplexity": Kind("Perplexity", "lower"),
    "loss": Kind("Loss per token (nats)", "lower", digits=3),
    "accuracy": Kind("Accuracy", "higher", is_share=True),
    "macro_precision": Kind("Precision (mean of labels)", "higher", is_share=True),
    "macro_recall": Kind("Recall (mean of labels)", "higher", is_share=True),
    "macro_f1": Kind("F1 (mean of labels)", "higher", digits=3),
    "accuracy_by_likelihood": Kind("Accuracy by likelihood", "higher", is_share=True),
    "macro_f1_by_likelihood": Kind("F1 by likelihood (mean of labels)", "higher", digits=3),
    "choice_accuracy": Kind("Right choices (sum)", "higher", is_share=True),
    "choice_accuracy_per_token": Kind("Right choices (per token)", "higher", is_share=True),
    "exact_match": Kind("Exact match", "higher", is_share=True),
    "token_f1": Kind("F1 of words", "higher", digits=3),
    "rouge1": Kind("ROUGE-1", "higher", digits=3),
    "rouge2": Kind("ROUGE-2", "higher", digits=3),
    "rougeL": Kind("ROUGE-L", "higher", digits=3),
    "rougeLsum": Kind("ROUGE-Lsum", "higher", digits=3),
    "bleu": Kind("BLEU", "higher", digits=1),
    "chrf": Kind("chrF", "higher", digits=1),
    "ter": Kind("TER", "lower", digits=1),
    "meteor": Kind("METEOR", "higher", digits=3),
    "meteor_exact_stem": Kind("METEOR without synonyms", "higher", digits=3),
    "json_validity": Kind("Valid JSON", "higher", is_share=True),
    "pattern_rate": Kind("Pattern found", "higher", is_share=True),
    "reward": Kind("Reward", "higher"),
    "length": Kind("Length (tokens)", "neither", digits=1),
    "words": Kind("Length (words)", "neither", digits=1),  # of answers that are given
    "end_of_text_rate": Kind("Answers that end by themselves", "higher", is_share=True),
    "refusal_rate": Kind("Refusals", "neither", is_share=True),
    "distinct1": Kind("Distinct words in an answer", "neither", is_share=True),
    "distinct2": Kind("Distinct pairs of words in an answer", "neither", is_share=True),
    "latency": Kind("Latency (s)", "lower", digits=3),
    "tokens_per_second": Kind("Tokens per second", "higher", digits=1),
}
ADAPTERS_ONLY = ("implicit_reward_accuracy",)  # a base has none
OF_PAIRS = ("preference_accuracy", "preference_accuracy_sum", "implicit_reward_accuracy")
OF_LABELS = (  # of rows that say what is right in another way than by a reference: a benchmark's
    "accuracy", "macro_precision", "macro_recall", "macro_f1", "accuracy_by_likelihood",
    "macro_f1_by_likelihood", "choice_accuracy", "choice_accuracy_per_token", "json_validity", "pattern_rate",
)  # fmt: skip
OF_REWARDS = ("reward_accuracy", "reward")  # by a reward model, or of one
PLUGIN, HARNESS = "plugin_", "harness/"  # with what names begin of figures that others make


def is_figure(name: str) -> bool:
    """Whether there may be such a figure: ours are known, others are what somebody installs."""
    return name in KINDS or name.startswith((PLUGIN, HARNESS))


def kind_of(name: str, metric: Mapping[str, Any] | None = None) -> Kind:
    """What is known of a figure by its name; which way is better of somebody else's stands in `metric`,
    as it was stored."""
    if (known := KINDS.get(name)) is not None:
        return known
    better: Literal["higher", "lower", "neither"] = (
        metric.get("better", "neither") if metric else "neither"
    )
    return Kind(_label(name), better, digits=3)


def _label(name: str) -> str:
    """ "gsm8k: exact_match (strict-match)" of a harness's figure, the name in words of a plug-in's."""
    if not name.startswith(HARNESS):
        return name.removeprefix(PLUGIN).replace("_", " ")
    task, _, rest = name.removeprefix(HARNESS).partition("/")
    metric, _, chosen = rest.partition("/")
    return f"{task}: {metric}" + (f" ({chosen})" if chosen else "")


def in_order(metrics: Collection[str]) -> list[str]:
    """The names of figures as people read them: ours, then those of plug-ins and of harness tasks."""
    others = [sorted(name for name in metrics if name.startswith(each)) for each in (PLUGIN, HARNESS)]  # fmt: skip
    return [name for name in KINDS if name in metrics] + others[0] + others[1]


def written(name: str, value: float | None, *, sign: bool = False) -> str:
    """One value for a person: "61.2 %", "+0.35"; a dash where there is none."""
    if value is None:
        return "–"
    kind = kind_of(name)
    mark = "+" if sign else ""
    if kind.is_share:
        return f"{value * 100:{mark}.1f}" + (" points" if sign else " %")
    return f"{value:{mark}.{kind.digits}f}"


def interval(name: str, metric: Mapping[str, Any], *, sign: bool = False) -> str:
    if metric["low"] is None:
        return "no interval"
    low, high = written(name, metric["low"], sign=sign), written(name, metric["high"], sign=sign)
    if kind_of(name).is_share:
        low = low.split(" ")[0]
    return f"{low} to {high}"


def said(name: str, metric: Mapping[str, Any]) -> str:
    """Value, interval and n in one phrase: "61.2 % (53.0 to 69.1 %, n = 120)"."""
    if not metric["n"]:
        return "not measured (n = 0)"
    return f"{written(name, metric['value'])} ({interval(name, metric)}, n = {metric['n']})"


def p_in_words(p: float | None) -> str:
    """Empty where nothing was tested."""
    if p is None:
        return ""
    return "below 0.001" if p < 0.001 else f"{p:.3f}"
