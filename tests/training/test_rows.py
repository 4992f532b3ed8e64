from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.errors import InputError
from training.judged import p_chosen_of
from training.rows import Row, is_blank, read_rows

FIELDS = ("prompt", "completion")


@pytest.mark.parametrize(
    ("labels", "known"), [("soft", [0.5, 0.7, 1.0]), ("hard", [0.5, 1.0, 1.0])]
)
def test_a_tie_is_no_label_even_where_labels_are_hard(labels: str, known: list[float]) -> None:
    said: list[dict[str, float]] = [{"p_chosen": 0.5}, {"p_chosen": 0.7}, {}]
    rows = [Row(nth, str(nth), "g", {}, judged=each) for nth, each in enumerate(said)]
    assert p_chosen_of(rows, labels) == known


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text(text, "utf-8")
    return path


def test_both_forms_are_read_and_other_columns_left_alone(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '{"id": "a", "group": "g", "prompt": "p", "completion": "c", "weight": 0.5}\n'
        '\n{"prompt": [{"role": "user", "content": "p"}], "completion": [{"role": "assistant", "content": "c"}]}\n',
    )
    first, second = read_rows(path, name="train", fields=FIELDS)
    assert (first.id, first.group, first.texts) == ("a", "g", {"prompt": "p", "completion": "c"})
    assert (second.id, second.group, second.number) == ("3", "3", 3)


def test_calls_of_tools_are_read_with_and_without_their_frame(tmp_path: Path) -> None:
    call = {"name": "look", "arguments": {"q": 1}}
    framed = {"type": "function", "function": call}
    turn = {"role": "assistant", "content": "", "tool_calls": [call, framed]}
    tools = json.dumps([{"name": "look"}])
    asked = [{"role": "user", "content": "?"}]
    row = json.dumps({"prompt": asked, "completion": [turn], "tools": tools})
    [read] = read_rows(written(tmp_path, row), name="train", fields=FIELDS)
    assert read.texts["completion"][0]["tool_calls"] == [framed, framed]  # type: ignore[index]
    assert read.tools == [{"name": "look"}]
    assert not is_blank(read.texts["completion"])
    for wrong in ({"tools": "{"}, {"tools": '"a"'}, {"completion": [turn | {"tool_calls": [1]}]}):
        row = json.dumps({"prompt": asked, "completion": [turn]} | wrong)
        with pytest.raises(InputError, match="row 1"):
            read_rows(written(tmp_path, row), name="train", fields=FIELDS)


def test_no_row_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no row"):
        read_rows(written(tmp_path, "\n"), name="train", fields=FIELDS)


@pytest.mark.parametrize(
    "line, said",
    [
        ("{", "not JSON"),
        ("[1]", "not an object"),
        ('{"prompt": "p"}', "'completion' must be text"),
        ('{"prompt": "p", "completion": 7}', "'completion' must be text"),
        ('{"prompt": "p", "completion": []}', "'completion' must be text"),
        ('{"prompt": "p", "completion": [{"role": "assistant"}]}', "'completion' must be text"),
        ('{"prompt": "p", "completion": [{"role": "assistant", "content": "c"}]}', "mixes"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, line: str, said: str) -> None:
    good = '{"prompt": "p", "completion": "c"}\n'
    with pytest.raises(InputError, match=rf"'train', row 2.*{said}"):
        read_rows(written(tmp_path, good + line + "\n"), name="train", fields=FIELDS)
