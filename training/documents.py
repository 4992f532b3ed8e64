"""Documents in token ids: every token is learnt; what is longer than the model takes is cut into windows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from training.attempt import Attempt
from training.data import Encoded, Encoder, Left, Sorted
from training.models import Loaded
from training.rows import Row, is_blank

OPENING = 32  # tokens of a document that a model is given to write on from
TEXT = "text"


def encode_documents(
    rows: Sequence[Row],
    loaded: Loaded,
    *,
    name: str,
    limit: int,
    beat: Callable[[], None] = lambda: None,
) -> Sorted:
    """Encode all documents, each ending with an end-of-sequence token; leave out the empty ones.

    The first token is only read, for nothing stands before it to foretell it from: of models that have
    one it is their start token.

    Args:
        limit: tokens that a window may have.
        beat: called at each row; may raise to stop.
    """
    encoder, result = Encoder(loaded), Sorted(name)
    for row in rows:
        beat()
        ids = [
            *encoder.prompt(row.texts[TEXT], place=f"{name!r}, row {row.number}"),
            loaded.eos_ids[0],
        ]
        if is_blank(row.texts[TEXT]):
            result.left.append(Left(row, "text is empty", len(ids)))
        else:
            result.used += [Encoded(row, ids[:1], {TEXT: ids[1:]}) for ids in windows(ids, limit)]
    return result


def windows(ids: list[int], limit: int) -> list[list[int]]:
    """As few pieces of at most `limit` tokens as will do, of much the same length.

    Each begins with the last token of the one before it, which it reads and does not learn; so every token
    but the first is learnt once.

    >>> windows([1, 2, 3, 4, 5, 6], 4)
    [[1, 2, 3], [3, 4, 5, 6]]
    """
    learnt = len(ids) - 1
    pieces = -(-learnt // (limit - 1))
    ends = [learnt * nth // pieces for nth in range(pieces + 1)]
    return [ids[start : end + 1] for start, end in pairwise(ends)]


def tell_cuts(attempt: Attempt, inputs: Sequence[Sorted], *, limit: int) -> None:
    """Say how many documents were cut, and into how many windows."""
    pieces = Counter(
        (one.name, each.row.number)
        for one in inputs
        for each in one.used
        if TEXT in each.completions
    )
    cut = [count for count in pieces.values() if count > 1]
    if cut:
        told = f"{len(cut)} of {len(pieces)}, into {sum(cut)} windows of at most {limit} tokens"
        attempt.find("documents_cut", told)


def openings(loaded: Loaded, rows: Sequence[Encoded]) -> list[Encoded]:
    """The beginning of each document as a prompt, at most half of it, and the rest as what was written."""
    found = []
    for each in rows:
        ids = [*each.prompt, *each.completions[TEXT]]
        at = max(1, min(OPENING, len(ids) // 2))
        said = str(loaded.tokenizer.decode(ids[:at], skip_special_tokens=True))
        found.append(Encoded(replace(each.row, texts={"prompt": said}), ids[:at], {TEXT: ids[at:]}))
    return found
