"""Some rows as the model reads them: which tokens it learns from, and which it only reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from training.attempt import Attempt
from training.data import Encoded
from training.models import Loaded

SHOWN = 3  # rows: the first, one of middling length and the longest
HEAD, TAIL = 900, 300  # characters of a longer piece
TAUGHT = {"chosen": "raised", "rejected": "lowered"}  # what training does to its probability


def preview(attempt: Attempt, loaded: Loaded, rows: Sequence[Encoded]) -> None:
    """An event for each: {"row", "number", "tokens", "learnt", "pieces": [{"name","text","does","tokens"}]}.

    `does` is "read", "learnt", or of pairs "raised" and "lowered". The pieces are decoded from the very
    token ids that are trained on, control tokens and all.
    """
    for each in _some(rows):
        pieces = [_piece(loaded, "prompt", each.prompt, does="read")]
        for name, said in each.completions.items():
            pieces.append(_piece(loaded, name, said, does=_does(each, name)))
        attempt.events.write(
            "preview",
            row=each.row.id,
            number=each.row.number,
            tokens=each.length,
            learnt=sum(map(len, each.completions.values())),
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
    text = str(loaded.tokenizer.decode(ids, skip_special_tokens=False))
    if len(text) > HEAD + TAIL:
        left = len(text) - HEAD - TAIL
        text = f"{text[:HEAD]} [… {left:,} characters …] {text[-TAIL:]}"
    return {"name": name, "text": text, "does": does, "tokens": len(ids)}
