"""Which figures go with what people say of the same answers. Needs scipy: workers import this.

What is measured are the very answers that people judged, each by its own uid. Shapes: R rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from evalhub.accounts.models import Workspace
from evalhub.common.files import Beat, unwatched
from evalhub.evaluation.examples import value_of
from evalhub.evaluation.judged_answers import judged_answers
from evalhub.evaluation.measures import Tables, measures_of
from evalhub.evaluation.showing import direction_of, label_of
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment, Preference
from evalhub.judgments.scores import mean_ratings
from evalhub.prompts.models import Completion, Score
from evalhub.stats.association import rank_correlation
from evalhub.stats.preferences import agreement
from evalhub.stats.shares import estimate_of_shares

REWARD = "reward by "  # with what the names of figures begin that reward models gave


class Measured(NamedTuple):
    """An answer and what each figure says of it alone; higher is better, or more."""

    group: str
    values: Mapping[str, float]


class Pair(NamedTuple):
    """Two answers of which people prefer the first, most of them."""

    preferred: Measured
    other: Measured


@dataclass
class Found:
    rated: list[tuple[Measured, float]] = field(
        default_factory=list
    )  # with the mean rating, 0 to 1
    pairs: list[Pair] = field(default_factory=list)
    ties: int = 0  # pairs that people are divided about, which say nothing here


def belief_in(workspace: Workspace, tables: Tables, beat: Beat = unwatched) -> dict[str, Any]:
    """How each figure goes with people's ratings and preferences of the same answers.

    Args:
        tables: what a run found of answers that people judged: "predictions" by the answers' uids.

    Returns:
        {"figures": [{"name", "label", "better", "ratings", "pairs"}], "judged", "measured", "without_reference",
        "rated", "pairs", "ties"}. ratings: rank correlation of the figure with the mean rating; pairs: how often
        the answer that people prefer has the better figure, equal ones as half. Both have value, 95 %
        interval by prompt group, and n. judged: answers by models that people judged, of which `measured` are.
    """
    better: dict[str, str] = {}
    answers = _measured(workspace, tables, better, beat)
    found = _judged(answers)
    return {
        "figures": [
            {
                "name": name,
                "label": name if name.startswith(REWARD) else label_of(name),
                "better": better[name],
                "ratings": _ratings(name, found, beat),
                "pairs": _pairs(name, found, beat),
            }
            for name in sorted({name for each in answers.values() for name in each.values})
        ],
        "judged": judged_answers(workspace).count(),
        "measured": len(answers),
        "without_reference": sum("rouge1" not in each.values for each in answers.values()),
        "rated": len(found.rated),
        "pairs": len(found.pairs),
        "ties": found.ties,
    }


def _measured(
    workspace: Workspace, tables: Tables, better: dict[str, str], beat: Beat
) -> dict[int, Measured]:
    """By the key of the answer; fills `better` with which way is better of each figure."""
    told = {str(row["figure"]): row for row in tables.get("figures", ())}
    measures = measures_of(tables)
    better |= {name: direction_of(name, told.get(name)) for name in measures}
    rows = {str(row["id"]): row for row in tables.get("predictions", ())}
    stored = Completion.objects.filter(workspace=workspace, uid__in=list(rows)).order_by("pk")
    found: dict[int, Measured] = {}
    for pk, uid in stored.values_list("pk", "uid"):
        beat()
        row, values = rows[str(uid)], {}
        for name, measure in measures.items():
            value = value_of(measure, row) if measure.table == "predictions" else None
            if value is not None:
                values[name] = -value if better[name] == "lower" else value
        found[pk] = Measured(row["group"], values)
    return _with_rewards(found, better)


def _with_rewards(answers: dict[int, Measured], better: dict[str, str]) -> dict[int, Measured]:
    """What reward models gave these answers, each model a figure of its own."""
    scores = Score.objects.filter(completion__in=list(answers)).order_by("pk")
    given: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for pk, model, value in scores.values_list("completion", "model__name", "value"):
        given[pk][f"{REWARD}{model}"] = value
        better[f"{REWARD}{model}"] = "higher"
    return {
        pk: each._replace(values={**each.values, **given[pk]}) if pk in given else each
        for pk, each in answers.items()
    }


def _judged(known: Mapping[int, Measured]) -> Found:
    """What people, not models or simulations, said of these answers."""
    judgments = Judgment.objects.counted().from_sources(Source.HUMAN)
    ratings = mean_ratings(list(known), sources=(Source.HUMAN,))
    found = Found(rated=[(known[pk], ratings[pk]) for pk in sorted(ratings)])
    said = Preference.objects.filter(
        judgment__in=judgments, criterion=None, first__in=list(known), second__in=list(known)
    )
    votes: defaultdict[tuple[int, int], int] = defaultdict(int)
    for first, second, margin in said.order_by("pk").values_list("first", "second", "margin"):
        votes[first, second] += int(np.sign(margin))
    for (first, second), more in votes.items():
        if more == 0:
            found.ties += 1
        else:
            pair = (known[first], known[second])
            found.pairs.append(Pair(*(pair if more > 0 else pair[::-1])))
    return found


def _ratings(name: str, found: Found, beat: Beat) -> dict[str, Any]:
    rows = [
        (each.group, each.values[name], mean) for each, mean in found.rated if name in each.values
    ]
    groups = [group for group, _, _ in rows]
    values_R, means_R = (np.array([row[at] for row in rows], dtype=float) for at in (1, 2))
    return asdict(rank_correlation(groups, values_R, means_R, beat=beat))


def _pairs(name: str, found: Found, beat: Beat) -> dict[str, Any]:
    rows = [
        (each.preferred.group, each.preferred.values[name], each.other.values[name])
        for each in found.pairs
        if name in each.preferred.values and name in each.other.values
    ]
    groups = [group for group, _, _ in rows]
    better_R, other_R = (np.array([row[at] for row in rows], dtype=float) for at in (1, 2))
    return asdict(estimate_of_shares(groups, agreement(better_R, other_R), beat=beat))
