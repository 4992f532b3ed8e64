"""Which figures go with what people say of the same answers. Needs scipy: workers import this.

An answer that a model was measured by is found again among the completions that people judged, by its
model, its conversation and its text: greedy answers of a blind trial are the same ones. Shapes: R rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
from django.db.models import Exists, OuterRef

from evalhub.accounts.models import Workspace
from evalhub.common.canonical import digest_of
from evalhub.common.files import Beat, file_store, unwatched
from evalhub.evaluation.examples import value_of
from evalhub.evaluation.measures import Measure, measures_of
from evalhub.evaluation.models import Evaluation
from evalhub.evaluation.numbers import Row
from evalhub.evaluation.showing import direction_of
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment, Preference, Rating
from evalhub.judgments.scores import mean_ratings
from evalhub.prompts.models import Completion
from evalhub.runs.inputs import read_rows
from evalhub.stats.association import rank_correlation
from evalhub.stats.intervals import estimate_of_shares
from evalhub.stats.preferences import agreement

MOST = 100  # evaluations, the newest

Key = tuple[int, str, str]  # model, digest of the conversation, the answer's text


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


def belief_in(workspace: Workspace, beat: Beat = unwatched) -> dict[str, Any]:
    """How each figure goes with people's ratings and preferences of the same answers.

    Returns:
        {"figures": [{"name", "better", "ratings", "pairs"}], "measured", "rated", "pairs", "ties"}. ratings: rank
        correlation of the figure with the mean rating; pairs: how often the answer that people prefer has
        the better figure, equal ones as half. Both have value, 95 % interval by prompt group, and n.
    """
    better: dict[str, str] = {}
    answers = _measured(workspace, better, beat)
    found = _judged(workspace, answers, beat)
    names = sorted({name for each in answers.values() for name in each.values})
    return {
        "figures": [
            {"name": name, "better": better[name], "ratings": _ratings(name, found, beat), "pairs": _pairs(name, found, beat)}
            for name in names
        ],
        "measured": len(answers),
        "rated": len(found.rated),
        "pairs": len(found.pairs),
        "ties": found.ties,
    }  # fmt: skip


def _measured(workspace: Workspace, better: dict[str, str], beat: Beat) -> dict[Key, Measured]:
    """The answers of the newest evaluations; of one that was measured twice, the newest figures.

    Fills `better` with which way is better of each figure, as the newest evaluation has it.
    """
    done = Evaluation.objects.filter(workspace=workspace).exclude(metrics={}).order_by("-pk")
    found: dict[Key, Measured] = {}
    for each in done.select_related("run")[:MOST]:
        prompts = each.run.spec.get("inputs", {}).get("prompts")
        answers = each.run.artifacts.get("predictions.jsonl")
        if not (prompts and answers and _is_there(prompts) and _is_there(answers)):
            continue
        asked = {row["id"]: digest_of(row["prompt"]) for row in read_rows(prompts["key"])}
        rows = list(read_rows(answers["key"]))
        measures = measures_of({"predictions": rows})
        for name in measures:
            better.setdefault(name, direction_of(name, each.metrics.get(name)))
        for row in rows:
            beat()
            key = (each.model_id, asked[row["id"]], row["content"])
            if key not in found:
                found[key] = Measured(row["group"], _values(measures, better, row))
    return found


def _is_there(file: Mapping[str, Any]) -> bool:
    """An erasure takes files of which a person's words are a part."""
    return file_store().exists(file["key"])


def _values(
    measures: Mapping[str, Measure], better: Mapping[str, str], row: Row
) -> dict[str, float]:
    found = {}
    for name, measure in measures.items():
        if measure.table == "predictions" and (value := value_of(measure, row)) is not None:
            found[name] = -value if better[name] == "lower" else value
    return found


def _judged(workspace: Workspace, answers: Mapping[Key, Measured], beat: Beat) -> Found:
    """Those answers that people, not models or simulations, rated or compared."""
    judgments = Judgment.objects.counted().from_sources(Source.HUMAN)
    known: dict[int, Measured] = {}
    for pk, model, messages, content in _completions(workspace, {key[0] for key in answers}):
        beat()
        if (measured := answers.get((model, digest_of(messages), content))) is not None:
            known[pk] = measured
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


def _completions(
    workspace: Workspace, models: set[int]
) -> Iterable[tuple[int, int, list[Any], str]]:
    judged = (
        Exists(Rating.objects.filter(completion=OuterRef("pk")))
        | Exists(Preference.objects.filter(first=OuterRef("pk")))
        | Exists(Preference.objects.filter(second=OuterRef("pk")))
    )
    rows = Completion.objects.filter(judged, workspace=workspace, generation__model__in=models)
    wanted = rows.order_by("pk").values_list(
        "pk", "generation__model_id", "prompt__messages", "content"
    )
    return wanted.iterator()


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
