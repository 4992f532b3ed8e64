"""The options of the recipes that learn from what people prefer, or from a model that did. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.checked import Rule
from training.train_options import WEIGHTS, SteadyOptions, WholeOptions, weights_rule

LOSSES = ("sigmoid", "sft", "robust", "hinge", "ipo", "nca_pair", "bco_pair", "sppo_hard", "apo_zero", "apo_down", "sigmoid_norm")  # fmt: skip
LABELS = ("soft", "hard")  # p_chosen of a pair as it is, or 1


@dataclass(frozen=True, kw_only=True)
class DpoOptions(SteadyOptions, WholeOptions):
    """Inputs: `train`, `validation` (optional), rows of `prompt`, `chosen` and `rejected`, and where they
    are known `p_chosen` (1 if not) and `weight` (1 if not; only their proportions count).

    With `RunSpec.adapter` the adapter is trained further, and as it was is the reference.
    """

    learning_rate: float = 5e-6
    beta: float = 0.1
    loss: list[str] = field(default_factory=lambda: ["sigmoid", "sft"])
    loss_weights: list[float] = field(default_factory=lambda: [1.0, 0.1])
    label_smoothing: float = 0.0  # of "robust": the share of labels known to be flipped
    labels: str = "soft"
    weights: str = "rows"

    def _rules(self) -> list[Rule]:
        smooth = self.label_smoothing
        return [
            *super()._rules(),
            *_judged_rules(self.labels, self.weights),
            ("beta", "more than 0", self.beta > 0),
            (
                "loss",
                f"one or more of {', '.join(LOSSES)}",
                bool(self.loss) and {*self.loss} <= {*LOSSES},
            ),
            ("loss_weights", "one weight for each loss", len(self.loss) == len(self.loss_weights)),
            ("label_smoothing", "from 0 to less than 0.5", 0 <= smooth < 0.5),
            ("label_smoothing", "0 without the loss robust", not smooth or "robust" in self.loss),
        ]


@dataclass(frozen=True, kw_only=True)
class KtoOptions(SteadyOptions):
    """Inputs: `train`, `validation` (optional), rows of `prompt`, `completion` and `label` (true for a good
    answer), and where it is known `weight`. With `RunSpec.adapter` as in DpoOptions.
    """

    learning_rate: float = 5e-6
    beta: float = 0.1
    balance: str = "classes"  # good and bad answers weigh the same in sum; or "none"
    weights: str = "rows"

    def _rules(self) -> list[Rule]:
        return [
            *super()._rules(),
            *_judged_rules("soft", self.weights),
            ("beta", "more than 0", self.beta > 0),
            ("batch_size", "4 or more: drift is a mean over a batch", self.batch_size >= 4),
            ("balance", "one of classes, none", self.balance in ("classes", "none")),
        ]


@dataclass(frozen=True, kw_only=True)
class RewardOptions(SteadyOptions):
    """Inputs: as of DpoOptions, and where it is known `margin`: by how much chosen is better.

    A base gets an adapter and a head that gives one number; both are the artifact. With
    `RunSpec.adapter`, which must be such an artifact, it is trained further.
    """

    labels: str = "soft"
    weights: str = "rows"
    margins: str = "rows"  # or "none"

    def _rules(self) -> list[Rule]:
        return [
            *super()._rules(),
            *_judged_rules(self.labels, self.weights),
            ("margins", f"one of {', '.join(WEIGHTS)}", self.margins in WEIGHTS),
        ]


def _judged_rules(labels: str, weights: str) -> list[Rule]:
    return [("labels", f"one of {', '.join(LABELS)}", labels in LABELS), weights_rule(weights)]


@dataclass(frozen=True, kw_only=True)
class RlooOptions(SteadyOptions):
    """Inputs: `train`, `validation` (optional), rows of `prompt` and of answers, which are not learnt from.
    `RunSpec.teacher_adapter` is the reward model, `RunSpec.teacher` its base.

    With `RunSpec.adapter` the adapter is trained further, and as it was is what beta holds it to.
    """

    learning_rate: float = 1e-5
    beta: float = 0.05  # reward that a nat of KL from where training began costs
    n: int = 4  # answers to each prompt
    max_new_tokens: int = 64
    cut_penalty: float = 1.0  # reward that an answer loses which does not end within them

    def _rules(self) -> list[Rule]:
        unsplit = "nothing: rloo writes answers at each step, token by token"
        return [
            *super()._rules(),
            ("beta", "0 or more", self.beta >= 0),
            ("n", "2 or more", self.n >= 2),
            ("max_new_tokens", "1 or more", self.max_new_tokens >= 1),
            ("cut_penalty", "0 or more", self.cut_penalty >= 0),
            ("sharding", unsplit, not self.sharding),
        ]
