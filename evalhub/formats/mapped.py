"""Rows of a table by a mapping. A row is one judgment, or one prompt with its completions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from evalhub.formats.answers import Asked, check_pair, completion_of, preferred
from evalhub.formats.chat import exchange_of, messages_of, with_system
from evalhub.formats.mapping import Mapping
from evalhub.formats.outside import Cells, RowsOf
from evalhub.formats.reading import Piece, Seen, Unfit, short_digest
from evalhub.formats.rows import CompletionRow, Message, PromptRow, Row
from evalhub.formats.said import Said, choice_of, time_of

RUBRIC = "table"
_WORDS = {"yes": 1, "true": 1, "no": 0, "false": 0}


def rows_by(mapping: Mapping) -> RowsOf:
    return lambda piece, seen: _rows(piece, seen, mapping)


def _rows(piece: Piece, seen: Seen, mapping: Mapping) -> Iterator[Row]:
    cells: Cells = piece.value
    asked = _asked(piece, mapping)
    if mapping.the("chosen"):
        chosen, refused = (
            Message("assistant", _text(cells, column))
            for column in (mapping.the("chosen"), mapping.the("rejected"))
        )
        check_pair(chosen, refused, field=str(mapping.the("rejected")), key="")
        for row in preferred(asked, seen, chosen, refused):
            if isinstance(row, PromptRow):
                yield row
            else:
                yield replace(
                    row, **_who_and_when(cells, mapping), critique=_remarks(cells, mapping)
                )
        return
    answers = _answers(cells, mapping)
    prompt = asked.with_answers(*answers.values())
    yield prompt
    yield from _said(piece, seen, mapping, prompt, answers).rows()


def _asked(piece: Piece, mapping: Mapping) -> Asked:
    cells: Cells = piece.value
    slices = {
        (mapping.columns[name].name or name): said
        for name in mapping.of_part("slice")
        if (said := _text(cells, name))
    }
    documents = [
        {"title": mapping.columns[name].name or name, "text": said}
        for name in mapping.of_part("document")
        if (said := _text(cells, name))
    ]
    asked = Asked(
        piece,
        _messages(cells, mapping),
        documents=documents,
        reference=_text(cells, mapping.the("reference")),
        slices=slices,
        ignored=tuple(sorted(set(cells) - set(mapping.columns))),
    )
    own, group = _text(cells, mapping.the("prompt_id")), _text(cells, mapping.the("group"))
    asked.row = replace(asked.row, id=own or asked.row.id, group=group or None)
    return asked


def _messages(cells: Cells, mapping: Mapping) -> list[Message]:
    system = _text(cells, mapping.the("system"))
    if column := mapping.the("messages"):
        turns = cells.get(column)
        if isinstance(turns, str):
            try:
                turns = json.loads(turns)
            except (ValueError, RecursionError):
                turns = None
        return with_system(exchange_of(messages_of(turns, column), column).messages, system)
    texts = [_text(cells, name) for name in mapping.of_part("prompt")]
    return with_system(
        [Message("user", "\n\n".join(each for each in texts if each.strip()))], system
    )


def _answers(cells: Cells, mapping: Mapping) -> dict[str, CompletionRow]:
    """Completions by column; where a row leaves one empty, it has one less."""
    columns = mapping.of_part("completion")
    found = {}
    for column in columns:
        text = _text(cells, column)
        if text.strip():
            model = mapping.columns[column].name
            for name in mapping.of_part("model"):
                if mapping.columns[name].of in ("", column):
                    model = _text(cells, name) or model
            found[column] = completion_of(Message("assistant", text), model[:120])
    return found


def _said(
    piece: Piece, seen: Seen, mapping: Mapping, prompt: PromptRow, answers: dict[str, CompletionRow]
) -> Said:
    cells: Cells = piece.value
    name = _text(cells, mapping.the("row_id")) or short_digest([prompt.id, _used(cells, mapping)])
    again = 0 if mapping.the("row_id") else seen.times(name)
    responses = list(dict.fromkeys(each.id for each in answers.values()))
    said = Said(
        prompt, name=f"{name}-{again + 1}" if again else name, rubric=RUBRIC, responses=responses
    )
    told = _who_and_when(cells, mapping)
    said.annotator, said.at = told["annotator"], told["at"]
    for asked in (*mapping.of_part("rating"), *mapping.of_part("label")):
        _rate(said, mapping, asked, cells.get(asked), answers)
    if column := mapping.the("choice"):
        _choose(said, mapping, column, _text(cells, column), answers)
    if remarks := _remarks(cells, mapping):
        said.critique.append(remarks)
    said.demonstration = _text(cells, mapping.the("demonstration"))
    return said


def _rate(
    said: Said, mapping: Mapping, column: str, cell: Any, answers: dict[str, CompletionRow]
) -> None:
    use = mapping.columns[column]
    if use.of and use.of not in answers:
        return  # nothing stands there to be rated
    about = answers[use.of].id if use.of else None
    value = (_text({column: cell}, column) or None) if use.part == "label" else _point(column, cell)
    said.rate(use.name or column, value, response=about)


def _point(column: str, cell: Any) -> int | None:
    if cell is None or isinstance(cell, bool):
        return None if cell is None else int(cell)
    text = str(cell).strip().lower()
    if text in ("", "nan", "na", "n/a", "null", "none"):
        return None
    if text in _WORDS:
        return _WORDS[text]
    try:
        number = float(text)
    except ValueError:
        raise Unfit(column, f"{str(cell)[:40]!r} is no number.") from None
    if not number.is_integer():
        raise Unfit(column, f"{text} is no whole number; a rating is a point of a scale.")
    return int(number)


def _choose(
    said: Said, mapping: Mapping, column: str, word: str, answers: dict[str, CompletionRow]
) -> None:
    if not word.strip():
        return
    if len(said.responses) != 2:
        raise Unfit(column, "A choice needs two different completions in the row.")
    names = [[key, each.model, each.content] for key, each in answers.items()]
    choice = choice_of(word, said.responses, names)
    if choice is None:
        known = "A or B, its column or model, tie or both_bad"
        raise Unfit(column, f"{word[:40]!r} names no completion: {known}.")
    said.prefer(choice, question=mapping.columns[column].name or None)


def _who_and_when(cells: Cells, mapping: Mapping) -> dict[str, Any]:
    who = _text(cells, mapping.the("annotator"))
    return {"annotator": who[:100] or None, "at": time_of(_text(cells, mapping.the("time")))}


def _remarks(cells: Cells, mapping: Mapping) -> str:
    return "\n".join(said for name in mapping.of_part("critique") if (said := _text(cells, name)))


def _used(cells: Cells, mapping: Mapping) -> list[Any]:
    return [cells.get(name) for name in sorted(mapping.columns)]


def _text(cells: Cells, column: str | None) -> str:
    cell = cells.get(column) if column is not None else None
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
