"""Each shape against what its program documents; the sources stand in the shape's own module."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from evalhub.formats.shapes import BESIDE, SHAPES, WHY_LEFT_OUT, CannotHold
from evalhub.formats.shapes.llamafactory import TAGS

USER = {"role": "user", "content": "Why?"}
SYSTEM = {"role": "system", "content": "Be brief."}
ASKED = [SYSTEM, USER, {"role": "assistant", "content": "Which?"}, {"role": "user", "content": "A"}]
CALLED = [
    USER,
    {"role": "assistant", "content": "", "tool_calls": [{"name": "look", "arguments": {"q": 1}}]},
    {"role": "tool", "content": "42"},
]
GOOD = [{"role": "assistant", "content": "Because."}]
BAD = [{"role": "assistant", "content": "Dunno."}]
ID = {"id": "a1", "group": "g"}
ROWS: dict[str, dict[str, Any]] = {
    "sft": {"prompt": [USER], "completion": GOOD, "weight": 2.0},
    "preference": {
        "prompt": [USER], "chosen": GOOD, "rejected": BAD, "p_chosen": 0.75, "weight": 4.0,
    },
    "reward": {"prompt": [USER], "chosen": GOOD, "rejected": BAD, "margin": 1.5, "weight": 1.0},
    "unpaired": {"prompt": [USER], "completion": GOOD, "label": True, "weight": 1.0},
    "text": {"text": "Once."},
    "classification": {
        "prompt": [USER], "criterion": "safe", "label": "yes", "share": 0.8, "weight": 4.0,
    },
    "evaluation": {"prompt": [USER], "reference": "Because.", "scores": {"clarity": 4.5}},
}  # fmt: skip


def made(shape: str, kind: str, **other: Any) -> dict[str, Any]:
    return SHAPES[shape].makes[kind](ID | ROWS[kind] | other)


def refused(shape: str, kind: str, **other: Any) -> str:
    with pytest.raises(CannotHold) as caught:
        made(shape, kind, **other)
    assert caught.value.reason in SHAPES[shape].refuses
    return caught.value.reason


def test_each_shape_makes_json_of_each_kind_that_it_names_and_foretells_what_it_loses() -> None:
    for shape in SHAPES.values():
        for kind, make in shape.makes.items():
            assert json.loads(json.dumps(make(ID | ROWS[kind])))
            assert len(shape.foretold(kind)) >= len(shape.loses(kind))
    assert set(SHAPES["trl"].makes) == set(ROWS) == set(BESIDE)
    refused = {name for each in SHAPES.values() for name in each.refuses}
    assert refused | {"tie"} == set(WHY_LEFT_OUT)


def test_what_says_nothing_is_not_lost() -> None:
    shape = SHAPES["openai"]
    assert list(shape.lost_in(ROWS["preference"], "preference")) == ["p_chosen", "weight"]
    assert "margin" in shape.lost_in(ROWS["reward"], "reward")
    sure = ROWS["preference"] | {"p_chosen": 1.0, "weight": 1.0}
    assert list(shape.lost_in(sure, "preference")) == []
    assert list(SHAPES["trl"].lost_in(ROWS["preference"], "preference")) == []


def test_a_tie_is_no_preference_for_whoever_knows_only_better_and_worse() -> None:
    tied = ROWS["preference"] | {"p_chosen": 0.5}
    assert SHAPES["trl"].record(tied, "preference") == tied
    for name in sorted({*SHAPES} - {"trl"}):
        with pytest.raises(CannotHold) as caught:
            SHAPES[name].record(tied, "preference")
        assert caught.value.reason == "tie"


def test_trl_keeps_every_column_and_says_calls_of_tools_as_templates_read_them() -> None:
    assert made("trl", "preference") == ID | ROWS["preference"]
    called = made("trl", "sft", prompt=CALLED)["prompt"][1]
    assert called["tool_calls"] == [
        {"type": "function", "function": {"name": "look", "arguments": {"q": 1}}}
    ]


def test_declared_tools_go_along_as_each_program_wants_them() -> None:
    tools = '[{"name": "look", "parameters": {}}]'
    framed = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
    assert made("trl", "sft", tools=tools)["tools"] == tools
    for shape in ("openai", "axolotl"):
        assert made(shape, "sft", tools=tools)["tools"] == framed
        assert "tools" not in made(shape, "sft")
    assert made("openai", "preference", tools=tools)["input"]["tools"] == framed
    for shape in ("sharegpt", "llamafactory"):
        assert made(shape, "sft", tools=tools)["tools"] == tools
        assert made(shape, "preference")["tools"] == ""


def test_openai_chat_examples_end_with_the_assistant_and_number_their_calls() -> None:
    assert made("openai", "sft") == {"messages": [USER, *GOOD]}
    assert made("openai", "sft", prompt="Why?", completion="Because.") == {
        "messages": [USER, *GOOD]
    }
    call, result = made("openai", "sft", prompt=CALLED)["messages"][1:3]
    assert call["tool_calls"][0] == {
        "id": "call_0", "type": "function", "function": {"name": "look", "arguments": '{"q": 1}'},
    }  # fmt: skip
    assert result["tool_call_id"] == "call_0"
    assert refused("openai", "sft", prompt=[USER, CALLED[2]]) == "tool_calls"


def test_openai_preferences_are_an_input_and_one_message_for_each_side() -> None:
    assert made("openai", "preference", prompt=ASKED) == {
        "input": {"messages": ASKED, "tools": [], "parallel_tool_calls": True},
        "preferred_output": GOOD,
        "non_preferred_output": BAD,
    }
    assert refused("openai", "preference", chosen=GOOD * 2) == "answer"


def test_openai_evaluations_are_items_with_their_reference_or_none() -> None:
    assert made("openai", "evaluation", reference=None)["item"]["reference"] is None


def test_alpaca_has_no_place_for_a_system_prompt_or_a_second_turn() -> None:
    assert made("alpaca", "sft") == {"instruction": "Why?", "input": "", "output": "Because."}
    assert set(made("alpaca", "preference")) == {"instruction", "input", "chosen", "rejected"}
    assert refused("alpaca", "sft", prompt=[SYSTEM, USER]) == "system"
    assert refused("alpaca", "sft", prompt=ASKED[1:]) == "several_turns"
    assert refused("alpaca", "unpaired", label=False) == "not_wanted"
    assert refused("alpaca", "evaluation", reference=None) == "no_reference"
    label = made("alpaca", "classification")
    assert (label["input"], label["output"]) == ("Why?", "yes")
    assert "safe" in label["instruction"]


def test_sharegpt_is_what_our_own_reader_of_preferences_takes() -> None:
    assert made("sharegpt", "preference", prompt=ASKED)["conversations"] == [
        {"from": "system", "value": "Be brief."},
        {"from": "human", "value": "Why?"},
        {"from": "gpt", "value": "Which?"},
        {"from": "human", "value": "A"},
    ]
    assert made("sharegpt", "preference")["chosen"] == {"from": "gpt", "value": "Because."}
    called = made("sharegpt", "sft", prompt=CALLED)["conversations"]
    assert [each["from"] for each in called] == ["human", "function_call", "observation", "gpt"]
    both = [USER, CALLED[1] | {"content": "I look."}, CALLED[2]]
    assert refused("sharegpt", "sft", prompt=both) == "tool_calls"


def test_llamafactory_leaves_out_what_it_would_drop_in_silence() -> None:
    assert refused("llamafactory", "sft", prompt=[USER, USER]) == "turns"
    assert made("llamafactory", "sft", prompt=ASKED)["conversations"][-1]["from"] == "gpt"
    assert made("llamafactory", "unpaired", label=False)["kto_tag"] is False


def test_llamafactory_describes_each_kind_in_dataset_info() -> None:
    notes = SHAPES["llamafactory"].notes
    assert notes is not None
    for kind in SHAPES["llamafactory"].makes:
        name, text = notes(kind, {"train": "train.jsonl"})
        assert name == "dataset_info.json"
        entry = json.loads(text)["evalhub_train"]
        assert entry["file_name"] == "train.jsonl"
        record = made("llamafactory", kind)
        assert set(entry["columns"].values()) <= set(record)  # each column that it names is there
        assert entry.get("ranking", False) == (kind in ("preference", "reward"))
        if kind == "text":
            assert "formatting" not in entry  # texts are incompatible with sharegpt there
        else:
            said = {turn[TAGS["role_tag"]] for turn in record["conversations"]}
            assert said <= set(TAGS.values())
            assert "kto_tag" in entry["columns"] or kind != "unpaired"


def test_axolotl_configures_each_kind_by_fields_that_are_there() -> None:
    notes = SHAPES["axolotl"].notes
    assert notes is not None
    for kind in SHAPES["axolotl"].makes:
        name, text = notes(kind, {"train": "train.jsonl", "validation": "validation.jsonl"})
        settings = yaml.safe_load(text)
        record = made("axolotl", kind, prompt=[SYSTEM, USER])
        (dataset,) = settings["datasets"]
        assert (name, dataset["path"], dataset["ds_type"]) == (
            "axolotl.yaml", "./train.jsonl", "json",
        )  # fmt: skip
        assert settings["test_datasets"][0]["path"] == "./validation.jsonl"
        told = dataset | (dataset["type"] if isinstance(dataset["type"], dict) else {})
        fields = {value for key, value in told.items() if key.startswith("field")}
        assert fields <= set(record)
        assert settings.get("rl") == {"preference": "dpo", "unpaired": "kto"}.get(kind)
        assert settings.get("reward_model", False) == (kind == "reward")


def test_axolotl_rewards_and_kto_take_a_system_prompt_and_one_turn() -> None:
    assert made("axolotl", "reward", prompt=[SYSTEM, USER]) == {
        "system": "Be brief.", "input": "Why?", "chosen": "Because.", "rejected": "Dunno.",
    }  # fmt: skip
    assert refused("axolotl", "reward", prompt=ASKED) == "single"
    assert made("axolotl", "preference", prompt=ASKED)["chosen"] == GOOD[0]
