"""Rows with the same text, of several prompts or models, as the one that is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.datasets.spill import REPLAY, Entry, entry_of

Row = dict[str, Any]  # JSON


def combined(same: Sequence[Entry]) -> Entry | str:
    """One row for all of them, or why there is none.

    Weights that count judgments add up, and shares and margins are averaged by them; of answers and documents
    to be learnt as they are the heaviest one stands for all. Of unpaired rows that call the same
    answer good and bad the heavier side stays, with what it weighs more; even ones are a tie. The
    answers of evaluation rows are put together, and of each its scores.
    """
    if len(same) == 1:
        return same[0]
    fresh = [each for each in same if not each.origin.startswith(REPLAY)]
    if len(fresh) < len(same):  # a replayed row is the same people's word, which counts once
        return combined(fresh) if fresh else same[0]
    rows, lineages = zip(*(each.read() for each in same), strict=True)
    said: tuple[str, str] | tuple[()] = ()
    weights: list[float] = [each["weight"] for each in rows]
    weight = sum(weights) if _counts_judgments(rows[0]) else max(weights)
    row = rows[0] | {"weight": round(weight, 3)}
    for name in ("p_chosen", "margin", "share"):
        if name in row:
            row[name] = round(sum(each[name] * each["weight"] for each in rows) / weight, 3)
    if "label" in row and "completion" in row:
        for_good = sum(each["weight"] * (1 if each["label"] else -1) for each in rows)
        if not for_good:
            return "tie"
        row |= {"label": for_good > 0, "weight": round(abs(for_good), 3)}
        said = ("label", "good" if row["label"] else "bad")
    if "completions" in row:
        references = [each["reference"] for each in rows if each["reference"] is not None]
        row |= {"completions": _completions(rows), "reference": next(iter(references), None)}
    judgments = sorted({uid for each in lineages for uid in each["judgments"]})
    completions = list(dict.fromkeys(uid for each in lineages for uid in each["completions"]))
    reason = f"{lineages[0]['reason']}; {len(same)} rows with this text became one"
    lineage = lineages[0] | {"judgments": judgments, "reason": reason}
    if "completions" in row:
        lineage["completions"] = completions
    first = same[0]
    facts = dict(first.known())
    if facts:
        facts["flags"] = sorted({flag for each in same for flag in each.known()["flags"]})
        facts["p_chosen"] = row.get("p_chosen", 1.0)
        facts["said"] = said or facts.get("said", ())
    return entry_of(
        row, lineage, split=first.split, part=first.part, value=first.value, facts=facts
    )


def _counts_judgments(row: Row) -> bool:
    return "label" in row or "p_chosen" in row or "completions" in row


def _completions(rows: Sequence[Row]) -> list[Row]:
    """The answers of all, by their text, each with the scores that it has in any."""
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for row in rows:
        for each in row["completions"]:
            told = scores.setdefault(each["content"], {})
            for criterion, score in each["scores"].items():
                told[criterion] = _together(told.get(criterion), score)
    return [{"content": content, "scores": scores[content]} for content in sorted(scores)]


def _together(one: Mapping[str, float] | None, other: Mapping[str, float]) -> dict[str, float]:
    if one is None:
        return dict(other)
    n = one["n"] + other["n"]
    return {"mean": round((one["mean"] * one["n"] + other["mean"] * other["n"]) / n, 3), "n": n}
