"""What a Loop does in each Round; stored as JSON, checked here, copied into the Round."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from evalhub.evaluation.gate import Gate
from evalhub.loops.errors import BadPolicy
from training.contract import OPTIONS, ContractError

Chain = Literal["dpo", "sft", "sft,dpo"]
Options = dict[str, Any]


class Generate(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How the next campaign's answers are written."""

    n: int = 2
    temperature: float = 0.8
    top_p: float = 1.0
    max_new_tokens: int = 128
    prompts: int = 60  # at most so many, drawn by the Round's uid


class NextCampaign(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    type: Literal["rating", "comparison", "ranking"] = "comparison"
    overlap: int = 1
    asks: tuple[str, ...] = ("critique",)


class GatePolicy(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    most_perplexity_ratio: float = 1.05
    fewest_groups: int = 5


class Policy(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`dpo` learns from pairs with loss ["sigmoid", "sft"]; `sft,dpo` goes on from an SFT adapter.

    Where there are no pairs, any chain becomes `sft`.
    """

    chain: Chain = "dpo"
    accepts_simulated: bool = False
    sft: Options = {}
    dpo: Options = {}
    evaluate: Options = {}
    generate: Generate = Generate()
    campaign: NextCampaign = NextCampaign()
    gate: GatePolicy = GatePolicy()
    seed: int = 0

    def recipes(self, *, pairs: int) -> list[str]:
        """The recipes of the chain in order."""
        return self.chain.split(",") if pairs else ["sft"]

    def options(self, recipe: str) -> Options:
        return {"sft": self.sft, "dpo": self.dpo}[recipe]

    def to_gate(self) -> Gate:
        return Gate(
            most_perplexity_ratio=self.gate.most_perplexity_ratio,
            fewest_groups=self.gate.fewest_groups,
        )


def read_policy(values: dict[str, Any]) -> Policy:
    """Check a stored or submitted policy; what is left out has its default.

    Raises:
        BadPolicy: a strange field, a wrong type, or an option that a recipe does not know.
    """
    try:
        policy = msgspec.convert(values, Policy)
        for recipe in ("sft", "dpo", "evaluate"):
            OPTIONS[recipe].of(getattr(policy, recipe))
    except (msgspec.ValidationError, ContractError) as error:
        raise BadPolicy(f"The policy cannot be used: {error}.") from error
    if policy.generate.n < 1 or policy.generate.prompts < 1 or policy.campaign.overlap < 1:
        raise BadPolicy("generate.n, generate.prompts and campaign.overlap must be 1 or more.")
    needed = {"rating": 1, "comparison": 2, "ranking": 3}[policy.campaign.type]
    if policy.generate.n < needed:
        raise BadPolicy(
            f"A {policy.campaign.type} needs {needed} answers to a prompt; set generate.n to "
            f"{needed} or more."
        )
    return policy


def listed(policy: Policy) -> dict[str, Any]:
    """For reading: "generate.n" and so on, one value each; recipes' options that are not set are left out."""
    flat: dict[str, Any] = {}
    for name, value in stored(policy).items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            flat[name] = value
    return flat


def stored(policy: Policy) -> dict[str, Any]:
    """As JSON with every field, so that a Round says what it did even if defaults change."""
    values: dict[str, Any] = msgspec.to_builtins(policy)
    return values
