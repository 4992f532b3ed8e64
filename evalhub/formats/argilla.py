"""Argilla's records as JSON: feedback records of v1 and records of v2 (`records.to_json`).

`fields` are the prompt and the responses; `responses` by person (v1: a list with `user_id`, `status`,
`values`; v2: by question), of which discarded ones and drafts are left out and named; `suggestions`
are a model's judgments. Questions of rating, label, several labels, ranking, text and spans.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from evalhub.formats.fields import Record, record_of
from evalhub.formats.outside import Cells
from evalhub.formats.reading import Piece, Seen, Unfit, rejected, short_digest
from evalhub.formats.rows import Row
from evalhub.formats.said import Said, choice_of, time_of

RUBRIC = "argilla"
_NUMBERED = re.compile(r"^(.*?)[-_ ]?(\d+)$")


def fits(cells: Cells) -> bool:
    return isinstance(cells.get("fields"), dict) and bool({"responses", "suggestions"} & set(cells))


def rows_of(piece: Piece, seen: Seen) -> Iterator[Row]:
    cells: Cells = piece.value
    fields = cells.get("fields")
    if not isinstance(fields, dict):
        raise Unfit("fields", "This must be an object of texts.")
    fields = {key: _unwrapped(value) for key, value in fields.items()}
    name = cells.get("external_id") or cells.get("id") or cells.get("_server_id")
    record = record_of(piece, f"argilla-{name or short_digest(fields)}"[:200], fields, "fields")
    yield record.prompt
    for who, answers, field, told in _people(cells):
        if told.get("status") in ("discarded", "draft", "pending"):
            reason = f"The response was {told['status']}, not submitted; there is nothing to take."
            yield rejected(piece, f"{field}.status", reason)
            continue
        yield from _judgments(piece, record, who, answers, field, told)
    for agent, answers in _suggestions(cells).items():
        yield from _judgments(piece, record, agent, answers, "suggestions", {}, is_model=True)


def _people(cells: Cells) -> Iterator[tuple[str, Cells, str, Cells]]:
    """Each person, what they answered by question, where it stands, and what is said about it."""
    responses = cells.get("responses")
    if isinstance(responses, dict):
        by_person: dict[str, Cells] = defaultdict(dict)
        for question, given in responses.items():
            for place, each in enumerate(given if isinstance(given, list) else [given]):
                if isinstance(each, dict):
                    who = str(each.get("user_id") or f"person {place + 1}")
                    by_person[who][question] = each.get("value")
        for who, answers in by_person.items():
            yield who, answers, f"responses({who})", {}
        return
    if responses is not None and not isinstance(responses, list):
        raise Unfit("responses", "This must be a list, or an object by question.")
    for place, each in enumerate(responses or []):
        field = f"responses[{place}]"
        values = each.get("values") if isinstance(each, dict) else None
        if not isinstance(values, dict):
            values = {}
        answers = {question: _unwrapped(value) for question, value in values.items()}
        told = each if isinstance(each, dict) else {}
        yield str(told.get("user_id") or "unknown"), answers, field, told


def _suggestions(cells: Cells) -> dict[str, Cells]:
    """By agent, what it suggests for each question."""
    found: dict[str, Cells] = defaultdict(dict)
    given = cells.get("suggestions")
    pairs: list[tuple[str, Any]] = []
    if isinstance(given, dict):
        pairs = list(given.items())
    elif isinstance(given, list):
        pairs = [(str(each.get("question_name")), each) for each in given if isinstance(each, dict)]
    for question, each in pairs:
        if isinstance(each, dict) and each.get("value") is not None:
            found[str(each.get("agent") or "model")][question] = each["value"]
    return found


def _judgments(
    piece: Piece,
    record: Record,
    who: str,
    answers: Cells,
    field: str,
    told: Cells,
    *,
    is_model: bool = False,
) -> Iterator[Row]:
    name = f"{record.prompt.id}-{short_digest([who, is_model])[:12]}"
    said = Said(record.prompt, name=name, rubric=RUBRIC, responses=record.responses)
    said.annotator, said.is_model = who, is_model
    said.at = time_of(told.get("inserted_at"))
    try:
        for question, value in answers.items():
            _take(said, record, question, value)
    except Unfit as unfit:
        yield rejected(piece, f"{field}.{unfit.field}", str(unfit))
        return
    rows = list(said.rows())
    yield from rows or [rejected(piece, field, "The response answers nothing.")]


def _take(said: Said, record: Record, question: str, value: Any) -> None:
    if value is None:
        return
    about = _numbered(record, question)
    if isinstance(value, bool | int | float):
        said.rate(question, value, response=about)
    elif isinstance(value, str):
        _words(said, record, question, value, about)
    elif _is_ranking(value, record):
        said.ranking = _tiers(value, record, question)
    elif isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        for each in value:  # several labels: each is a yes to a question of its own
            said.rate(f"{question} {each}", value=True, response=about)
    elif isinstance(value, list) and all(
        isinstance(each, dict) and "start" in each for each in value
    ):
        _spans(said, record, value, question)
    else:
        said.ignored.add(question[:100])


def _words(said: Said, record: Record, question: str, value: str, about: str | None) -> None:
    """A short word is a label; longer text is a remark on responses, an answer to a prompt alone."""
    names = [
        [key for key, name in record.fields.items() if name == each] for each in record.responses
    ]
    if len(record.responses) == 2 and (choice := choice_of(value, record.responses, names)):
        said.prefer(choice)
    elif len(value) <= 60 and "\n" not in value and not _is_free(question):
        said.rate(question, value, response=about)
    elif said.responses:
        said.remark(question, value)
    else:
        said.demonstration = value


def _is_free(question: str) -> bool:
    free = (
        r"comment|reason|why|explain|rationale|feedback|correct|critique|note|text|answer|rewrite"
    )
    return re.search(free, question, re.I) is not None


def _numbered(record: Record, question: str) -> str | None:
    """The response that a question is about, by the number at its end: rating-2 is on response-2."""
    found = _NUMBERED.match(question)
    if found is None or len(record.responses) < 2:
        return None
    wanted = found[2]
    for key, name in record.fields.items():
        own = _NUMBERED.match(key)
        if own is not None and own[2] == wanted:
            return name
    return None


def _is_ranking(value: Any, record: Record) -> bool:
    if not isinstance(value, list) or len(value) < 2:
        return False
    if all(isinstance(each, dict) and {"rank", "value"} <= set(each) for each in value):
        return True
    return all(isinstance(each, str) and each in record.fields for each in value)


def _tiers(value: list[Any], record: Record, question: str) -> list[list[str]]:
    ranked: dict[float, list[str]] = defaultdict(list)
    for place, each in enumerate(value):
        name, rank = (each["value"], each["rank"]) if isinstance(each, dict) else (each, place)
        if str(name) not in record.fields or not isinstance(rank, int | float):
            raise Unfit(question, f"{str(name)[:60]!r} is none of the fields with a response.")
        ranked[rank].append(record.fields[str(name)])
    return [list(dict.fromkeys(ranked[rank])) for rank in sorted(ranked)]


def _spans(said: Said, record: Record, value: list[Any], question: str) -> None:
    for each in value:
        start, end = each.get("start"), each.get("end")
        if type(start) is not int or type(end) is not int:
            raise Unfit(question, "A span must have start and end.")
        response = record.responses[0] if len(record.responses) == 1 else None
        said.mark(start, end, str(each.get("label") or question), None, response=response)


def _unwrapped(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) and set(value) >= {"value"} else value
