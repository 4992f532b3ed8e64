"""Label Studio's JSON export (guide/task_format, 1.x) and JSON_MIN, its short form.

Of a task: `data` (the prompt, the responses), `annotations` with `result`, `completed_by`,
`created_at`, `was_cancelled`; `predictions` are a model's judgments; `drafts` and skipped annotations
are left out and named. Of results: pairwise, rating, choices, number, textarea, labels, chatmessage
(tags/chat: turns that a person added to the task's conversation, alone or with a model). Regions of
images, audio and video are named as ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from evalhub.formats.answers import completion_of
from evalhub.formats.chat import exchange_of, messages_of
from evalhub.formats.fields import Record, record_of, talk_in
from evalhub.formats.outside import Cells, list_at
from evalhub.formats.reading import Piece, Seen, Unfit, rejected, short_digest
from evalhub.formats.rows import CorrectionRow, Message, PromptRow, Rejected, Row
from evalhub.formats.said import Said, choice_of, time_of

RUBRIC = "label-studio"
_TURN = "chatmessage"
_MIN = {"annotator", "annotation_id", "created_at", "updated_at", "lead_time", "id", "agreement"}


def fits(cells: Cells) -> bool:
    return isinstance(cells.get("data"), dict) and bool({"annotations", "completions"} & set(cells))


def fits_min(cells: Cells) -> bool:
    return {"annotator", "annotation_id", "lead_time"} <= set(cells)


def rows_of(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    data = cells["data"] if isinstance(cells.get("data"), dict) else {}
    name = f"ls-{cells.get('id', piece.line)}"
    several = "annotations" if "annotations" in cells else "completions"
    sources = {source: list_at(cells, source) for source in (several, "predictions")}
    is_talk = any(_turns_of(each) for found in sources.values() for each in found)
    talk = talk_in(data, "data") if is_talk else []
    record = None  # of a conversation that began here there is nothing yet
    if talk or not is_talk:
        record = record_of(piece, name, data, "data")
        record = record._replace(prompt=replace(record.prompt, group=name if is_talk else None))
        yield record.prompt
    for source, found in sources.items():
        for place, each in enumerate(found):
            field = f"{source}[{place}]"
            if not isinstance(each, dict):
                yield rejected(piece, field, "This must be an object.")
                continue
            about = record
            if _turns_of(each):
                try:
                    about = _talked(piece, name, talk, each, f"{field}.result")
                except Unfit as unfit:
                    yield rejected(piece, unfit.field, str(unfit))
                    continue
                yield about.prompt
            yield from _annotation(piece, about, each, field, is_model=source == "predictions")


def _turns_of(annotation: Any) -> list[Any]:
    """What was added to the conversation, in its order."""
    results = annotation.get("result") if isinstance(annotation, dict) else None
    return [
        each["value"].get(_TURN)
        for each in (results if isinstance(results, list) else [])
        if isinstance(each, dict)
        and each.get("type") == _TURN
        and isinstance(each.get("value"), dict)
    ]


def _talked(piece: Piece, name: str, talk: list[Message], annotation: Cells, where: str) -> Record:
    """The conversation that an annotation ends with, up to its last answer, which is what it is about.

    Raises:
        Unfit: a turn is none, or nobody answers.
    """
    turns = [*talk, *messages_of(_turns_of(annotation), where)]
    while turns and turns[-1].role != "assistant":
        turns.pop()
    if not turns:
        raise Unfit(where, "Nobody answers in this conversation.")
    messages, answer = exchange_of(turns, where)
    completion = completion_of(answer or turns[-1])
    prompt = PromptRow(
        line=piece.line,
        id=f"{name}-talk{annotation.get('id', short_digest(where))}"[-200:],
        messages=messages,
        group=name,
        completions=[completion],
    )
    return Record(prompt, {_TURN: completion.id}, {_TURN: completion})


def _annotation(
    piece: Piece, record: Record | None, annotation: Cells, field: str, *, is_model: bool
) -> Iterator[Row]:
    results = annotation.get("result")
    if annotation.get("was_cancelled"):
        reason = "The annotator skipped this task; there is nothing to take."
        yield rejected(piece, f"{field}.was_cancelled", reason)
        return
    if not isinstance(results, list) or not results:
        yield rejected(piece, f"{field}.result", "The annotation is empty.")
        return
    if record is None:
        yield rejected(piece, f"{field}.result", "There is no text that it could be about.")
        return
    name = f"{record.prompt.id}-{'p' if is_model else 'a'}{annotation.get('id', field)}"
    said = Said(record.prompt, name=name, rubric=RUBRIC, responses=record.responses)
    said.annotator = _who(annotation.get("completed_by") or annotation.get("model_version"))
    said.at = time_of(annotation.get("created_at"))
    said.is_model = is_model
    for place, result in enumerate(results):
        try:
            _take(said, record, result)
        except Unfit as unfit:
            yield rejected(piece, f"{field}.result[{place}].{unfit.field}", str(unfit))
            return
    if _TURN in record.by_name and not (said.ratings or said.corrections):
        # what somebody made and said nothing against is there to be learnt from
        said.demonstration = record.by_name[_TURN].content
    rows = list(said.rows())
    if rows:
        yield from rows
    else:
        kinds = ", ".join(
            sorted({str(each.get("type")) for each in results if isinstance(each, dict)})
        )
        yield rejected(
            piece, f"{field}.result", f"None of its results can be taken ({kinds[:100]})."
        )


def _who(value: Any) -> str | None:
    """An id, an address, or {"id", "email"}."""
    if isinstance(value, dict):
        value = value.get("email") or value.get("id")
    return None if value is None else str(value)


def _take(said: Said, record: Record, result: Any) -> None:
    if not isinstance(result, dict) or not isinstance(result.get("value"), dict):
        raise Unfit("value", "A result must be an object with a value.")
    kind, value = str(result.get("type")), result["value"]
    question = str(result.get("from_name") or kind)
    about = _about(record, str(result.get("to_name", "")))
    if kind == "pairwise":
        _pairwise(said, record, str(value.get("selected")), str(result.get("to_name", "")))
    elif kind in ("rating", "number"):
        said.rate(question, value.get(kind), response=about)
    elif kind == "choices":
        _choices(said, record, question, value.get("choices"), about)
    elif kind == "textarea":
        _written(said, question, value.get("text"), about)
    elif kind in ("labels", "hypertextlabels", "paragraphlabels"):
        _labelled(said, record, value, about)
    elif kind != _TURN:
        said.ignored.add(f"result.{kind}"[:100])


def _about(record: Record, to_name: str) -> str | None:
    """The response that a control stands for, when its name is that of the response's field."""
    return record.fields.get(to_name)


