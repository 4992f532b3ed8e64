"""What can be told of answers that are given, by their texts alone: no model is loaded.

By hand: {"recipe": "evaluate", "inputs": {"answers": …}}, rows of `id` and `completion`, and where they are
known `group`, `reference` and `finish`.
"""

from __future__ import annotations

from training.artifacts import write_rows
from training.attempt import Attempt
from training.contract import EvaluateOptions
from training.metrics import overlap
from training.metrics.asked import asked_of
from training.metrics.plugins import directions, installed, values_of
from training.metrics.told import told
from training.rows import plain, read_rows

INPUT = "answers"


def measure_given(attempt: Attempt, options: EvaluateOptions) -> dict[str, float]:
    """Write predictions.jsonl and, where there are plug-ins, figures.jsonl, as of answers that were written."""
    path = attempt.needed_input(INPUT)
    rows = read_rows(path, name=INPUT, fields=("completion",), judged=("finish",))
    asked, plugins = asked_of(rows), installed()
    said = [plain(row.texts["completion"]) for row in rows]
    longest = max(len(text.split()) for text in said)
    ter = overlap.ter_fits(
        options.ter, (row.reference for row in rows), max_new_tokens=longest
    )  # a word is a token at least
    found = []
    for done, (row, text) in enumerate(zip(rows, said, strict=True), start=1):
        attempt.stop.check()
        named = {"id": row.id, "group": row.group, "finish": row.judged.get("finish", "")}
        found.append({**named, "words": len(text.split()), **told(text, asked[row.id], ter=ter)})
        attempt.progress(done, len(rows), note="measuring answers")
    references = [row.reference for row in rows]
    for values, line in zip(values_of(plugins, said, references), found, strict=True):
        line.update(values)
    write_rows(attempt.artifacts / "predictions.jsonl", found)
    if figures := directions(plugins):
        write_rows(attempt.artifacts / "figures.jsonl", figures)
    return {"answers": float(len(found))}
