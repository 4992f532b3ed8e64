"""Some rows as the model reads them: which tokens it learns from, and which it only reads."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from training.attempt import Attempt
from training.data import Encoded
from training.models import Loaded

SHOWN = 3  # rows: the first, one of middling length and the longest
HEAD, TAIL = 300, 100  # tokens of a longer piece
TAUGHT = {"chosen": "raised", "rejected": "lowered"}  # what training does to its probability


def preview(attempt: Attempt, loaded: Loaded, rows: Sequence[Encoded]) -> None:
    """An event for each: {"row", "number", "tokens", "learnt", "pieces": […]}, and each
    piece {"name", "does", "tokens", "spans": [{"kind", "text"}]}.

    `does` is "read", "learnt", or of pairs and verdicts "raised" and "lowered"; `kind` is "text",
    "control" or "cut". All is decoded from the very token ids that are trained on.
    """
    for each in _some(rows):
        pieces = [_piece(loaded, "prompt", each.prompt, does="read")]
        for name, said in each.completions.items():
            pieces.append(_piece(loaded, name, said, does=_does(each, name)))
        learnt = sum(map(len, each.completions.values()))
        attempt.events.write(
            "preview",
            row=each.row.id,
            number=each.row.number,
            tokens=len(each.prompt) + learnt,
            learnt=learnt,
            pieces=pieces,
        )


def _some(rows: Sequence[Encoded]) -> list[Encoded]:
    order = sorted(rows, key=lambda each: (each.length, each.row.number))
    picked = [rows[0], order[len(order) // 2], order[-1]]
    return list({each.row.number: each for each in picked}.values())[:SHOWN]


def _does(row: Encoded, name: str) -> str:
    label = row.row.judged.get("label")
    if name == "completion" and type(label) is bool:
        return "raised" if label else "lowered"
    return TAUGHT.get(name, "learnt")


def _piece(loaded: Loaded, name: str, ids: list[int], *, does: str) -> dict[str, Any]:
    spans = _spans(loaded, ids)
    if len(ids) > HEAD + TAIL:
        left = {"kind": "cut", "text": f"{len(ids) - HEAD - TAIL:,} tokens more"}
        spans = [*_spans(loaded, ids[:HEAD]), left, *_spans(loaded, ids[-TAIL:])]
    return {"name": name, "does": does, "tokens": len(ids), "spans": spans}


def _spans(loaded: Loaded, ids: list[int]) -> list[dict[str, str]]:
    """Control tokens apart from text: what somebody typed can look like one."""
    control = set(loaded.tokenizer.all_special_ids)
    found = []
    for is_control, some in itertools.groupby(ids, key=lambda each: each in control):
        text = str(loaded.tokenizer.decode(list(some), skip_special_tokens=False))
        found.append({"kind": "control" if is_control else "text", "text": text})
    return found