def _pairwise(said: Said, record: Record, selected: str, to_name: str) -> None:
    names = [name.strip() for name in to_name.split(",")]
    pair = [record.fields[name] for name in names if name in record.fields]
    pair = pair if len(pair) == 2 else record.responses
    if len(pair) != 2:
        raise Unfit("to_name", "A pairwise result needs exactly two responses in the task's data.")
    choice = choice_of(selected, pair)
    if choice is None:
        raise Unfit("value.selected", f"{selected[:40]!r} is neither left nor right.")
    said.prefer(choice)


def _choices(said: Said, record: Record, question: str, choices: Any, about: str | None) -> None:
    if isinstance(choices, str):
        choices = [choices]
    if (
        not isinstance(choices, list)
        or not choices
        or not all(isinstance(each, str) for each in choices)
    ):
        raise Unfit("value.choices", "This must be a list of words.")
    names = [
        [key for key, name in record.fields.items() if name == each] for each in record.responses
    ]
    is_pick = about is None and len(record.responses) == 2 and len(choices) == 1
    if is_pick and (choice := choice_of(choices[0], record.responses, names)):
        said.prefer(choice)
    elif len(choices) == 1:
        said.rate(question, choices[0], response=about)
    else:
        for each in choices:  # several at once: each is a yes to a question of its own
            said.rate(f"{question} {each}", value=True, response=about)


def _written(said: Said, question: str, text: Any, about: str | None) -> None:
    parts = [text] if isinstance(text, str) else text
    if not isinstance(parts, list) or not all(isinstance(each, str) for each in parts):
        raise Unfit("value.text", "This must be text.")
    whole = "\n".join(parts).strip()
    if not whole:
        return
    if about is not None:
        said.corrections.append(CorrectionRow(about, whole))
    elif said.responses:
        said.remark(question, whole)
    else:
        said.demonstration = whole


def _labelled(said: Said, record: Record, value: Cells, about: str | None) -> None:
    start, end = value.get("start"), value.get("end")
    labels = next((each for key, each in value.items() if key.endswith("labels")), None)
    if "startOffset" in value:  # paragraphs and HTML: start and end are places in their markup
        said.ignored.add("result.labels in paragraphs")
        return
    if type(start) is not int or type(end) is not int or not isinstance(labels, list) or not labels:
        raise Unfit("value", "A label must have start, end and labels.")
    text = value.get("text")
    response = (
        about
        if about is not None
        else (record.responses[0] if len(record.responses) == 1 else None)
    )
    said.mark(
        start,
        end,
        str(labels[0]),
        text if isinstance(text, str) and text else None,
        response=response,
    )


def min_rows(piece: Piece, seen: Seen) -> Iterator[Row]:
    """JSON_MIN: the data's fields and the answers side by side, an answer under its control's name.

    It does not say which is which: words and numbers that follow `id` are answers, as Label Studio
    writes the data first.
    """
    cells: Cells = piece.value
    keys = list(cells)
    cut = keys.index("id") if "id" in keys else 0
    data = {key: cells[key] for key in keys[:cut]}
    answers = {key: cells[key] for key in keys[cut:] if key not in _MIN}
    record = record_of(piece, f"ls-{cells.get('id', piece.line)}", data, "data")
    yield record.prompt
    name = f"{record.prompt.id}-a{cells.get('annotation_id')}"
    said = Said(record.prompt, name=name, rubric=RUBRIC, responses=record.responses)
    said.annotator, said.at = _who(cells.get("annotator")), time_of(cells.get("created_at"))
    for question, value in answers.items():
        _take_min(said, record, question, value)
    yield from list(said.rows()) or [_nothing(piece)]


def _take_min(said: Said, record: Record, question: str, value: Any) -> None:
    if isinstance(value, dict) and "choices" in value:
        _choices(said, record, question, value["choices"], None)
    elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        for each in value:
            if "rating" in each:
                said.rate(question, each["rating"])
            else:
                _labelled(said, record, each, None)
    elif isinstance(value, str) and value in ("left", "right"):
        _pairwise(said, record, value, "")
    elif isinstance(value, str):
        _choices(said, record, question, value, None)
    elif isinstance(value, int | float):
        said.rate(question, value)


def _nothing(piece: Piece) -> Rejected:
    return rejected(piece, "", "The annotation is empty.")
