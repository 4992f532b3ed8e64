r"""Formulas in `\(…\)` and `\[…\]`, read in linear time and without losing what stands beside them.

Not the texmath plugin: it copies the rest of the text at each bracket, drops what follows `\]` on
its line, and shows the formula again as its own number.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

_PAIR = re.compile(r"\\(.)")  # in pairs, so that the line break of \\[2pt] opens nothing
_AFTER = re.compile(r"\s*(?:\(([^)$]+)\)\s*)?")  # after \], on its line: at most a number


def brackets_plugin(parser: MarkdownIt) -> None:
    parser.inline.ruler.before("escape", "bracket_inline", _inline)
    parser.block.ruler.before("fence", "bracket_block", _block)


def _inline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001  markdown-it's signature
    r"""`\(…\)` anywhere; `\[…\]` at the start of its block only: elsewhere it is Markdown's escape."""
    opening = state.src[state.pos : state.pos + 2]
    if opening != "\\(" and not (opening == "\\[" and state.pos == 0):
        return False
    closing = "\\)" if opening == "\\(" else "\\]"
    if state.html_terminator_last(closing) < state.pos + 3:  # its cache of rfind: no rescanning
        return False
    end = state.src.find(closing, state.pos + 3)
    if end + 2 > state.posMax:
        return False
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content, token.markup = state.src[state.pos + 2 : end], opening
    state.pos = end + 2
    return True


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001  as above
    begin = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith("\\[", begin) or state.is_code_block(start):
        return False
    inside: list[str] = []
    for line in range(start, end):
        if line > start:
            begin = state.bMarks[line] + state.tShift[line]
        text = state.src[begin + 2 * (line == start) : state.eMarks[line]]
        if line > start and text and state.sCount[line] < state.blkIndent:
            return False  # the list item around it ends here
        pair = next((pair for pair in _PAIR.finditer(text) if pair[1] in "[]"), None)
        if pair and pair[1] == "[":
            return False  # so each line is looked at from one opening bracket only
        if pair:
            after = _AFTER.fullmatch(text, pair.end())
            inside.append(text[: pair.start()])
            return bool(after) and _push(state, inside, (start, line), (after and after[1]) or "")
        inside.append(text)
    return False


def _push(state: StateBlock, inside: list[str], lines: tuple[int, int], number: str) -> bool:
    content = "\n".join(inside)
    if not content.strip():
        return False
    state.line = lines[1] + 1
    token = state.push("math_block", "math", 0)
    token.content, token.markup, token.info = content, "\\[", number
    token.map = [lines[0], state.line]
    return True
