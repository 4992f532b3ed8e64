"""Soft labels or a majority vote, when some annotators answer by lot: DPO of the demo model on each.

    python -m tests.bench.experiment_label_noise [--seeds 5] [--pairs 240] [--json] [--plot FILE.svg]

Answers are made of sentences that people like more or less, so each pair has a side that is better and a gap
by which it is. A careful annotator prefers the better one with the chance σ(gap); a noisy one answers by
lot. Every pair gets three votes, from twelve annotators in turn, whatever is made of them:

* majority: the side with more votes, as if it were certain (`labels: hard`)
* votes: the share of the votes (`consensus: votes`)
* reliability: the chance that Bradley and Terry's model with strengths gives (`consensus: reliability`)

All else is the same: answers, votes, order, steps. Measured is how often the trained model's implicit
reward prefers the better one of 300 held-out pairs of other prompts, by the truth.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from evalhub.stats.reliability.preferences import strengths
from tests.training.conftest import Run
from tests.training.runs import answer, question
from training.demo_model.corpus import items

MODEL = Path(__file__).parents[2] / "training" / "assets" / "demo-model"
ARMS = ("majority", "votes", "reliability")
NOISY = (0.0, 0.1, 0.2, 0.3, 0.4)  # share of the annotators
ANNOTATORS, VOTES, HELD_OUT = 12, 3, 300
LIKED = {  # what people like, in logits; each answer has some of them
    "With pleasure!": 1.2,
    "I hope that helps!": 0.8,
    "Please ask if you need more.": 0.5,
    "Take care!": 0.2,
    "Done.": -0.4,
    "No.": -0.8,
    "Next.": -1.2,
}
OPTIONS: dict[str, Any] = {"learning_rate": 1e-3, "batch_size": 8, "epochs": 2.0, "lora_rank": 8, "loss": ["sigmoid"],
                           "loss_weights": [1.0], "evaluate_every": 1000}  # fmt: skip


@dataclass(frozen=True)
class Pair:
    prompt: str
    texts: tuple[str, str]
    gap: float  # by how much the first is better, in logits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=240)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, help="write the figure there")
    asked = parser.parse_args()
    os.environ.update(HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1")
    found = {
        arm: [[one_run(arm, noisy, seed, asked.pairs) for seed in range(asked.seeds)] for noisy in NOISY]
        for arm in ARMS
    }  # fmt: skip
    if asked.plot:
        asked.plot.write_text(figure(found), "utf-8")
    told = {"noisy": NOISY, "pairs": asked.pairs, "votes": VOTES, "accuracy": found}
    print(json.dumps(told) if asked.json else table(found))


def one_run(arm: str, noisy: float, seed: int, count: int) -> float:
    """The share of held-out pairs on which the trained model is right."""
    chance = random.Random(seed)
    prompts = [each.prompt for each in items()]
    chance.shuffle(prompts)
    train = list(pairs(prompts[:150], count, chance))
    held_out = list(pairs(prompts[150:], HELD_OUT, chance))
    said = votes_on(train, noisy, random.Random(f"{seed} votes"))
    labels = label(arm, train, said)
    quiet = redirect_stdout(io.StringIO())  # the trainer's own lines
    with tempfile.TemporaryDirectory() as folder, quiet:
        run = Run(Path(folder) / "run")
        inputs = {
            "train": run.rows("train", [row(*each) for each in zip(train, labels, strict=True)]),
            "validation": run.rows("validation", [row(each, float(each.gap > 0)) for each in held_out]),
        }  # fmt: skip
        options = OPTIONS | {"labels": "hard" if arm == "majority" else "soft"}
        result = run.ask(
            "dpo", model=str(MODEL), inputs=inputs, options=options, seed=seed
        ).attempt()
        assert result.ok, result.error
    return result.metrics["eval_reward_accuracy"]


def pairs(prompts: Sequence[str], count: int, chance: random.Random) -> Iterator[Pair]:
    """Pairs of answers of two sentences each, one better than the other."""
    left = count
    while left:
        first, second = (chance.sample(list(LIKED), 2) for _ in range(2))
        gap = sum(LIKED[each] for each in first) - sum(LIKED[each] for each in second)
        if abs(gap) > 1e-9:
            left -= 1
            yield Pair(chance.choice(prompts), (" ".join(first), " ".join(second)), gap)


def votes_on(given: Sequence[Pair], noisy: float, chance: random.Random) -> list[tuple[int, int, float]]:  # fmt: skip
    """(pair, annotator, 1 for the first); annotators take turns, and the first ones are the noisy ones."""
    by_lot = round(noisy * ANNOTATORS)
    found = []
    for nth, pair in enumerate(given):
        for who in chance.sample(range(ANNOTATORS), VOTES):
            sure = 0.5 if who < by_lot else 1 / (1 + math.exp(-pair.gap))
            found.append((nth, who, float(chance.random() < sure)))
    return found


def label(arm: str, given: Sequence[Pair], said: list[tuple[int, int, float]]) -> list[float]:
    """P(the first is the better one) for each pair, as that arm sees the votes."""
    unit_R, rater_R, win_R = (np.array(each) for each in zip(*said, strict=True))
    if arm == "reliability":
        fit = strengths(unit_R, rater_R, win_R, np.zeros(len(win_R)), units=len(given), raters=ANNOTATORS)  # fmt: skip
        return [float(each) for each in fit.first_U]
    shares = np.bincount(unit_R, weights=win_R) / np.bincount(unit_R)
    return [float(each) for each in (shares > 0.5 if arm == "majority" else shares)]


def row(pair: Pair, first: float) -> dict[str, Any]:
    better, worse = pair.texts if first >= 0.5 else pair.texts[::-1]
    name = f"{pair.prompt} {better} {worse}"
    return {
        "id": name,
        "group": pair.prompt,
        "prompt": question(pair.prompt),
        "chosen": answer(better),
        "rejected": answer(worse),
        "p_chosen": max(first, 1 - first),
    }


def table(found: dict[str, list[list[float]]]) -> str:
    lines = [f"{'noisy annotators':20}" + "".join(f"{noisy:>16.0%}" for noisy in NOISY)]
    for arm, points in found.items():
        told = (f"{mean(each):.3f} ± {spread(each):.3f}" for each in points)
        lines.append(f"{arm:20}" + "".join(f"{each:>16}" for each in told))
    for arm in ARMS[1:]:
        pairs_of = zip(found[arm], found["majority"], strict=True)
        gaps = [[a - b for a, b in zip(mine, theirs, strict=True)] for mine, theirs in pairs_of]
        told = (f"{mean(each):+.3f} ± {spread(each):.3f}" for each in gaps)
        lines.append(f"{arm + ' − majority':20}" + "".join(f"{each:>16}" for each in told))
    return "\n".join(lines)


def spread(values: Sequence[float]) -> float:
    """The standard error of their mean."""
    return stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0


WIDTH, HEIGHT, LEFT, BOTTOM = 640, 360, 60, 50
COLOURS = {"majority": "#8a8f98", "votes": "#2f6fde", "reliability": "#0b7a4b"}


def figure(found: dict[str, list[list[float]]]) -> str:
    """Means of the seeds with a bar of one standard error, as SVG."""
    every = [value for points in found.values() for each in points for value in each]
    low = math.floor(min(every) * 20) / 20
    high = math.ceil(max(every) * 20) / 20

    def x(nth: int, shift: int) -> float:
        return LEFT + 40 + nth * (WIDTH - LEFT - 80) / (len(NOISY) - 1) + shift

    def y(value: float) -> float:
        return 20 + (high - value) / (high - low) * (HEIGHT - BOTTOM - 20)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13" role="img">',
        "<title>Held-out preference accuracy by share of noisy annotators</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for step in range(round((high - low) * 20) + 1):
        value = low + step / 20
        parts += [
            f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>',
            f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:.2f}</text>',
        ]
    for nth, noisy in enumerate(NOISY):
        parts.append(f'<text x="{x(nth, 0):.1f}" y="{HEIGHT - 28}" text-anchor="middle">{noisy:.0%}</text>')  # fmt: skip
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}" text-anchor="middle">annotators who answer by lot</text>')  # fmt: skip
    for place, (arm, points) in enumerate(found.items()):
        colour, shift = COLOURS[arm], 6 * (place - 1)
        path = " ".join(f"{x(nth, shift):.1f},{y(mean(each)):.1f}" for nth, each in enumerate(points))  # fmt: skip
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for nth, each in enumerate(points):
            at, up, down = x(nth, shift), y(mean(each) + spread(each)), y(mean(each) - spread(each))
            parts += [
                f'<circle cx="{at:.1f}" cy="{y(mean(each)):.1f}" r="3.5" fill="{colour}"/>',
                f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{up:.1f}" y2="{down:.1f}" stroke="{colour}"/>',
            ]
        parts.append(f'<text x="{LEFT + 20 + 130 * place}" y="14" fill="{colour}">● {arm}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    main()
