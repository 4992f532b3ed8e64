"""A markdown-it plugin: each inline token says where it begins in the content it was read from.

In `token.meta`: `at`, and for a picture or a bare address `to`; for a table's cell `row`, where the
text of its row begins. Taken down while the parser stands there, so nothing is guessed afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, autolink, emphasis, image, strikethrough
from markdown_it.token import Token

Rule = Callable[[StateInline, bool], bool]


def recording_plugin(parser: MarkdownIt) -> None:
    parser.core.ruler.at("inline", _inline)
    parser.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    for name, rule in {
        "emphasis": _split(emphasis.tokenize),
        "strikethrough": _split(strikethrough.tokenize),
        "autolink": _autolink,
        "image": _image,
    }.items():
        parser.inline.ruler.at(name, rule)
    parser.disable(["text_join", "fragments_join"])  # they join what does not stand together


class _RecordingState(StateInline):
    _pending_at = 0

    def append_pending(self, text: str) -> None:
        if not self.pending:
            self._pending_at = self.pos
        super().append_pending(text)

    def pushPending(self) -> Token:  # noqa: N802  its name in markdown-it
        token = super().pushPending()
        token.meta["at"] = self._pending_at
        return token

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        token = super().push(ttype, tag, nesting)
        token.meta["at"] = self.pos
        return token


def _inline(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline":
            inside = _RecordingState(token.content, state.md, state.env, [])
            state.md.inline.tokenize(inside)
            for rule in state.md.inline.ruler2.getRules(""):
                rule(inside)
            if "~~~" in token.content:
                _put_tildes_in_order(inside.tokens)
            token.children = inside.tokens


def _put_tildes_in_order(tokens: list[Token]) -> None:
    """The odd one of `~~~` is moved behind the tag it did not close, so it is the last of them."""
    for nth, token in enumerate(tokens):
        last, before = -1, nth
        while token.content == "~" and before and tokens[before - 1].type == "s_close":
            before -= 1
            last = max(last, tokens[before].meta["at"])
        if last > token.meta["at"]:
            token.meta["at"] = last + 1


def _split(tokenize: Rule) -> Rule:
    """Markers come as a token each, or two, all pushed from the same place."""

    def rule(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  markdown-it's signature
        start, found = state.pos, tokenize(state, silent)
        if found and not silent:
            at, nth = state.pos, len(state.tokens)
            while at > start:
                nth -= 1
                at -= len(state.tokens[nth].content)
                state.tokens[nth].meta["at"] = at
        return found

    return rule


def _autolink(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  as above
    start, found = state.pos, autolink(state, silent)
    if found and not silent:
        state.tokens[-2].meta |= {"at": start + 1, "to": state.pos - 1}
    return found


def _image(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  as above
    found = image(state, silent)
    if found and not silent:
        state.tokens[-1].meta["to"] = state.pos
    return found


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001  as above
    before = len(state.tokens)
    found = table(state, start, end, silent)
    if found and not silent:
        for token in state.tokens[before:]:
            if token.type == "inline" and token.map:
                row = token.map[0]
                token.meta["row"] = state.bMarks[row] + state.tShift[row]
    return found
