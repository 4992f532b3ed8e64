"""Tables by a mapping, packings, encodings; and that no bytes make a reader raise."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from evalhub.formats.containers import opened, pieces_of
from evalhub.formats.encodings import encoding_of
from evalhub.formats.mapping import BadMapping, mapping_of, proposed
from evalhub.formats.readers import FORMATS, UnknownFormat, read_rows, sniff
from evalhub.formats.reading import Piece
from evalhub.formats.rows import JudgmentRow, PromptRow, Rejected, Row

WIDE = "question,answer_a,answer_b,winner,clarity_a,who,when\n"
MAPPING = {
    "question": {"as": "prompt"},
    "answer_a": {"as": "completion", "name": "one"},
    "answer_b": {"as": "completion"},
    "winner": {"as": "choice"},
    "clarity_a": {"as": "rating", "name": "clarity", "of": "answer_a"},
    "who": {"as": "annotator"},
    "when": {"as": "time"},
}


def table(text: str, columns: dict[str, Any] | None = None, **more: Any) -> list[Row]:
    mapping = mapping_of({"columns": columns or MAPPING} | more)
    raw = io.BytesIO(text.encode())
    return list(read_rows(raw, format="table", kind="judgments", mapping=mapping))


def test_a_row_of_a_table_is_a_judgment_of_its_completions() -> None:
    prompt, judgment = table(WIDE + "Why?,Because.,Dunno.,A,4,ann,2026-01-02T03:04:05Z\n")
    assert isinstance(prompt, PromptRow)
    assert isinstance(judgment, JudgmentRow)
    texts = {each.id: (each.content, each.model) for each in prompt.completions}
    assert texts[judgment.preferences[0].choice] == ("Because.", "one")
    assert texts[str(judgment.ratings[0].response)] == ("Because.", "one")
    assert (judgment.ratings[0].value, judgment.annotator) == (4, "ann")
    assert judgment.at is not None


@pytest.mark.parametrize(
    ("winner", "means"),
    [("b", "Dunno."), ("model_b", "Dunno."), ("2", "Dunno."), ("Dunno.", "Dunno."), ("answer_a", "Because."), ("one", "Because."), ("tie", "tie"), ("tie (bothbad)", "both_bad")],
)  # fmt: skip
def test_a_choice_may_name_the_completion_in_many_ways(winner: str, means: str) -> None:
    prompt, judgment = table(WIDE + f"Why?,Because.,Dunno.,{winner},,,\n")
    assert isinstance(prompt, PromptRow)
    assert isinstance(judgment, JudgmentRow)
    chosen = judgment.preferences[0].choice
    texts = {each.id: each.content for each in prompt.completions}
    assert texts.get(chosen, chosen) == means
    assert (judgment.ratings[0].value, judgment.ratings[0].reason) == (None, "not_given")


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("Why?,Because.,Dunno.,neither of them,,,", "winner"),
        ("Why?,Because.,Dunno.,A,3.5,,", "clarity_a"),
        ("Why?,Because.,Dunno.,A,good,,", "clarity_a"),
        (",Because.,Dunno.,A,,,", "messages[0].content"),
        ("Why?,Because.,,A,,,", "winner"),
        ("Why?,a,b,A,,,,too,many", ""),
    ],
)
def test_a_wrong_row_of_a_table_is_refused_at_its_column(row: str, field: str) -> None:
    faults = [each for each in table(WIDE + row + "\n") if isinstance(each, Rejected)]
    assert [(each.line, each.field) for each in faults] == [(2, field)]


def test_lines_of_quoted_cells_are_counted_and_an_open_quote_is_told() -> None:
    rows = table(WIDE + 'Why?,"a\nb",c,A,,,\n,x,y,A,,,\n"Why')
    faults = [(row.line, row.field) for row in rows if isinstance(row, Rejected)]
    assert faults[0] == (4, "messages[0].content")


def test_a_table_without_a_head_has_numbered_columns() -> None:
    columns = {
        "column 1": {"as": "annotator"},
        "column 2": {"as": "prompt"},
        "column 3": {"as": "rating", "name": "positive"},
    }
    [_, judgment, *_] = table("w1\ti1\t0\nw2\ti1\t1\n", columns, has_head=False)
    assert isinstance(judgment, JudgmentRow)
    assert (judgment.annotator, judgment.ratings[0].value) == ("w1", 0)
    assert judgment.responses == []


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"a": {"as": "completion"}}, "which column is the prompt"),
        ({"a": {"as": "prompt"}, "b": {"as": "chosen"}}, "rejected"),
        ({"a": {"as": "prompt"}, "b": {"as": "choice"}}, "at least two"),
        ({"a": {"as": "prompt"}, "b": {"as": "rating", "of": "c"}}, "no column of completions"),
        ({"a": {"as": "prompt"}, "b": {"as": "annotator"}, "c": {"as": "annotator"}}, "Only one"),
        ({"a": {"as": "robot"}}, "Invalid enum"),
        ({"a": {"as": "prompt", "x": 1}}, "unknown field"),
        ({"z": {"as": "prompt"}}, "no column 'z'"),
    ],
)
def test_a_mapping_that_cannot_be_says_why(columns: dict[str, Any], says: str) -> None:
    with pytest.raises(BadMapping, match=says):
        mapping_of({"columns": columns}, columns=["a", "b", "c"])


def test_columns_are_proposed_by_their_names_and_cells() -> None:
    columns = [
        "Prompt",
        "model_a",
        "model_b",
        "response_a",
        "response_b",
        "winner",
        "judge",
        "fluency",
    ]
    found = proposed(columns, [{"fluency": "3"}, {"fluency": "5"}])
    assert {name: use.part for name, use in found.items()} == {
        "Prompt": "prompt",
        "model_a": "model",
        "model_b": "model",
        "response_a": "completion",
        "response_b": "completion",
        "winner": "choice",
        "judge": "annotator",
    }  # fluency of which one? that is asked
    assert found["model_b"].of == "response_b"
    assert proposed(["question", "answer", "fluency"], [{"fluency": 3}])["fluency"].part == "rating"


def as_xlsx(*rows: list[Any]) -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(target)
    return target.getvalue()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    target = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), target)
    return target.getvalue()


def test_xlsx_and_parquet_are_read_like_csv() -> None:
    row = ["Why?", "Because.", "Dunno.", "A", 4, "ann", None]
    wanted = table(WIDE + "Why?,Because.,Dunno.,A,4,ann,\n")
    mapping = mapping_of({"columns": MAPPING})
    names = WIDE.strip().split(",")
    for raw in (as_xlsx(names, row), as_parquet([dict(zip(names, row, strict=True))])):
        read = list(read_rows(io.BytesIO(raw), format="table", kind="judgments", mapping=mapping))
        assert [type(each) for each in read] == [type(each) for each in wanted]
        assert isinstance(read[0], PromptRow)
        assert read[0].id == wanted[0].id


def test_a_formula_is_never_evaluated() -> None:
    raw = as_xlsx(["prompt", "note"], ["Why?", '=HYPERLINK("http://x.org")'])
    [piece] = pieces_of(opened(io.BytesIO(raw)))
    assert isinstance(piece, Piece)
    assert piece.value == {"prompt": "Why?", "note": None}  # nobody saved a value with it


def test_nested_cells_of_parquet_are_known_as_their_format() -> None:
    talk = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
    raw = as_parquet([{"messages": talk, "source": "x"}])
    assert sniff(io.BytesIO(raw)) == "openai-chat"
    assert len(list(read_rows(io.BytesIO(raw), format="openai-chat", kind="judgments"))) == 2


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalhub.formats.tables.MOST_UNPACKED", 100)
    [fault] = pieces_of(opened(io.BytesIO(as_xlsx(["a"], ["b"]))))
    assert isinstance(fault, Rejected)
    assert "unpacks" in fault.reason


@pytest.mark.parametrize(
    "raw", [b"PK\x03\x04", b"PAR1PAR1", as_xlsx(["a"])[:900], as_parquet([{"a": 1}])[:-9]]
)
def test_broken_archives_and_tables_are_refused_not_raised(raw: bytes) -> None:
    rows = list(pieces_of(opened(io.BytesIO(raw))))
    assert [type(row) for row in rows] == [Rejected]
    with pytest.raises(UnknownFormat):
        sniff(io.BytesIO(raw))


@pytest.mark.parametrize(
    ("text", "codec", "title"),
    [
        ("prompt,note\nWarum?,schön\n", "utf-8", "UTF-8"),
        ("prompt,note\nWarum?,schön\n", "utf-8-sig", "UTF-8"),
        ("prompt,note\nWarum?,schön\n", "utf-16", "UTF-16"),
        ("prompt,note\nWarum?,schön\n", "utf-16-le", "UTF-16 (little-endian)"),
        ("prompt,note\nWarum?,„schön“ – für Größe\n" * 3, "cp1252", "Windows-1252"),
        ("prompt,note\nWarum?,schön für Größe\n" * 3, "latin_1", "Windows-1252"),
        ("prompt,note\nПочему небо голубое?,Потому что рассеяние света\n" * 5, "cp1251", "Windows-1251"),
        ("prompt,note\nなぜ空は青いのですか,光が散乱するからです\n" * 5, "shift_jis", "Shift JIS"),
    ],
)  # fmt: skip
def test_the_encoding_is_found_and_the_text_is_read_by_it(
    text: str, codec: str, title: str
) -> None:
    raw = text.encode(codec)
    assert encoding_of(io.BytesIO(raw)).title == title
    pieces = list(pieces_of(opened(io.BytesIO(raw))))
    assert next(each.value for each in pieces if isinstance(each, Piece)) == dict(
        zip(("prompt", "note"), text.splitlines()[1].split(","), strict=True)
    )


def test_a_bad_byte_in_a_file_of_utf8_costs_its_row_only() -> None:
    good = json.dumps(
        {"messages": [{"role": "user", "content": "Größe – schön?"}]}, ensure_ascii=False
    )
    raw = (good + "\n").encode() * 3 + b'{"messages": "\xff"}\n' + good.encode()
    assert encoding_of(io.BytesIO(raw)).title == "UTF-8"
    rows = list(read_rows(io.BytesIO(raw), format="openai-chat", kind="prompts"))
    assert [row.line for row in rows if isinstance(row, Rejected)] == [4]
    assert len(rows) == 5


def test_half_a_letter_of_utf16_costs_its_row_only() -> None:
    raw = (
        '{"a": "1"}\n{"a": "'.encode("utf-16")
        + b"\x00\xd8"
        + '"}\n{"a": "3"}\n'.encode("utf-16-le")
    )
    pieces = list(pieces_of(opened(io.BytesIO(raw))))
    assert [type(each) for each in pieces] == [Piece, Rejected, Piece]


WORDS = st.sampled_from(
    ["messages", "role", "user", "assistant", "content", "conversations", "from", "value", "data", "annotations", "result", "type", "choices", "fields", "responses", "suggestions", "text", "label", "entities", "scores", "input", "output", "prompt", "completion", "chosen", "rejected", "id", "user_id", "label_annotations", "instruction", "tool_calls", "name", "message_tree_id", "replies", "\x00", "\ud800"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)
ROW_FORMATS = [name for name in FORMATS if name not in ("llamafactory", "table")]


def storable(rows: list[Row]) -> None:
    for row in rows:
        if isinstance(row, Rejected):
            assert row.line >= 1
            assert len(row.field) <= 100
            (row.excerpt + row.field + row.reason).encode()
            assert "\x00" not in row.excerpt + row.field + row.reason
        else:
            assert 1 <= len(row.id) <= 200


@settings(max_examples=150)
@given(st.dictionaries(WORDS, JSON, max_size=6), st.sampled_from(ROW_FORMATS))
def test_no_row_makes_a_reader_raise(cells: dict[str, Any], name: str) -> None:
    raw = json.dumps([cells, cells]).encode()
    storable(list(read_rows(io.BytesIO(raw), format=name, kind="judgments")))


@settings(max_examples=150)
@given(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b"[", b"{", b"PK\x03\x04", b"PAR1", b"\xff\xfe", b"a,b\n", b'{"a": 1}\n']
    ),
    st.sampled_from(ROW_FORMATS),
)
def test_no_bytes_make_a_reader_raise(raw: bytes, start: bytes, name: str) -> None:
    storable(list(read_rows(io.BytesIO(start + raw), format=name, kind="prompts")))


COLUMNS = {name: {"as": part} for name, part in [("prompt", "prompt"), ("id", "row_id"), ("text", "demonstration"), ("label", "label"), ("value", "rating"), ("content", "completion"), ("user", "annotator")]}  # fmt: skip


@settings(max_examples=100)
@given(st.dictionaries(WORDS, JSON, max_size=6))
def test_no_row_makes_a_mapping_raise(cells: dict[str, Any]) -> None:
    raw = io.BytesIO(json.dumps([cells, cells]).encode())
    mapping = mapping_of({"columns": COLUMNS})
    storable(list(read_rows(raw, format="table", kind="judgments", mapping=mapping)))
