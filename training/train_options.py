"""The options of the recipes that train. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from training.checked import Options, Rule
from training.sharded import sharding_rules

VARIANTS = ("plain", "rslora", "dora")
TRAINED = ("adapter", "all")
QUANTISED = ("", "nf4")  # how the base lies in memory beside an adapter
OF_ADAPTERS = ("lora_rank", "lora_alpha", "lora_dropout", "lora_variant", "lora_plus", "target_modules")  # fmt: skip
WEIGHTS = ("rows", "none")  # each row's own weight, or 1
WHOLE_BY = 0.1  # of an adapter's learning rate, where all weights are trained
SMALL = 100_000_000  # weights; a model with fewer learns with far higher rates
SCHEDULES = ("constant", "constant_with_warmup", "cosine", "linear")


@dataclass(frozen=True, kw_only=True)
class TrainOptions(Options):
    """Input of every recipe but reward: `probe` (optional), rows of `prompt` and `completion`, or of `prompt`,
    `chosen` and `rejected`, with `slices` where they are known.

    Artifact then: `probe.jsonl` {"id","group","slices","tokens","logps_before","logps_after"}.
    """

    epochs: float = 3.0
    max_steps: int = 0  # 0: as many as the epochs make
    batch_size: int = 8  # rows of a step's part; with several devices each reads its share of them
    devices: int = 1  # of one machine, with a copy of the model on each, or its share by `sharding`
    sharding: str = ""  # "fsdp": the base split among the devices, the adapter whole on each
    accumulation: int = 1
    schedule: str = "cosine"
    warmup: float = 0.1  # share of all steps
    weight_decay: float = 0.0
    l1: float = 0.0  # pull of each trained weight towards 0, by its sign; in the gradient, unlike weight_decay
    l2: float = 0.0  # the same by its size
    max_length: int = 0  # tokens; 0: what the model can take
    lora_rank: int = 16
    lora_alpha: int = 32
    lora_dropout: float = 0.0
    lora_variant: str = (
        "plain"  # "rslora": scaled by the root of the rank; "dora": size and direction apart
    )
    lora_plus: float = 1.0  # the learning rate of B by that of A
    target_modules: str = "all-linear"
    quantise: str = ""  # "nf4": the base in 4 bits, on a CUDA device with bitsandbytes
    threads: int = 1  # on a CPU; the same count gives the same weights to the bit
    checkpoint_every: int = 0  # steps; 0: about ten times a run
    evaluate_every: int = 0  # steps; 0: about ten times a run, when there are validation rows
    patience: int = (
        0  # evaluations that may be no better than the best; the best is kept; 0: no end to it
    )
    allow_dropped: str = ""  # the reason why losing more than 1 % of the rows is accepted
    learning_rate: float = 1e-4
    train_share: float = (
        1.0  # of the rows, by whole groups, drawn by the seed; smaller ones lie in larger ones
    )

    @property
    def is_whole(self) -> bool:
        """Whether all weights are trained, and not those of an adapter."""
        return False

    def _rules(self) -> list[Rule]:
        return [
            ("epochs", "more than 0", self.epochs > 0),
            ("max_steps", "0 or more", self.max_steps >= 0),
            ("batch_size", "1 or more", self.batch_size >= 1),
            (
                "devices",
                "1 or more, and at most batch_size: each reads its share",
                1 <= self.devices <= self.batch_size,
            ),
            *sharding_rules(
                self.sharding,
                devices=self.devices,
                quantise=self.quantise,
                variant=self.lora_variant,
                is_whole=self.is_whole,
            ),
            ("accumulation", "1 or more", self.accumulation >= 1),
            ("learning_rate", "more than 0", self.learning_rate > 0),
            ("warmup", "a share of all steps, from 0 to less than 1", 0 <= self.warmup < 1),
            ("weight_decay", "0 or more", self.weight_decay >= 0),
            ("l1", "0 or more", self.l1 >= 0),
            ("l2", "0 or more", self.l2 >= 0),
            ("lora_rank", "1 or more", self.lora_rank >= 1),
            ("lora_alpha", "1 or more", self.lora_alpha >= 1),
            ("lora_dropout", "from 0 to less than 1", 0 <= self.lora_dropout < 1),
            ("lora_variant", f"one of {', '.join(VARIANTS)}", self.lora_variant in VARIANTS),
            ("lora_plus", "1 or more", self.lora_plus >= 1),
            ("quantise", "nf4, or nothing", self.quantise in QUANTISED),
            ("patience", "0 or more", self.patience >= 0),
            ("threads", "1 or more", self.threads >= 1),
            ("max_length", "0 or more", self.max_length >= 0),
            ("train_share", "more than 0 and at most 1", 0 < self.train_share <= 1),
            ("schedule", f"one of {', '.join(SCHEDULES)}", self.schedule in SCHEDULES),
        ]


@dataclass(frozen=True, kw_only=True)
class SteadyOptions(TrainOptions):
    """Of the recipes that read a model as it is used, without dropout: gains and gaps need that."""

    def _rules(self) -> list[Rule]:
        return [
            *super()._rules(),
            ("lora_dropout", "0: this recipe has none", not self.lora_dropout),
        ]


@dataclass(frozen=True, kw_only=True)
class WholeOptions(TrainOptions):
    """Of the recipes that can train all weights of a model as well, which begins as a base then."""

    trains: str = "adapter"  # "all": every weight; the artifact is a whole model

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        return super().of({**cls._of_whole(values), **values})

    @classmethod
    def usual(cls, values: dict[str, Any]) -> dict[str, Any]:
        return super().usual(values) | cls._of_whole(values)

    @classmethod
    def _of_whole(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("trains") != "all":
            return {}
        return {"learning_rate": float(f"{cls.learning_rate * WHOLE_BY:.4g}")}

    @property
    def is_whole(self) -> bool:
        return self.trains == "all"

    def _rules(self) -> list[Rule]:
        usual = TrainOptions()
        return [
            *super()._rules(),
            ("trains", f"one of {', '.join(TRAINED)}", self.trains in TRAINED),
            (
                "quantise",
                "nothing where trains is all: 4 bits cannot be trained",
                not (self.is_whole and self.quantise),
            ),
            *(
                (
                    name,
                    f"{getattr(usual, name)} where trains is all: there is no adapter then",
                    not self.is_whole or getattr(self, name) == getattr(usual, name),
                )
                for name in OF_ADAPTERS
            ),
        ]


@dataclass(frozen=True, kw_only=True)
class _TokenOptions(WholeOptions):
    """Of the recipes whose step is a mean over tokens, those of a row by its `weight` where that is known."""

    weights: str = "rows"

    def _rules(self) -> list[Rule]:
        return [*super()._rules(), weights_rule(self.weights)]


@dataclass(frozen=True, kw_only=True)
class SftOptions(_TokenOptions):
    """Inputs: `train`, `validation` (optional), rows of `prompt` and `completion`, and where it is known
    `weight` (1 if not; only their proportions count); with `ewc` also `earlier`, such rows of the task that
    the adapter was trained on before.
    """

    kl_to_base: float = 0.0
    # weight of KL(model || the model as training begins), a mean over learnt tokens; 0: not computed. A
    # fresh adapter begins as its base; with `RunSpec.adapter` that adapter is what shall not be forgotten
    ewc: float = 0.0  # weight of the elastic pull to where the continued adapter began; 0: none
    distil: float = 0.0
    # weight of KL(teacher || model), a mean over learnt tokens, of the model that `RunSpec.teacher` names

    def _rules(self) -> list[Rule]:
        return [
            *super()._rules(),
            ("kl_to_base", "0 or more", self.kl_to_base >= 0),
            ("ewc", "0 or more", self.ewc >= 0),
            ("ewc", "0 where trains is all: it holds an adapter", not (self.ewc and self.is_whole)),
            ("distil", "0 or more", self.distil >= 0),
        ]


@dataclass(frozen=True, kw_only=True)
class TextOptions(_TokenOptions):
    """Inputs: `train`, `validation` (optional), rows of `text`, every token of which is learnt, and where it
    is known `weight`, as of SftOptions.

    `max_length` is that of the windows which longer documents are cut into.
    """

    def _rules(self) -> list[Rule]:
        return [
            *super()._rules(),
            ("max_length", "0, or 2 or more: one to read and one to learn", self.max_length != 1),
        ]


def weights_rule(weights: str) -> Rule:
    return ("weights", f"one of {', '.join(WEIGHTS)}", weights in WEIGHTS)
