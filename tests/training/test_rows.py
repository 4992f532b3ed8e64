from __future__ import annotations

from pathlib import Path

import pytest

from training.errors import InputError
from training.rows import read_rows

FIELDS = ("prompt", "completion")


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
