"""Answers that came without a judge: chat, ShareGPT, Alpaca, TRL, HH-RLHF, LLaMA-Factory."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from evalhub.formats.readers import read_rows, sniff
from evalhub.formats.rows import JudgmentRow, PromptRow, Rejected, Row

USER = {"role": "user", "content": "Why?"}
BOT = {"role": "assistant", "content": "Because."}
WORSE = {"role": "assistant", "content": "Dunno."}


def rows_of(*values: Any) -> tuple[str, list[Row]]:
    raw = "".join(json.dumps(value) + "\n" for value in values).encode()
    name = sniff(io.BytesIO(raw))
    return name, list(read_rows(io.BytesIO(raw), format=name, kind="judgments"))


def one(value: Any, name: str) -> tuple[PromptRow, JudgmentRow]:
    found, rows = rows_of(value)
    assert found == name
    prompt, judgment = rows
    assert isinstance(prompt, PromptRow), prompt
    assert isinstance(judgment, JudgmentRow), judgment
    return prompt, judgment


def refused(value: Any) -> Rejected:
    _, [row] = rows_of(value)
    assert isinstance(row, Rejected), row
    return row


def better_of(prompt: PromptRow, judgment: JudgmentRow) -> str:
    texts = {each.id: each.content for each in prompt.completions}
    return texts[judgment.preferences[0].choice]


def said(prompt: PromptRow) -> list[tuple[str, str]]:
    return [(each.role, each.content) for each in prompt.messages]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("openai-chat", {"messages": [USER, BOT]}),
        (
            "openai-chat",
            {"messages": [USER, BOT | {"content": [{"type": "text", "text": "Because."}]}]},
        ),
        (
            "openai-chat",
            {"messages": [USER, BOT | {"content": [{"type": "text", "value": "Because."}]}]},
        ),
        (
            "sharegpt",
            {
                "conversations": [
                    {"from": "human", "value": "Why?"},
                    {"from": "gpt", "value": "Because."},
                ]
            },
        ),
        ("alpaca", {"instruction": "Why?", "input": "", "output": "Because."}),
        ("trl", {"prompt": "Why?", "completion": "Because."}),
        ("trl", {"prompt": [USER], "completion": [BOT]}),
    ],
)
def test_an_answer_is_a_completion_and_a_demonstration(name: str, value: Any) -> None:
    prompt, judgment = one(value, name)
    assert said(prompt) == [("user", "Why?")]
    assert [each.content for each in prompt.completions] == ["Because."]
    assert (judgment.demonstration, judgment.responses) == ("Because.", [])


def test_the_same_conversation_has_one_id_whatever_the_format() -> None:
    first, _ = one({"messages": [USER, BOT]}, "openai-chat")
    other, _ = one({"prompt": "Why?", "completion": "Because."}, "trl")
    assert (first.id, first.completions[0].id) == (other.id, other.completions[0].id)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("openai-preference", {"input": {"messages": [USER]}, "preferred_output": [BOT], "non_preferred_output": [WORSE]}),
        ("preference", {"conversations": [{"from": "human", "value": "Why?"}], "chosen": {"from": "gpt", "value": "Because."}, "rejected": {"from": "gpt", "value": "Dunno."}}),
        ("llamafactory-v1", {"chosen_messages": [USER, BOT], "rejected_messages": [USER, WORSE]}),
        ("trl", {"prompt": "Why?", "chosen": "Because.", "rejected": "Dunno."}),
        ("trl", {"prompt": [USER], "chosen": [BOT], "rejected": [WORSE]}),
        ("trl", {"chosen": [USER, BOT], "rejected": [USER, WORSE]}),
        ("trl", {"prompt": "Why?", "chosen": [USER, BOT], "rejected": [USER, WORSE], "score_chosen": 7}),
        ("hh-rlhf", {"chosen": "\n\nHuman: Why?\n\nAssistant: Because.", "rejected": "\n\nHuman: Why?\n\nAssistant: Dunno."}),
        ("alpaca", {"instruction": "Why?", "input": "", "chosen": "Because.", "rejected": "Dunno."}),
    ],
)  # fmt: skip
def test_a_pair_is_a_preference(name: str, value: Any) -> None:
    prompt, judgment = one(value, name)
    assert said(prompt) == [("user", "Why?")]
    assert better_of(prompt, judgment) == "Because."
    assert judgment.responses == sorted(each.id for each in prompt.completions)


@pytest.mark.parametrize("good", [True, False])
@pytest.mark.parametrize(
    "value", [{"prompt": "Why?", "completion": "Because."}, {"messages": [USER, BOT]}]
)
def test_a_label_for_kto_is_a_yes_or_no(value: Any, good: bool) -> None:  # noqa: FBT001
    _, [_prompt, judgment] = rows_of(value | {"label": good})
    assert isinstance(judgment, JudgmentRow)
    assert judgment.rubric == "liked"
    [rating] = judgment.ratings
    assert (rating.criterion, rating.value) == ("good", int(good))


def test_tool_calls_and_tools_are_kept() -> None:
    call = {"type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
    talk = [
        {"role": "developer", "content": "Be brief."},
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "-3"},
        BOT,
    ]
    tools = [{"type": "function", "function": {"name": "weather"}}]

    prompt, judgment = one({"messages": talk, "tools": tools}, "openai-chat")

    assert [each.role for each in prompt.messages] == ["system", "user", "assistant", "tool"]
    [kept] = prompt.messages[2].tool_calls
    assert (kept.name, kept.arguments) == ("weather", {"city": "Oslo"})
    assert prompt.documents[0]["title"] == "Tools"
    assert judgment.demonstration == "Because."


def test_a_call_of_sharegpt_is_a_tool_call_and_an_answer_of_calls_no_demonstration() -> None:
    turns = [
        {"from": "human", "value": "Cold?"},
        {"from": "function_call", "value": '{"name": "weather", "arguments": {"city": "Oslo"}}'},
    ]
    name, [prompt] = rows_of({"conversations": turns, "tools": "[]", "system": "Be brief."})
    assert name == "sharegpt"
    assert isinstance(prompt, PromptRow)
    assert [each.role for each in prompt.messages] == ["system", "user"]
    assert prompt.completions[0].tool_calls[0].name == "weather"
    assert prompt.documents == []


def test_arguments_that_are_no_json_are_kept_as_the_model_wrote_them() -> None:
    call = {"function": {"name": "f", "arguments": "{broken"}}
    _, [prompt, *_] = rows_of(
        {"messages": [USER, {"role": "assistant", "content": "", "tool_calls": [call]}]}
    )
    assert isinstance(prompt, PromptRow)
    assert prompt.completions[0].tool_calls[0].arguments == {"text": "{broken"}


def test_history_and_input_of_alpaca_are_turns() -> None:
    value = {
        "instruction": "Sum up.",
        "input": "A text.",
        "output": "T.",
        "system": "S",
        "history": [["Hi", "Hello"]],
    }
    prompt, _ = one(value, "alpaca")
    assert said(prompt) == [
        ("system", "S"),
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "Sum up.\nA text."),
    ]


def test_prompts_alone_have_no_judgment() -> None:
    for value in ({"prompt": "Why?"}, {"messages": [USER]}):
        _, [prompt] = rows_of(value)
        assert isinstance(prompt, PromptRow)
        assert prompt.completions == []


def test_a_row_that_stands_twice_counts_twice() -> None:
    _, rows = rows_of({"messages": [USER, BOT]}, {"messages": [USER, BOT]})
    assert len({row.id for row in rows if isinstance(row, JudgmentRow)}) == 2


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"messages": [USER, {"role": "robot", "content": "x"}, BOT]}, "messages[1].role"),
        ({"messages": [BOT]}, "messages"),
        ({"messages": [USER, BOT | {"content": " "}]}, ""),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}, BOT]}, "messages[0].content[0]"),
        ({"messages": [USER, {"role": "assistant", "tool_calls": [{}]}]}, "messages[1].tool_calls[0]"),
        ({"conversations": [{"from": "human", "value": "x"}, {"from": "function_call", "value": "x"}]}, "conversations[1].value"),
        ({"prompt": "Why?", "completion": "x", "label": "good"}, "label"),
        ({"prompt": "Why?", "chosen": "x", "rejected": "x"}, "rejected"),
        ({"prompt": " ", "completion": "x"}, "messages[0].content"),
        ({"chosen": [USER, BOT], "rejected": [{"role": "user", "content": "Who?"}, WORSE]}, "rejected"),
        ({"instruction": "x", "output": ""}, "output"),
        ({"instruction": "x", "output": "y", "history": ["z"]}, "history[0]"),
        ({"chosen": "\n\nHuman: x", "rejected": "\n\nHuman: x\n\nAssistant: y"}, "chosen"),
        ({"input": 1, "preferred_output": [BOT], "non_preferred_output": [BOT]}, "input"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_refused_at_its_field(value: Any, field: str) -> None:
    row = refused(value)
    assert row.field == field
    assert row.reason.endswith(".")


def zipped(files: dict[str, Any]) -> io.BytesIO:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, str) else json.dumps(content))
    target.seek(0)
    return target


def test_a_folder_of_llamafactory_is_read_by_its_index() -> None:
    index = {
        "plain": {"file_name": "a.json"},
        "renamed": {
            "file_name": "b.jsonl",
            "columns": {"prompt": "q", "response": "a", "system": "s"},
        },
        "talk": {
            "file_name": "c.json",
            "formatting": "sharegpt",
            "columns": {"messages": "talk", "kto_tag": "ok"},
            "tags": {
                "role_tag": "who",
                "content_tag": "text",
                "user_tag": "me",
                "assistant_tag": "it",
            },
        },
        "pairs": {
            "file_name": "d.json",
            "ranking": True,
            "columns": {"chosen": "good", "rejected": "bad"},
        },
        "elsewhere": {"hf_hub_url": "owner/name"},
        "lost": {"file_name": "../../etc/passwd"},
    }
    talk = [{"who": "me", "text": "Hi"}, {"who": "it", "text": "Hello"}]
    stream = zipped(
        {
            "data/dataset_info.json": index,
            "data/a.json": [{"instruction": "i", "input": "", "output": "o"}],
            "data/b.jsonl": json.dumps({"q": "Why?", "a": "So.", "s": "Be brief."}),
            "data/c.json": [{"talk": talk, "ok": False}, {"talk": talk, "ok": "x"}],
            "data/d.json": [{"instruction": "i", "good": "x", "bad": "y"}],
        }
    )
    assert sniff(stream) == "llamafactory"

    rows = list(read_rows(stream, format="llamafactory", kind="judgments"))

    judgments = [row for row in rows if isinstance(row, JudgmentRow)]
    assert sorted(row.demonstration for row in judgments) == ["", "", "So.", "o"]
    assert [row.ratings[0].value for row in judgments if row.ratings] == [0]
    [fault] = [row for row in rows if isinstance(row, Rejected)]
    assert fault.field == "talk: ok"


def test_an_archive_without_an_index_is_read_file_by_file() -> None:
    stream = zipped(
        {"b.jsonl": json.dumps({"messages": [USER, BOT]}), "a.csv": "messages\nx\n", ".c.json": "["}
    )
    rows = list(read_rows(stream, format="openai-chat", kind="judgments"))
    assert [type(row) for row in rows] == [Rejected, PromptRow, JudgmentRow]
    assert isinstance(rows[0], Rejected)
    assert rows[0].field == "a.csv: messages"


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalhub.formats.containers.MOST_UNPACKED", 1000)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jsonl", "0" * 100_000)
    target.seek(0)
    [row] = read_rows(target, format="openai-chat", kind="prompts")
    assert isinstance(row, Rejected)
    assert "unpacks" in row.reason
