from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from pyarrow import parquet

from evalhub.datasets.export.containers import ROW_GROUP, WRITERS
from evalhub.formats.columns import columns_of

RECORDS: list[dict[str, Any]] = [
    {"text": "=1+1", "n": 1, "ok": True, "turns": [{"role": "user", "content": "a\nb"}], "x": None},
    {
        "text": "é,\"", "n": 1.5, "ok": False, "turn": {"role": "user", "content": "c"},
        "turns": [{"role": "tool", "content": "", "tool_calls": [{"name": "f"}]}], "x": {"y": 1},
    },
]  # fmt: skip


def written(kind: str, folder: Path, records: list[dict[str, Any]] = RECORDS) -> Path:
    path = folder / f"rows.{kind}"
    assert WRITERS[kind](iter(records), path, columns_of(records)) == len(records)
    return path


def test_columns_take_the_widest_type_that_they_meet() -> None:
    found = {name: each.type for name, each in columns_of(RECORDS).items()}

    assert found == {
        "text": "text", "n": "number", "ok": "yes_no", "turns": "turns", "x": "json", "turn": "turn",
    }  # fmt: skip
    assert list(columns_of(RECORDS)["turns"].keys) == ["role", "content", "tool_calls"]
    assert columns_of([{"a": "x"}, {"a": 1}])["a"].type == "json"
    assert columns_of([{"a": None}])["a"].type is None


def test_json_and_jsonl_are_the_records_and_empty_ones_are_valid(tmp_path: Path) -> None:
    assert json.loads(written("json", tmp_path).read_text()) == RECORDS
    lines = written("jsonl", tmp_path).read_text().splitlines()
    assert [json.loads(line) for line in lines] == RECORDS
    assert json.loads(written("json", tmp_path, []).read_text()) == []
    assert written("jsonl", tmp_path, []).read_bytes() == b""


def test_csv_has_no_formula_and_nested_values_as_json(tmp_path: Path) -> None:
    with written("csv", tmp_path).open(encoding="utf-8-sig", newline="") as stream:
        first, second = csv.DictReader(stream)

    assert first["text"] == "'=1+1"
    assert json.loads(first["turns"]) == RECORDS[0]["turns"]
    assert (first["turn"], first["ok"], second["n"]) == ("", "true", "1.5")


def test_parquet_is_typed_and_compressed_with_zstd_in_row_groups(tmp_path: Path) -> None:
    path = written("parquet", tmp_path, RECORDS * ROW_GROUP)

    file = parquet.ParquetFile(path)
    assert file.metadata.num_row_groups == 2
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    first, second = file.read_row_group(0).slice(0, 2).to_pylist()
    assert first["text"] == "=1+1"
    assert first["turns"] == [{"role": "user", "content": "a\nb", "tool_calls": None}]
    assert (second["n"], second["ok"], json.loads(second["x"])) == (1.5, False, {"y": 1})
    assert json.loads(second["turns"][0]["tool_calls"]) == [{"name": "f"}]
