from __future__ import annotations

import io
import json
from collections import Counter
from typing import Any

import pytest

from evalhub.formats.readers import Kind, UnknownFormat, read_rows, sniff
from evalhub.formats.reading import LONGEST_ROW
from evalhub.formats.rows import JudgmentRow, PromptRow, Rejected, Row, plain

PROMPT = {"id": "p1", "messages": [{"role": "user", "content": "Why?"}]}
JUDGMENT = {
    "id": "j1",
    "prompt": "p1",
    "responses": ["c1", "c2"],
    "preferences": [{"choice": "c1"}],
}
PAIR = {
    "conversations": [{"from": "human", "value": "Why?"}],
    "chosen": {"from": "gpt", "value": "Because."},
    "rejected": {"from": "gpt", "value": "Dunno."},
}


def read(text: str | bytes, *, format: str = "evalhub", kind: Kind = "prompts") -> list[Row]:
    raw = text.encode() if isinstance(text, str) else text
    return list(read_rows(io.BytesIO(raw), format=format, kind=kind))


def jsonl(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def only_rejected(rows: list[Row]) -> Rejected:
    [row] = rows
    assert isinstance(row, Rejected), row
    return row


CALL = {"name": "get_weather", "arguments": {"city": "Oslo"}}


def test_tool_calls_and_their_results_are_read() -> None:
    talk = [
        {"role": "user", "content": "Is it cold?"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "-3"},
    ]
    answers = [{"id": "c1", "content": "", "tool_calls": [CALL]}]

    [row] = read(jsonl({"id": "p1", "messages": talk, "completions": answers}))

    assert isinstance(row, PromptRow)
    assert [plain(each) for each in row.messages] == talk
    assert [plain(each) for each in row.completions[0].tool_calls] == [CALL]


def test_only_the_assistant_calls_tools() -> None:
    talk = [{"role": "user", "content": "Hi", "tool_calls": [CALL]}]
    found = only_rejected(read(jsonl({"id": "p1", "messages": talk})))
    assert found.field == "messages[0].tool_calls"


def test_a_prompt_is_read_with_everything_the_file_says() -> None:
    full = PROMPT | {
        "reference": "R",
        "documents": [{"title": "T"}],
        "slices": {"language": "de"},
        "group": "g",
        "completions": [{"id": "c1", "model": "m", "content": "A", "settings": {"t": 1}}],
        "mystery": 1,
    }

    [row] = read(jsonl(full))

    assert isinstance(row, PromptRow)
    assert (row.reference, row.slices, row.group) == ("R", {"language": "de"}, "g")
    assert (row.completions[0].model, row.completions[0].settings) == ("m", {"t": 1})
    assert row.ignored == ("mystery",)


def test_a_judgment_is_read_with_everything_the_file_says() -> None:
    full = JUDGMENT | {
        "annotator": "ann-7",
        "at": "2026-01-02T03:04:05Z",
        "source": "human",
        "ratings": [
            {"response": "c1", "criterion": "safety", "value": None, "reason": "not_enough_context"}
        ],
        "ranking": [["c1"], ["c2"]],
        "critique": "Good",
    }

    [row] = read(jsonl(full), kind="judgments")

    assert isinstance(row, JudgmentRow)
    assert row.at is not None
    assert row.at.isoformat() == "2026-01-02T03:04:05+00:00"
    assert (row.ratings[0].value, row.ratings[0].reason) == (None, "not_enough_context")
    assert row.ranking == [["c1"], ["c2"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages[0].content"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages[0].role"),
        ({"slices": {"n": 1}}, "slices[...]"),
        ({"completions": [{"id": "c", "content": ""}]}, "completions[0].content"),
        ({"completions": [{"id": "c", "content": " \n"}]}, "completions[0].content"),
        (
            {"completions": [{"id": "c", "content": "a"}, {"id": "c", "content": "b"}]},
            "completions[1].id",
        ),
    ],
)
def test_a_wrong_prompt_is_refused_at_the_field(change: dict[str, Any], field: str) -> None:
    row = only_rejected(read(jsonl(PROMPT | change)))

    assert row.field == field
    assert row.reason.endswith(".")
    assert row.excerpt.startswith("{")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at": "2026-01-02T03:04:05"}, "at"),
        ({"source": "robot"}, "source"),
        ({"responses": ["c1", "c1"]}, "responses"),
        ({"responses": ["c1", "c2", "c3"]}, "preferences"),
        ({"preferences": [{"choice": "c9"}]}, "preferences[0].choice"),
        ({"preferences": [{"choice": "c1", "strength": 4}]}, "preferences[0].strength"),
        ({"preferences": [{"choice": "c1"}, {"choice": "tie"}]}, "preferences[1].criterion"),
        ({"ratings": [{"response": "c9", "criterion": "x", "value": 1}]}, "ratings[0].response"),
        ({"ratings": [{"response": "c1", "criterion": "x", "value": 1.5}]}, "ratings[0].value"),
        ({"ranking": [["c1", "c1"]]}, "ranking"),
        ({"ranking": [["c1"], ["c9"]]}, "ranking"),
        ({"preferences": []}, ""),
    ],
)
def test_a_wrong_judgment_is_refused_at_the_field(change: dict[str, Any], field: str) -> None:
    row = only_rejected(read(jsonl(JUDGMENT | change), kind="judgments"))

    assert row.field == field


