"""The gate that a team writes: when a candidate may replace the model in service, as data."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any, Literal

import msgspec

from evalhub.common.uids import is_uid
from evalhub.evaluation.errors import BadGate
from evalhub.evaluation.figures import KINDS, is_figure
from evalhub.judgments.choices import Source

Than = Literal["baseline", "incumbent"]


class MustBeat(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Better by more than `margin` for certain: the whole interval lies beyond it.

    `margin` is in the metric's own unit, a share for what is shown in percent. Where no adapter is
    in service, the incumbent is the base.
    """

    metric: str
    than: Than = "baseline"
    margin: float = 0.0
    confidence: float = 0.95
    slice: str = ""  # "language=de": only prompt groups with such a prompt


class NotWorse(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Worse by at most `margin`; with `relative` that is a share of the other's figure.

    shown_by: "interval", the whole interval lies within the margin (non-inferiority); "estimate",
    the figure itself does; "doubt", it is only refused where the whole interval lies beyond.
    """

    metric: str
    than: Literal["baseline", "incumbent", "both"] = "both"
    margin: float = 0.0
    relative: bool = False
    shown_by: Literal["interval", "estimate", "doubt"] = "interval"
    confidence: float = 0.95
    slice: str = ""
    probe: str = ""  # uid of a build: measured there, and not on the set of the Round


class TrialTerms(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A blind comparison by people, looked at after every vote; see `stats.betting`."""

    prompts: int = 240  # at most so many held-out prompts, one of a group
    votes: int = 1  # people for each
    alpha: float = 0.05  # chance to promote what is no better
    margin: float = 0.15  # win probability beyond one half that is worth having
    max_new_tokens: int = 256
    most_unsafe_flags: int | None = None  # more tasks flagged as unsafe refuse it; None: not asked
    accepts_simulated: bool = False  # whether simulated votes count

    @property
    def sources(self) -> list[Source]:
        """Of the judgments that count, in votes, vetoes and progress alike."""
        return [Source.HUMAN, *([Source.SIMULATED] if self.accepts_simulated else [])]


class Veto(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """More than `most` of the candidate's answers rated below `least` on a criterion of the rubric."""

    criterion: str
    least: int
    most: int = 0


DEFAULT_GAIN = (MustBeat("preference_accuracy"),)
DEFAULT_LIMITS = (
    NotWorse("preference_accuracy", than="incumbent", shown_by="doubt"),
    NotWorse("perplexity", margin=0.05, relative=True, shown_by="estimate"),
)


class Gate(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """All conditions must be met; a trial is only held where the figures meet theirs."""

    must_beat: tuple[MustBeat, ...] = DEFAULT_GAIN
    not_worse: tuple[NotWorse, ...] = DEFAULT_LIMITS
    trial: TrialTerms | None = None
    vetoes: tuple[Veto, ...] = ()
    fewest_groups: int = 5  # an interval over fewer prompt groups says nothing


def read_gate(values: dict[str, Any]) -> Gate:
    """Check a stored or submitted gate; what is left out has its default.

    Raises:
        BadGate: a strange field, a wrong type, or a value that means nothing; each is named.
    """
    try:
        gate = msgspec.convert(values, Gate)
    except msgspec.ValidationError as error:
        raise BadGate(f"The gate cannot be used: {error}.") from error
    if faults := gate_faults(gate):
        raise BadGate("The gate cannot be used: " + "; ".join(faults) + ".")
    return gate


def as_json(gate: Gate) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(gate))
    return values


def probes_of(gate: Gate) -> list[str]:
    """The builds that a candidate is measured on besides, by uid, each once."""
    return list(dict.fromkeys(each.probe for each in gate.not_worse if each.probe))


def gate_faults(gate: Gate) -> list[str]:
    """What cannot be meant, each with the place where it stands."""
    faults = [] if gate.fewest_groups >= 2 else [f"fewest_groups is {gate.fewest_groups}, but must be 2 or more"]  # fmt: skip
    conditions: list[tuple[str, Sequence[MustBeat | NotWorse]]] = [
        ("must_beat", gate.must_beat),
        ("not_worse", gate.not_worse),
    ]
    for name, listed in conditions:
        for place, each in enumerate(listed):
            faults += [f"{name}[{place}].{fault}" for fault in _condition_faults(each)]
    if not gate.must_beat and gate.trial is None:
        faults.append("must_beat is empty and there is no trial, so anything would be promoted")
    if gate.vetoes and gate.trial is None:
        faults.append("vetoes are about people's ratings in a trial, and trial is null")
    for place, veto in enumerate(gate.vetoes):
        if veto.most < 0:
            faults.append(f"vetoes[{place}].most is {veto.most}, but must be 0 or more")
    return faults + (_trial_faults(gate.trial) if gate.trial else [])


def _condition_faults(each: MustBeat | NotWorse) -> list[str]:
    faults = []
    if not is_figure(each.metric):
        faults.append(
            f"metric is “{each.metric}”, but must be one of {', '.join(KINDS)}, or plugin_… or harness/…"
        )
    elif each.metric in KINDS and KINDS[each.metric].better == "neither":
        faults.append(f"metric is “{each.metric}”, of which neither more nor less is better")
    if not 0 <= each.margin < inf:  # a NaN is neither
        faults.append(f"margin is {each.margin}, but must be 0 or more")
    if not 0.5 <= each.confidence < 1:
        faults.append(f"confidence is {each.confidence}, but must be from 0.5 to below 1")
    if each.slice and not all(each.slice.partition("=")[::2]):
        faults.append(f"slice is “{each.slice}”, but must read like “language=de”")
    if isinstance(each, NotWorse) and each.probe and not is_uid(each.probe):
        faults.append(f"probe is “{each.probe}”, but must be the uid of a build")
    return faults


def _trial_faults(terms: TrialTerms) -> list[str]:
    faults = [
        f"trial.{name} is {getattr(terms, name)}, but must be {least} or more"
        for name, least in (("prompts", 10), ("votes", 1), ("max_new_tokens", 1))
        if getattr(terms, name) < least
    ]
    if not 0 < terms.alpha <= 0.5:
        faults.append(f"trial.alpha is {terms.alpha}, but must be above 0 and at most 0.5")
    if not 0 < terms.margin < 0.5:
        faults.append(f"trial.margin is {terms.margin}, but must lie between 0 and 0.5")
    return faults
