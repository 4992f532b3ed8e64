"""What is known of answers before anybody judges them, in numbers. Shapes: A answers, K features.

No language model is needed: how long an answer is and how it is set, which words are in it, who wrote it,
and what a reward model thinks of it where one was asked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from evalhub.stats.believing import Floats
from evalhub.valuing.answers import Answer

WORDS = 16  # columns that words are hashed into
TEXT, SCORE, MODEL, IN_SLICE = 8.0, 1.0, 1.0, 4.0  # one over the prior variance of a weight
_WORD = re.compile(r"\w+")
_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s", re.MULTILINE)


def features_of(answers: Sequence[Answer], *, slices: Sequence[str] = ()) -> tuple[Floats, Floats]:
    """The answers' features, and how surely each weighs nothing before anybody has judged.

    Text and scores are in standard deviations of the answers given. What says nothing, as the model
    where all are by one, is left out.

    Args:
        slices: in these a model may do better or worse than elsewhere.

    Returns:
        features_AK; precision_K: one over the variance of a weight.
    """
    text_AT = np.array([described(each.prompt, each.text) for each in answers], dtype=np.float64)
    blocks = [(_standard(text_AT), TEXT), (_standard(_scores(answers)), SCORE)]
    models = sorted({each.model for each in answers})
    model_AM = np.array([[each.model == model for model in models] for each in answers], float)
    blocks.append((model_AM, MODEL))
    for name in slices:
        within_A1 = np.array([[name in each.slices] for each in answers], float)
        blocks.append((model_AM * within_A1, IN_SLICE))
    features_AK = np.hstack([block for block, _ in blocks])
    precision_K = np.concatenate([np.full(block.shape[1], known) for block, known in blocks])
    varies_K = np.ptp(features_AK, axis=0) > 0
    return features_AK[:, varies_K], precision_K[varies_K]


def described(prompt: str, text: str) -> list[float]:
    """Length, lines, variety, list, question, code, closeness to the prompt, numbers, end, and hashed words."""
    words = _WORD.findall(text.lower())
    distinct, asked = set(words), set(_WORD.findall(prompt.lower()))
    hashed = [0.0] * WORDS
    for word in distinct:
        key = crc32(word.encode())
        hashed[key % WORDS] += 1.0 if key >> 16 & 1 else -1.0
    size = max(1, len(distinct))
    return [
        np.log1p(len(text)),
        np.log1p(text.count("\n")),
        len(distinct) / max(1, len(words)),
        float(bool(_ITEM.search(text))),
        float("?" in text),
        float("```" in text),
        len(asked & distinct) / max(1, len(asked)),
        len(text) / max(1, len(words)),
        float(any(letter.isdigit() for letter in text)),
        float(text.rstrip()[-1:] in set(".!?…。！？`)")),
        *(value / size**0.5 for value in hashed),
    ]


def _scores(answers: Sequence[Answer]) -> Floats:
    """A column for each reward model; 0, the middle, where it was not asked."""
    models = sorted({model for each in answers for model in each.scores})
    columns = []
    for model in models:
        known = [each.scores[model] for each in answers if model in each.scores]
        middle = float(np.mean(known))
        columns.append([each.scores.get(model, middle) for each in answers])
    return np.array(columns, dtype=np.float64).reshape(len(models), len(answers)).T


def _standard(values_AC: Floats) -> Floats:
    if not values_AC.size:
        return values_AC
    deviation_C = values_AC.std(axis=0)
    scaled_AC: Floats = (values_AC - values_AC.mean(axis=0)) / np.where(
        deviation_C > 0, deviation_C, 1.0
    )
    return scaled_AC