def test_an_id_that_stands_twice_is_refused_the_second_time() -> None:
    first, second = read(jsonl(PROMPT, PROMPT))

    assert isinstance(first, PromptRow)
    assert isinstance(second, Rejected)
    assert (second.line, second.field) == (2, "id")


@pytest.mark.parametrize("start", ["[", ""])
@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ('{"id": "žluť'.encode() + b'\xff"}', "UTF-8"),
        (b'{"id": "p\\u0000"}', "NUL"),
        (b'{"id": "p\\ud800"}', "Unicode"),
        (b"{broken}", "Not JSON"),
        (b'{"id": NaN}', "Not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": [7]}', "."),
    ],
)
def test_bytes_that_are_no_row_are_refused_with_the_reason(
    raw: bytes, says: str, start: str
) -> None:
    """As a line of JSONL and as an item of an array."""
    format = "preference" if start else "evalhub"

    rows = read(start.encode() + raw + (b"]" if start else b"\n"), format=format)

    assert isinstance(rows[0], Rejected)
    assert says in rows[0].reason
    rows[0].excerpt.encode()  # can be stored


def test_a_line_beyond_the_limit_is_refused_and_the_next_one_read() -> None:
    long = json.dumps(PROMPT | {"reference": "x" * LONGEST_ROW})

    first, second = read(long + "\n" + jsonl(PROMPT))

    assert isinstance(first, Rejected)
    assert "8 MiB" in first.reason
    assert len(first.excerpt) < 200
    assert isinstance(second, PromptRow)
    assert second.line == 2


def test_a_byte_order_mark_and_blank_lines_do_no_harm() -> None:
    assert len(read(b"\xef\xbb\xbf" + jsonl(PROMPT).encode() + b"\n\n  \n")) == 1
    rows = read(b"\xef\xbb\xbf" + json.dumps([PAIR]).encode(), format="preference")
    assert [type(row) for row in rows] == [PromptRow, JudgmentRow]


def test_prompts_and_judgments_taken_for_each_other_are_told_apart() -> None:
    assert "judgments" in only_rejected(read(jsonl(JUDGMENT))).reason
    assert "prompts" in only_rejected(read(jsonl(PROMPT), kind="judgments")).reason


def test_a_pair_is_a_prompt_with_two_answers_and_a_judgment() -> None:
    prompt, judgment = read(json.dumps([PAIR]), format="preference")

    assert isinstance(prompt, PromptRow)
    assert isinstance(judgment, JudgmentRow)
    texts = {each.id: each.content for each in prompt.completions}
    assert texts[judgment.preferences[0].choice] == "Because."
    assert judgment.prompt == prompt.id
    assert set(judgment.responses) == set(texts)


def test_the_chosen_answer_does_not_always_come_first() -> None:
    pairs = [
        PAIR | {"chosen": {"from": "gpt", "value": f"a{n}"}, "rejected": PAIR["rejected"]}
        for n in range(40)
    ]

    rows = read(json.dumps(pairs), format="preference")

    first = Counter(
        row.responses[0] == row.preferences[0].choice
        for row in rows
        if isinstance(row, JudgmentRow)
    )
    assert min(first.values()) > 5


def test_a_pair_that_stands_twice_counts_twice_under_one_prompt() -> None:
    rows = read(json.dumps([PAIR, PAIR]), format="preference")

    assert len({row.id for row in rows if isinstance(row, JudgmentRow)}) == 2
    assert len({row.id for row in rows if isinstance(row, PromptRow)}) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"chosen": {"from": "gpt", "value": ""}}, "chosen.value"),
        ({"rejected": {"from": "gpt", "value": "  "}}, "rejected.value"),
        ({"chosen": {"from": "human", "value": "x"}}, "chosen.from"),
        ({"chosen": PAIR["rejected"]}, "rejected.value"),
        ({"conversations": [{"from": "gpt", "value": "x"}]}, "conversations[0].from"),
        ({"conversations": [{"from": "human", "value": ""}]}, "conversations[0].value"),
        ({"conversations": [{"from": "robot", "value": "x"}]}, "conversations[0].from"),
        ({"chosen": "text"}, "chosen"),
    ],
)
def test_a_wrong_pair_is_refused_at_the_field(change: dict[str, Any], field: str) -> None:
    rows = read(json.dumps([PAIR | change, PAIR]), format="preference")

    assert isinstance(rows[0], Rejected)
    assert (rows[0].line, rows[0].field) == (1, field)
    assert len(rows) == 3  # the next pair is read


@pytest.mark.parametrize("end", ["", "7", ",{"])
def test_an_array_that_is_cut_off_says_where(end: str) -> None:
    rows = read("[" + json.dumps(PAIR) + end, format="preference")

    assert isinstance(rows[-1], Rejected)
    assert rows[-1].line == 2
    assert "not read" in rows[-1].reason


