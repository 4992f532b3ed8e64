"""Conversation trees with ranks, as Open Assistant exports them: one tree per line.

Every prompter turn is a prompt (the path to it) with its replies as completions; siblings of which
at least two carry a rank are one ranking, 0 the best. All turns of a tree are one PromptGroup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from evalhub.formats.reading import Piece, Seen, rejected, typed
from evalhub.formats.rows import CompletionRow, Id, JudgmentRow, Message, PromptRow, Rejected, Row

PEOPLE = "people"  # who wrote what no model did


class _Node(Struct, frozen=True):
    message_id: Id
    text: str
    role: Literal["prompter", "assistant"]
    lang: str | None = None
    rank: int | None = None
    synthetic: bool = False
    model_name: Annotated[str, Meta(max_length=120)] | None = None
    deleted: bool = False
    replies: list[_Node] = []


class _Tree(Struct, frozen=True):
    message_tree_id: Id
    prompt: _Node


class _Turn(NamedTuple):
    node: _Node
    before: tuple[Message, ...]


def read(pieces: Iterable[Piece | Rejected]) -> Iterator[Row]:
    """Each prompt with its replies, then the ranking of them if there is one."""
    seen = Seen()
    for piece in pieces:
        if isinstance(piece, Rejected):
            yield piece
            continue
        tree = typed(piece, _Tree)
        if isinstance(tree, Rejected):
            yield tree
        elif seen.times(tree.message_tree_id):
            reason = f"The tree {tree.message_tree_id} stands twice in this file."
            yield rejected(piece, "message_tree_id", reason)
        elif tree.prompt.role != "prompter":
            yield rejected(piece, "prompt.role", "A tree starts with a prompter's message.")
        else:
            yield from _tree(piece, tree)


def _tree(piece: Piece, tree: _Tree) -> Iterator[Row]:
    waiting = [_Turn(tree.prompt, ())]
    while waiting:
        node, before = waiting.pop()
        if node.deleted:
            continue
        if not node.text.strip():
            yield rejected(
                piece, node.message_id, "The message is empty; what follows is left out."
            )
            continue
        if before and node.role == _sender(before[-1]):
            reason = f"Two messages of the {node.role} follow each other; left out from here."
            yield rejected(piece, node.message_id, reason)
            continue
        if node.role == "prompter":
            path = (*before, Message("user", node.text))
            yield from _prompt(piece, tree, node, path)
        else:
            path = (*before, Message("assistant", node.text))
        waiting.extend(_Turn(each, path) for each in reversed(node.replies))


def _sender(message: Message) -> str:
    return "prompter" if message.role == "user" else "assistant"


def _prompt(
    piece: Piece, tree: _Tree, node: _Node, path: tuple[Message, ...]
) -> Iterator[PromptRow | JudgmentRow]:
    answers = [
        each
        for each in node.replies
        if each.role == "assistant" and not each.deleted and each.text.strip()
    ]
    yield PromptRow(
        line=piece.line,
        id=node.message_id,
        messages=list(path),
        slices={"language": node.lang} if node.lang else {},
        group=tree.message_tree_id,
        completions=[
            CompletionRow(each.message_id, each.text, each.model_name or PEOPLE) for each in answers
        ],
    )
    ranked = {each.message_id: each.rank for each in answers if each.rank is not None}
    if len(ranked) >= 2:
        yield JudgmentRow(
            line=piece.line,
            id=f"ranks-{node.message_id}",
            prompt=node.message_id,
            responses=sorted(ranked),  # by id: no order that tells
            ranking=[
                sorted(name for name, rank in ranked.items() if rank == tier)
                for tier in sorted(set(ranked.values()))
            ],
        )
