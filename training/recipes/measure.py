"""How many tokens rows have for a model: what would not fit, and how much of it is learnt.

Reads the tokenizer, the chat template and the settings of a model, none of its weights, so it takes
seconds. Counts as training will: the same code makes the same token ids. By hand: {"recipe": "measure",
"model": …, "inputs": {"train": …}, "options": {"answers": ["chosen", "rejected"]}}.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

from training.artifacts import write_rows
from training.attempt import Attempt
from training.contract import MeasureOptions
from training.data import Sorted, demand_sane, encode_rows, room
from training.documents import encode_documents
from training.errors import InputError
from training.models import Loaded, load_tokenizer
from training.rows import DOCUMENT, Row, fields_of, read_rows


def run(attempt: Attempt) -> dict[str, float]:
    """Write lengths.jsonl, a line for each row; figures of each input under its name."""
    options = MeasureOptions.of(attempt.spec.options)
    demand_sane(options)
    if not attempt.spec.inputs:
        raise InputError("There is nothing to measure: name an input.")
    loaded = load_tokenizer(attempt)
    limit = room(loaded, options.max_length)
    found, metrics = [], {"limit": float(limit)}
    for at, name in enumerate(sorted(attempt.spec.inputs)):
        attempt.stop.check()
        rows = read_rows(attempt.needed_input(name), name=name, fields=fields_of(options.answers))
        each = _encoded(attempt, rows, loaded, name=name, answers=options.answers, limit=limit)
        attempt.progress(at + 1, len(attempt.spec.inputs), note=f"measured {name}")
        found.append(each)
        metrics |= {f"{name}_{figure}": value for figure, value in figures(each, limit).items()}
    write_rows(
        attempt.artifacts / "lengths.jsonl",
        (
            line
            for each in found
            for line in (
                *({"input": each.name, "id": row.row.id, "tokens": row.length, "reason": ""} for row in each.used),
                *({"input": each.name, "id": left.row.id, "tokens": left.tokens, "reason": left.reason} for left in each.left),
            )
        ),
    )  # fmt: skip
    return metrics


def _encoded(
    attempt: Attempt, rows: Sequence[Row], loaded: Loaded, *, name: str, answers: Sequence[str], limit: int
) -> Sorted:  # fmt: skip
    beat = attempt.stop.check
    if tuple(answers) == DOCUMENT:  # whole, as training cuts what is longer and loses none of it
        return encode_documents(rows, loaded, name=name, limit=sys.maxsize, beat=beat)
    return encode_rows(rows, loaded, name=name, answers=answers, limit=limit, beat=beat)


def figures(rows: Sorted, limit: int) -> dict[str, float]:
    """Of an input; lengths are of the prompt and the longest of its answers."""
    lengths = sorted([*(each.length for each in rows.used), *(each.tokens for each in rows.left)])
    read = sum(len(each.prompt) for each in rows.used)
    learnt = sum(len(said) for each in rows.used for said in each.completions.values())
    return {
        "rows": float(len(lengths)),
        "too_long": float(sum(each.tokens > limit for each in rows.left)),
        "otherwise_left_out": float(sum(each.tokens <= limit for each in rows.left)),
        "median": float(quantile(lengths, 0.5)),
        "p95": float(quantile(lengths, 0.95)),
        "longest": float(lengths[-1]),
        "tokens": float(read + learnt),
        "learnt_tokens": float(learnt),
    }


def quantile(ordered: Sequence[int], share: float) -> int:
    """The least length that this share of rows does not go beyond."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
