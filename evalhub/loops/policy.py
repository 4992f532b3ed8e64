"""What a Loop does in each Round; stored as JSON, checked here, copied into the Round."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from evalhub.common.labels import is_label
from evalhub.common.uids import is_uid
from evalhub.evaluation.errors import BadGate
from evalhub.evaluation.gate import Gate, gate_faults, read_gate
from evalhub.evaluation.judging import conditions_of
from evalhub.judgments.choices import Source
from evalhub.loops.asking import NextCampaign
from evalhub.loops.conditions import Bars, Start
from evalhub.loops.errors import BadPolicy
from evalhub.loops.searching import Search
from evalhub.runs.beside import TEACHER
from evalhub.runs.models import PROBE
from training.contract import OPTIONS, ContractError, GenerateOptions

Chain = Literal["dpo", "sft", "kto", "sft,dpo", "sft,kto"]
Options = dict[str, Any]


class Generate(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How the next campaign's answers are written."""

    n: int = 2  # by each setting
    temperature: float = 0.8
    top_p: float = 1.0
    temperatures: tuple[float, ...] = ()  # a grid: each with each of
    top_ps: tuple[float, ...] = ()  # these; the one above where none is named
    max_new_tokens: int = 128
    prompts: int = 60  # at most so many, drawn by the Round's uid
    allow_dropped: str = "a Round draws its prompts without counting their tokens"

    def to_options(self) -> Options:
        """What the recipe is told."""
        values: Options = msgspec.to_builtins(self)
        told = {name: value for name, value in values.items() if name != "prompts"}
        return told | {name: list(getattr(self, name)) for name in ("temperatures", "top_ps")}

    @property
    def is_grid(self) -> bool:
        return len(self.temperatures) > 1 or len(self.top_ps) > 1

    @property
    def answers(self) -> int:
        """To each prompt, by all settings together."""
        return self.n * max(1, len(self.temperatures)) * max(1, len(self.top_ps))


