"""Alpaca: `instruction`, `input`, `output`, and LLaMA-Factory's `system`, `history` (pairs of question
and answer), `chosen` with `rejected`, and `kto_tag` (data/README). Instruction and input are one
turn, a line apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from evalhub.formats.answers import Asked, check_pair, liked, preferred, shown
from evalhub.formats.chat import tools_of, with_system
from evalhub.formats.outside import Cells, list_at, text_at, unknown_fields
from evalhub.formats.reading import Piece, Seen, Unfit
from evalhub.formats.rows import Message, Row

KNOWN = (
    *("instruction", "input", "output", "system", "history", "tools"),
    *("chosen", "rejected", "kto_tag", "model"),
)


def fits(cells: Cells) -> bool:
    answers = ("output" in cells) or ("chosen" in cells and "rejected" in cells)
    return "instruction" in cells and answers


def rows_of(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    documents = tools_of(cells, "tools")
    ignored = unknown_fields(piece, *KNOWN)
    asked = Asked(piece, _messages(cells), documents=documents, ignored=ignored)
    if "chosen" in cells and "rejected" in cells:
        pair = [Message("assistant", text_at(cells, name)) for name in ("chosen", "rejected")]
        check_pair(*pair, field="rejected", key="")
        yield from preferred(asked, seen, *pair)
        return
    output = text_at(cells, "output")
    tag = cells.get("kto_tag")
    if tag is not None and not isinstance(tag, bool):
        raise Unfit("kto_tag", "This must be true or false: whether the output is good.")
    if isinstance(tag, bool):
        yield from liked(asked, seen, Message("assistant", output), is_good=tag)
    elif output.strip():
        yield from shown(asked, seen, Message("assistant", output), model=text_at(cells, "model"))
    else:
        raise Unfit("output", "The output is empty. Fill it in or leave the row out.")


def _messages(cells: Cells) -> list[Message]:
    question = "\n".join(
        said for name in ("instruction", "input") if (said := text_at(cells, name)).strip()
    )
    messages = []
    for place, each in enumerate(list_at(cells, "history")):
        if not (
            isinstance(each, list) and len(each) == 2 and all(isinstance(t, str) for t in each)
        ):
            raise Unfit(f"history[{place}]", "This must be a question and its answer.")
        messages += [Message("user", each[0]), Message("assistant", each[1])]
    return with_system([*messages, Message("user", question)], text_at(cells, "system"))
