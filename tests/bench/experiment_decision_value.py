"""How many judgments a decision takes, asked by decision value, by lot, or where one is least sure.

    python -m tests.bench.experiment_decision_value [--seeds 20] [--most 300] [--json] [--plot FILE.svg]

Two worlds, and in each the same learner (`stats.believing.believe` over `valuing.features`), told ten
judgments at a time; a third of the prompts is held out and never asked about:

* oasst: 754 pairs of sibling answers as Open Assistant's people ranked them (../shared/data). Measured is how
  often the learner prefers the held-out answer that people preferred. No model is known there.
* simulated: five models whose answers are made of sentences that people like more or less, in unlike
  shares; people prefer the better one with the chance σ(gap). Measured likewise, by the truth, and how many of
  the ten orders of two models are right.

Ways of asking: by lot; where the learner is least sure which answer is preferred ("unsure"); by decision value
with a fifth drawn by lot, as campaigns do, towards which answer is chosen ("data") or which model is better, too
("both"); and towards the former without a share by lot ("all data"), which shows what the share costs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from evalhub.stats.believing import Belief, Floats, Ints, believe
from evalhub.stats.decision_value import in_order, one_each
from evalhub.valuing.answers import Answer
from evalhub.valuing.features import features_of
from tests.bench.experiment_label_noise import LIKED
from training.demo_model.corpus import items

OASST = Path(__file__).parents[2].parent / "shared" / "data" / "oasst_en100" / "en_100_tree.jsonl"
WAYS = ("lot", "unsure", "data", "both", "all data")
COLOURS = {"lot": "#555555", "unsure": "#b35900", "data": "#0a5fb4"}
TOLD = {"lot": "by lot", "unsure": "where unsure", "data": "by decision value"}
STEP, START, BY_LOT = 10, 10, 0.2
DECISIONS = 200


@dataclass(frozen=True)
class World:
    """Pairs with what people said, and what is right where the truth is known."""

    group_P: Ints  # the prompt
    pair_PK: Floats
    said_P: Floats  # 1: the first
    right_P: Floats
    precision_K: Floats
    contrast_DK: Floats  # orders of two models, the better one first; none where no model is known


def oasst(seed: int) -> World:
    pairs = list(_ranked(OASST))
    answers = [Answer(prompt, text) for _, prompt, *texts in pairs for text in texts]
    features_AK, precision_K = features_of(answers)
    pair_PK = features_AK[0::2] - features_AK[1::2]
    turn_P = np.random.default_rng(seed).random(len(pairs)) < 0.5
    pair_PK[turn_P] *= -1
    said_P = np.where(turn_P, 0.0, 1.0)
    group_P = np.array([group for group, *_ in pairs])
    return World(group_P, pair_PK, said_P, said_P, precision_K, np.zeros((0, len(precision_K))))


def _ranked(file: Path) -> Iterator[tuple[int, str, str, str]]:
    """Tree, prompt, and two siblings, the preferred one first."""
    for nth, line in enumerate(file.read_text(encoding="utf-8").splitlines()):
        heap = [json.loads(line)["prompt"]]
        while heap:
            turn = heap.pop()
            ranked = [each for each in turn["replies"] if each.get("rank") is not None]
            ranked = sorted((each for each in ranked if each["role"] == "assistant"), key=lambda each: each["rank"])  # fmt: skip
            for one, other in combinations(ranked, 2):
                if one["rank"] < other["rank"]:
                    yield nth, turn["text"], one["text"], other["text"]
            heap += turn["replies"]


def simulated(seed: int) -> World:
    chance = np.random.default_rng(seed)
    prompts = list(dict.fromkeys(item.prompt for item in items()))[:300]
    names, liking = list(LIKED), np.array(list(LIKED.values()))
    leaning_MS = 0.6 * chance.normal(size=(5, len(names)))  # how readily a model says each
    answers, worth = [], []
    for prompt in prompts:
        for model in range(5):
            says_S = chance.random(len(names)) < expit(leaning_MS[model] - 1)
            text = " ".join(["So it is.", *(name for name, says in zip(names, says_S, strict=True) if says)])  # fmt: skip
            answers.append(Answer(prompt, text, model=model))
            worth.append(float(liking @ says_S))
    features_AK, precision_K = features_of(answers)
    worth_A = np.array(worth)
    places = np.arange(len(answers)).reshape(-1, 5)
    met = [chance.choice(row, 2, replace=False) for row in places for _ in range(3)]
    first, second = np.array(met).T
    gap_P = worth_A[first] - worth_A[second]
    said_P = (chance.random(len(gap_P)) < expit(gap_P)).astype(float)
    right_P = np.where(gap_P == 0, 0.5, gap_P > 0)
    mean_M = worth_A.reshape(-1, 5).mean(axis=0)
    mean_MK = features_AK.reshape(-1, 5, len(precision_K)).mean(axis=0)
    better = [(i, j) if mean_M[i] > mean_M[j] else (j, i) for i, j in combinations(range(5), 2)]
    contrast_DK = np.array([mean_MK[i] - mean_MK[j] for i, j in better])
    group_P = np.repeat(np.arange(len(prompts)), 3)
    return World(group_P, features_AK[first] - features_AK[second], said_P, right_P, precision_K, contrast_DK)  # fmt: skip


def course(world: World, way: str, *, most: int, seed: int) -> list[tuple[int, float, float]]:
    """(judgments, held-out accuracy, share of model orders that are right) after each step."""
    chance = np.random.default_rng(seed)
    groups = chance.permutation(np.unique(world.group_P))
    held_P = np.isin(world.group_P, groups[: len(groups) // 3])
    pool, test = np.flatnonzero(~held_P), np.flatnonzero(held_P & (world.right_P != 0.5))
    asked = list(chance.choice(pool, START, replace=False))
    told = []
    while True:
        belief = believe(world.pair_PK[asked], world.said_P[asked], precision_K=world.precision_K)
        score_T = world.pair_PK[test] @ belief.mean_K
        accuracy = float(((score_T > 0) == (world.right_P[test] == 1)).mean())
        orders = float((world.contrast_DK @ belief.mean_K > 0).mean()) if len(world.contrast_DK) else 0  # fmt: skip
        told.append((len(asked), accuracy, orders))
        free = np.setdiff1d(pool, asked)
        if len(asked) >= most or len(free) < STEP:
            return told
        asked += list(_next(world, way, free, pool, belief, chance))


def _next(
    world: World, way: str, free: Ints, pool: Ints, belief: Belief, chance: np.random.Generator
) -> Ints:
    mixed: Ints = chance.permutation(free)
    if way == "lot":
        return mixed[:STEP]
    if way == "unsure":
        return free[np.argsort(np.abs(world.pair_PK[free] @ belief.mean_K), kind="stable")[:STEP]]
    data_DK = world.pair_PK[chance.permutation(pool)[:DECISIONS]]
    orders_DK = world.contrast_DK if way == "both" else world.contrast_DK[:0]
    weight_D = np.concatenate([np.full(len(each), 1 / max(1, len(each))) for each in (data_DK, orders_DK)])  # fmt: skip
    decisions_DK = np.concatenate([data_DK, orders_DK])
    by_value = STEP if way == "all data" else round(STEP * (1 - BY_LOT))
    looks = one_each(world.pair_PK[free])
    order, _ = in_order(looks, decisions_DK, weight_D, belief, most=by_value)
    valued = free[order[:by_value]]
    return np.concatenate([valued, mixed[~np.isin(mixed, valued)][: STEP - by_value]])


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--most", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args(argv)
    found: dict[str, dict[str, Any]] = {}
    for name, make in {"oasst": oasst, "simulated": simulated}.items():
        if name == "oasst" and not OASST.exists():
            print(f"{OASST} is absent: left out")
            continue
        found[name] = {}
        for way in WAYS:
            courses = [
                course(make(seed), way, most=given.most, seed=seed) for seed in range(given.seeds)
            ]
            found[name][way] = np.array(courses).mean(axis=0).round(4).tolist()
    if given.plot:
        given.plot.write_text(drawn(found), encoding="utf-8")
    if given.json:
        print(json.dumps(found))
        return
    for name, ways in found.items():
        _show(name, ways)


def drawn(found: dict[str, dict[str, Any]]) -> str:
    """A panel for each world, with a line for each way of asking."""
    parts = []
    for nth, (world, ways) in enumerate(found.items()):
        points = [row for rows in ways.values() for row in rows]
        low, high = min(row[1] for row in points), max(row[1] for row in points)
        most, left = max(row[0] for row in points), 60 + 400 * nth
        parts.append(f'<text x="{left}" y="20">{world}: {low:.0%} to {high:.0%}, {most:.0f} judgments</text>')  # fmt: skip
        parts.append(f'<rect x="{left}" y="30" width="300" height="200" fill="none" stroke="#999"/>')  # fmt: skip
        for at, (way, colour) in enumerate(COLOURS.items()):
            line = " ".join(
                f"{left + 300 * asked / most:.1f},{230 - 200 * (accuracy - low) / (high - low):.1f}"
                for asked, accuracy, _ in ways[way]
            )
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')  # fmt: skip
            parts.append(f'<text x="{left + 180}" y="{180 + 18 * at}" fill="{colour}">{TOLD[way]}</text>')  # fmt: skip
    body = "".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 840 250" font-family="sans-serif" font-size="13"><rect width="840" height="250" fill="#fff"/>{body}</svg>\n'


def _show(name: str, ways: dict[str, list[list[float]]]) -> None:
    print(f"\n{name}: judgments, then held-out accuracy (and right orders of models) by", *WAYS)
    for rows in zip(*(ways[way] for way in WAYS), strict=True):
        if rows[0][0] in (10, 20, 30, 40, 60, 80, 100, 120, 150, 200, 250, 300):
            cells = [f"{accuracy:.3f} ({orders:.2f})" for _, accuracy, orders in rows]
            print(f"{rows[0][0]:5.0f}", *cells, sep="   ")


if __name__ == "__main__":
    main()