class Train(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a Round's training reads besides, and who takes it; its tries as well, where settings are searched."""

    probe: str = ""  # uid of a build whose validation rows are read before and after
    teacher: str = ""  # uid of the model whose words sft learns by its option distil
    label: str = ""  # only workers that offer it take these runs

    def beside(self, recipe: str) -> dict[str, str]:
        """Uids of what a run of that recipe reads."""
        found = {PROBE: self.probe, TEACHER: self.teacher if recipe == "sft" else ""}
        return {name: uid for name, uid in found.items() if uid}


class Policy(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`dpo` learns from pairs with loss ["sigmoid", "sft"], `kto` from answers called good or bad; after
    `sft` they go on from what that made.

    Where there is nothing for the last of a chain to learn from, it becomes `sft`.
    """

    start: Start = Start()
    pause: Bars = Bars()
    chain: Chain = "dpo"
    search: Search | None = None
    accepts_simulated: bool = False
    despite: str = ""  # why to train though the builds' reports have findings that block
    sft: Options = {}
    dpo: Options = {}
    kto: Options = {}
    train: Train = Train()
    evaluate: Options = {}
    generate: Generate = Generate()
    campaign: NextCampaign = NextCampaign()
    gate: Gate = Gate()
    seed: int = 0

    @property
    def sources(self) -> list[str]:
        """Whose judgments are learnt from."""
        known = [Source.HUMAN.value, Source.IMPORTED.value]
        return [*known, Source.SIMULATED.value] if self.accepts_simulated else known

    @property
    def recipes(self) -> list[str]:
        """Of the chain, in order."""
        return self.chain.split(",")

    def options(self, recipe: str) -> Options:
        return {"sft": self.sft, "dpo": self.dpo, "kto": self.kto}[recipe]


def read_policy(values: dict[str, Any]) -> Policy:
    """Check a stored or submitted policy; what is left out has its default.

    Raises:
        BadPolicy: a strange field, a wrong type, or a value that means nothing; each is named.
    """
    try:
        policy = msgspec.convert(values, Policy)
        faults = [f"{recipe}.{fault}" for recipe in TOLD for fault in _told(policy, recipe)]
    except ContractError as error:
        raise _bad([str(error)]) from error
    except msgspec.ValidationError as error:
        raise BadPolicy(f"The policy cannot be used: {error}.") from error
    faults += _generate_faults(policy.generate)
    faults += [f"gate.{fault}" for fault in gate_faults(policy.gate)]
    faults += [f"campaign.{fault}" for fault in policy.campaign.faults()]
    faults += [f"start.{fault}" for fault in policy.start.faults()]
    faults += [f"pause.{fault}" for fault in policy.pause.faults()]
    faults += _search_faults(policy)
    faults += _train_faults(policy.train)
    if faults:
        raise _bad(faults)
    needed = {"rating": 1, "comparison": 2, "ranking": 3}[policy.campaign.type]
    if policy.generate.answers < needed:
        told = f"generate.n is {policy.generate.n}, but a {policy.campaign.type} needs {needed} answers to a prompt"
        raise _bad([f"{told}: set generate.n to {needed} or more, or name more settings"])
    return policy


def _bad(faults: list[str]) -> BadPolicy:
    return BadPolicy("The policy cannot be used: " + "; ".join(faults) + ".", faults=faults)


TOLD = ("sft", "dpo", "kto", "evaluate")  # recipes whose options stand in the policy as they are


def _told(policy: Policy, recipe: str) -> list[str]:
    try:
        return OPTIONS[recipe].of(getattr(policy, recipe)).faults()
    except ContractError as error:
        raise ContractError(f"{recipe}: {error}") from error


def _generate_faults(generate: Generate) -> list[str]:
    faults = GenerateOptions.of(generate.to_options()).faults()
    if generate.prompts < 1:
        faults.append(f"prompts is {generate.prompts}, but must be 1 or more")
    return [f"generate.{fault}" for fault in faults]


def _train_faults(train: Train) -> list[str]:
    faults = [
        f"train.{name} is {uid}, but must be a uid, or nothing"
        for name, uid in (("probe", train.probe), ("teacher", train.teacher))
        if uid and not is_uid(uid)
    ]
    if train.label and not is_label(train.label):
        faults.append(
            f"train.label is {train.label!r}, but must be lower-case letters, digits and hyphens"
        )
    return faults


def demand_acts(policy: Policy) -> None:
    """Refuse what would be read in vain; asked when a policy is saved, so that one of before is still followed.

    Raises:
        BadPolicy: a teacher without distil or the reverse, or elastic weights, which no Round can use.
    """
    space, faults = policy.search.space if policy.search else {}, []
    distils = bool(policy.sft.get("distil")) or "distil" in space
    if distils != bool(policy.train.teacher):
        faults.append("train.teacher and sft.distil go together: name both, or none")
    if policy.sft.get("ewc") or "ewc" in space:
        faults.append(
            "sft.ewc holds an adapter that is trained further, and a Round trains its own afresh: "
            "take kl_to_base"
        )
    if len({policy.options(recipe).get("trains", "adapter") for recipe in policy.recipes}) > 1:
        faults.append(
            f"the chain is {policy.chain}, and only one of its recipes trains all weights (trains): an adapter is "
            "not trained whole, and the baseline of what stands on a model that was is that model, which no "
            "Round measures; let both train all weights (kto never does), or none"
        )
    if faults:
        raise _bad(faults)


def _search_faults(policy: Policy) -> list[str]:
    if policy.search is None:
        return []
    faults = policy.search.faults()
    if policy.search.recipe not in policy.recipes:
        faults.append(f"recipe is {policy.search.recipe}, but the chain is {policy.chain}")
    return [f"search.{fault}" for fault in faults]


def merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`values` with `changes` put into it, at every depth; None takes a field away (RFC 7396)."""
    result = dict(values)
    for name, change in changes.items():
        known = result.pop(name, None)
        if isinstance(change, dict):
            result[name] = merged(known if isinstance(known, dict) else {}, change)
        elif change is not None:
            result[name] = change
    return result


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What two stored policies say differently: "generate.temperature: 0.8, now 1.0"."""
    was, now = listed(before), listed(after)
    return [
        f"{name}: {was.get(name, 'not set')}, now {now.get(name, 'not set')}"
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    ]


def listed(values: dict[str, Any]) -> dict[str, Any]:
    """A stored policy for reading: "start.schedule.at" and so on, one value each."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": each for inner, each in listed(value).items()}
        else:
            flat[name] = value
    return flat


def gate_in_words(values: dict[str, Any]) -> list[str]:
    """The conditions of a stored policy's gate; one that cannot be read is told as such."""
    try:
        return conditions_of(read_gate(values.get("gate", {})))
    except BadGate as error:
        return [str(error)]


def stored(policy: Policy) -> dict[str, Any]:
    """As JSON with every field, so that a Round says what it did even if defaults change."""
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(policy))
    return values  # by way of JSON, so that it is equal to what the database gives back