def node(name: str, role: str, text: str = "Text", **more: Any) -> dict[str, Any]:
    return {"message_id": name, "role": role, "text": text, "replies": []} | more


def tree(root: dict[str, Any]) -> str:
    return jsonl({"message_tree_id": "t1", "prompt": root})


def test_a_tree_gives_a_prompt_per_turn_and_a_ranking_per_ranked_siblings() -> None:
    deep = node("q2", "prompter", "And?", replies=[node("a3", "assistant", rank=0)])
    answers = [
        node("a1", "assistant", rank=1, replies=[deep]),
        node("a2", "assistant", rank=0, model_name="m"),
        node("a4", "assistant"),
    ]

    rows = read(tree(node("q1", "prompter", lang="en", replies=answers)), format="trees")

    first, ranking, second = rows
    assert isinstance(first, PromptRow)
    assert isinstance(ranking, JudgmentRow)
    assert isinstance(second, PromptRow)
    assert [each.id for each in first.completions] == ["a1", "a2", "a4"]
    assert [each.model for each in first.completions] == ["people", "m", "people"]
    assert ranking.ranking == [["a2"], ["a1"]]
    assert [each.role for each in second.messages] == ["user", "assistant", "user"]
    assert first.group == second.group == "t1"
    assert first.slices == {"language": "en"}


def test_siblings_of_the_same_rank_share_a_tier() -> None:
    answers = [node(f"a{n}", "assistant", rank=rank) for n, rank in enumerate([0, 2, 2])]

    _, ranking = read(tree(node("q", "prompter", replies=answers)), format="trees")

    assert isinstance(ranking, JudgmentRow)
    assert ranking.ranking == [["a0"], ["a1", "a2"]]


def test_what_was_deleted_or_is_empty_is_left_out_with_what_follows() -> None:
    answers = [
        node("gone", "assistant", deleted=True, replies=[node("q2", "prompter")]),
        node("blank", "assistant", " "),
        node("same", "prompter"),
    ]

    rows = read(tree(node("q1", "prompter", replies=answers)), format="trees")

    prompts = [row.id for row in rows if isinstance(row, PromptRow)]
    faults = [row.field for row in rows if isinstance(row, Rejected)]
    assert prompts == ["q1"]
    assert sorted(faults) == ["blank", "same"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (jsonl(PROMPT), "evalhub"),
        (jsonl(JUDGMENT), "evalhub"),
        ("  \n" + json.dumps([PAIR], indent=2), "preference"),
        (jsonl(PAIR), "preference"),
        (tree(node("q", "prompter")), "trees"),
        ("{broken\n" + jsonl(PROMPT), "evalhub"),
        (json.dumps([PROMPT]), "evalhub"),
        (json.dumps(PROMPT, indent=2), "evalhub"),
    ],
)
def test_the_format_is_found_out_and_the_stream_left_at_its_start(text: str, name: str) -> None:
    stream = io.BytesIO(text.encode())

    assert sniff(stream) == name
    assert stream.tell() == 0


@pytest.mark.parametrize("text", ["", " \n", "name,age\n", "[]", "[7]", "{broken}"])
def test_a_file_of_no_known_format_says_which_there_are(text: str) -> None:
    with pytest.raises(UnknownFormat, match=r"empty|formats"):
        sniff(io.BytesIO(text.encode()))


class Endless(io.RawIOBase):
    """A file that is made while it is read: `count` rows of about `size` bytes."""

    def __init__(self, row: bytes, count: int, head: bytes = b"", tail: bytes = b"") -> None:
        self._parts = self._make(row, count, head, tail)
        self._ahead, self._head = b"", head

    @staticmethod
    def _make(row: bytes, count: int, head: bytes, tail: bytes) -> Any:
        yield head
        for n in range(count):
            yield row.replace(b"NUMBER", b"%d" % n)
        yield tail

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, buffer: Any) -> int:
        while len(self._ahead) < len(buffer):
            part = next(self._parts, None)
            if part is None:
                break
            self._ahead += part
        taken, self._ahead = self._ahead[: len(buffer)], self._ahead[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


@pytest.mark.parametrize("shape", ["lines", "array"])
def test_memory_does_not_grow_with_the_file(shape: str) -> None:
    """Ten times the rows (20 MB of them) may cost what telling repeats costs: 100 bytes a row."""
    import tracemalloc

    from evalhub.formats.reading import items, lines

    def peak(count: int) -> int:
        row = json.dumps(PROMPT | {"id": "NUMBER", "reference": "x" * 2000}).encode()
        tracemalloc.start()
        if shape == "lines":
            raw = Endless(row + b"\n", count)
            read = sum(1 for _ in lines(io.BufferedReader(raw)))
        else:
            raw = Endless(row + b",", count, b"[", b"7]")
            read = sum(1 for _ in items(io.BufferedReader(raw))) - 1
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert read == count
        return used

    small, large = peak(1_000), peak(10_000)

    assert large < small * 1.2 + 9_000 * 100
