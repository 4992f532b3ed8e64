"""Holding a gate against what was measured: each condition met or not, in words with its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from evalhub.evaluation.figures import interval, kind_of, written
from evalhub.evaluation.gate import Gate, MustBeat, NotWorse
from evalhub.stats.proportions import Z

Metric = Mapping[str, Any]  # one of a Comparison's metrics
Condition = MustBeat | NotWorse
Find = Callable[
    [Condition, str], Metric | None
]  # the figure that a condition is about, beside whom


@dataclass(frozen=True)
class Outcome:
    """What became of one condition. `too_narrow` says what to do where the set cannot show it."""

    condition: str
    met: bool
    told: str
    metric: str
    than: str
    low: float | None = None
    high: float | None = None
    smallest: float | None = None  # difference that the set can show, 80 % power
    too_narrow: str = ""


@dataclass(frozen=True)
class Verdict:
    """Of the figures alone; people may have a word yet."""

    promote: bool
    reason: str
    outcomes: tuple[Outcome, ...]

    @property
    def too_narrow(self) -> list[str]:
        return [each.too_narrow for each in self.outcomes if each.too_narrow]

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(each) for each in self.outcomes]


def judge(*, gate: Gate, find: Find, has_incumbent: bool) -> Verdict:
    """Decide from the figures; the reason names each fault, or each condition met.

    Args:
        find: gives the difference between candidate and "baseline" or "incumbent".
    """
    outcomes = [
        _beats(each, _beside(each, has_incumbent=has_incumbent), find, gate)
        for each in gate.must_beat
    ]
    for limit in gate.not_worse:
        for than in _others(limit, has_incumbent=has_incumbent):
            outcomes.append(_not_worse(limit, than, find(limit, than), gate))
    faults = [each.told for each in outcomes if not each.met]
    if faults:
        return Verdict(
            promote=False, reason=f"Refused: {'; '.join(faults)}.", outcomes=tuple(outcomes)
        )
    told = "; ".join(each.told for each in outcomes)
    return Verdict(promote=True, reason=f"Promoted: {told}.", outcomes=tuple(outcomes))


def words_of(each: Condition) -> str:
    """A condition as a sentence: "preference accuracy is above the baseline's, 95 % sure"."""
    name = _where(each)
    if isinstance(each, MustBeat):
        more = f" by more than {_margin(each)}" if each.margin else ""
        return f"{name} is better than the {each.than}’s{more}, {each.confidence * 100:g} % sure"
    than = "the baseline’s and the incumbent’s" if each.than == "both" else f"the {each.than}’s"
    how = {
        "interval": f", {each.confidence * 100:g} % sure",
        "estimate": ", by the figure itself",
        "doubt": f": refused only where {each.confidence * 100:g} % sure that it is",
    }[each.shown_by]
    most = f" by more than {_margin(each)}" if each.margin else ""
    return f"{name} is not worse than {than}{most}{how}"


def conditions_of(gate: Gate) -> list[str]:
    """The whole gate as sentences, for a page."""
    told = [words_of(each) for each in gate.must_beat]
    told += [words_of(each) for each in gate.not_worse]
    if terms := gate.trial:
        votes = "" if terms.votes == 1 else f", {terms.votes} people each"
        told.append(
            f"people prefer its answers in a blind trial on at most {terms.prompts} held-out "
            f"prompts{votes}; no better is promoted with a chance of at most {terms.alpha * 100:g} %, "
            f"and a win rate below {(0.5 + terms.margin) * 100:g} % is no difference worth having"
        )
    for veto in gate.vetoes:
        told.append(
            f"at most {veto.most} of its answers are rated below {veto.least} on {veto.criterion}"
        )
    if gate.trial and gate.trial.most_unsafe_flags is not None:
        told.append(f"at most {gate.trial.most_unsafe_flags} tasks are flagged as unsafe")
    return told


def _beats(each: MustBeat, than: str, find: Find, gate: Gate) -> Outcome:
    metric = find(each, than)
    name = _where(each)
    if metric is None or metric["difference"] is None:
        told = f"{name} was not measured beside the {than}’s, so a gain cannot be shown"
        return Outcome(words_of(each), met=False, told=told, metric=each.metric, than=than)
    if kind_of(each.metric, metric).better == "neither":
        return _outcome(each, than, metric, met=False, told=_no_direction(name))
    if metric["low"] is None or metric["groups"] < gate.fewest_groups:
        told = (
            f"{name} was measured on only {metric['groups']} prompt groups (at least "
            f"{gate.fewest_groups} are needed to tell a gain from chance)"
        )
        return _outcome(each, than, metric, met=False, told=told)
    low, _ = gain_of(each.metric, metric)
    met = low > each.margin
    beyond = f"above {_margin(each)}" if each.margin else "above 0"
    told = _change(each, than, metric) + ("" if met else f", which does not lie {beyond}")
    return _outcome(each, than, metric, met=met, told=told)


def _not_worse(each: NotWorse, than: str, metric: Metric | None, gate: Gate) -> Outcome:
    missing = metric is None or metric["baseline"] is None or metric["candidate"] is None
    if each.shown_by == "doubt" and (missing or metric is None or metric["low"] is None):
        told = f"{_where(each)} has no interval beside the {than}’s, so it is not surely worse"
        return Outcome(words_of(each), met=True, told=told, metric=each.metric, than=than)
    if missing or metric is None:
        told = f"{_where(each)} was not measured beside the {than}’s, so its loss is not known"
        return Outcome(words_of(each), met=False, told=told, metric=each.metric, than=than)
    better = kind_of(each.metric, metric).better
    if better == "neither":
        return _outcome(each, than, metric, met=False, told=_no_direction(_where(each)))
    allowed = each.margin * (abs(metric["baseline"]) if each.relative else 1.0)
    sign = 1 if better == "higher" else -1
    change = sign * (metric["candidate"] - metric["baseline"])
    told = _change(each, than, metric)
    if each.shown_by == "estimate":
        met = change >= -allowed - 1e-12 * abs(metric["baseline"])
    elif metric["low"] is None:
        met = False
        told += ", and there is no interval over so few prompt groups"
    elif each.shown_by == "interval" and metric["groups"] < gate.fewest_groups:
        told += (
            f", measured on only {metric['groups']} prompt groups (at least {gate.fewest_groups} are needed to tell "
            "no loss from chance)"
        )
        return _outcome(each, than, metric, met=False, told=told, allowed=allowed)
    else:
        low, high = gain_of(each.metric, metric)
        met = low > -allowed if each.shown_by == "interval" else high >= -allowed
    limit = "" if met else f" (at most {_margin(each)} worse is allowed)" if each.margin else " (worse is not allowed)"  # fmt: skip
    return _outcome(each, than, metric, met=met, told=told + limit, allowed=allowed)


def gain_of(name: str, metric: Metric) -> tuple[float, float]:
    """The interval of how much better the candidate is; above 0 is better whatever the metric."""
    low, high = float(metric["low"]), float(metric["high"])
    return (low, high) if kind_of(name, metric).better == "higher" else (-high, -low)


def _no_direction(where: str) -> str:
    return (
        f"of {where} nobody said which way is better, so no gate can ask for it (a plug-in says it by `better`, a "
        "harness task by `higher_is_better`)"
    )


def _outcome(
    each: Condition,
    than: str,
    metric: Metric,
    *,
    met: bool,
    told: str,
    allowed: float | None = None,
) -> Outcome:
    return Outcome(
        condition=words_of(each),
        met=met,
        told=told,
        metric=each.metric,
        than=than,
        low=metric["low"],
        high=metric["high"],
        smallest=metric["smallest"],
        too_narrow=_too_narrow(each, metric, each.margin if allowed is None else allowed),
    )


def _too_narrow(each: Condition, metric: Metric, margin: float) -> str:
    """Why the set cannot hold this condition, and what to do; empty where it can.

    What is judged by the figure itself or refused only on proof of a loss asks nothing of the
    interval, and "any certain gain" is met by whatever the set can show.
    """
    smallest = metric["smallest"]
    asks = isinstance(each, MustBeat) and margin > 0
    asks = asks or (isinstance(each, NotWorse) and each.shown_by == "interval")
    if not asks or not smallest or margin >= smallest:
        return ""
    shown = written(each.metric, smallest, sign=True).lstrip("+")
    asked = written(each.metric, margin, sign=True).lstrip("+")
    remedy = f"a margin of at least {shown}"
    if margin > 0:
        groups = _groups_for(metric, smallest / margin)
        remedy += f", or about {groups:,} prompt groups instead of {metric['groups']:,}"
    return (
        f"On {_where(each)} this set shows differences from {shown} (80 % power), and a margin of "
        f"{asked} is narrower: ask for {remedy}"
    )


def _groups_for(metric: Metric, ratio: float) -> int:
    """How many groups would show a difference that is `ratio` times smaller.

    An error falls with the root of their number; where both models answer all rightly, or none, what may be unseen
    falls with the number itself, see `stats.shares.as_unseen_groups_allow`.
    """
    groups: int = metric["groups"]
    if metric["baseline"] == metric["candidate"] and metric["baseline"] in (0.0, 1.0):
        return round((groups + Z * Z) * ratio - Z * Z)
    return round(groups * ratio**2)


def _change(each: Condition, than: str, metric: Metric) -> str:
    """ "preference accuracy 72.0 % beside the baseline’s 60.0 % (+12.0 points, 95 % interval …)"."""
    name = each.metric
    told = (
        f"{_where(each)} is {written(name, metric['candidate'])} beside the {than}’s "
        f"{written(name, metric['baseline'])}"
    )
    if metric.get("difference") is None:
        return told
    share = ""
    if isinstance(each, NotWorse) and each.relative and metric["baseline"]:
        share = f" or {abs(metric['difference'] / metric['baseline']) * 100:.1f} %"
    span = ""
    if metric["low"] is not None:
        span = f", {each.confidence * 100:g} % interval {interval(name, metric, sign=True)}"
    return f"{told} ({written(name, metric['difference'], sign=True)}{share}{span}, n = {metric['n']:,})"


def _where(each: Condition) -> str:
    label = kind_of(each.metric).label.split(" (")[0]
    label = label if label[:2].isupper() else label[0].lower() + label[1:]
    if isinstance(each, NotWorse) and each.probe:
        label += f" on the probe {each.probe[:8]}"
    return f"{label} on {each.slice}" if each.slice else label


def _margin(each: Condition) -> str:
    if isinstance(each, NotWorse) and each.relative:
        return f"{each.margin * 100:g} %"
    return written(each.metric, each.margin, sign=True).lstrip("+")


def _beside(each: MustBeat, *, has_incumbent: bool) -> str:
    return each.than if has_incumbent else "baseline"


def _others(each: NotWorse, *, has_incumbent: bool) -> list[str]:
    wanted = ["baseline", "incumbent"] if each.than == "both" else [str(each.than)]
    return [than for than in wanted if has_incumbent or than == "baseline"]
