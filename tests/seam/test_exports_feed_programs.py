"""What was exported is read by the programs themselves: datasets, and TRL's trainer and templates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Workspace
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.export.asked import asked_for
from evalhub.datasets.export.writing import export_build
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.jobs.jobs import execute
from tests.seam.test_builds_feed_trainers import MODEL, ROOT, judge_some_pairs

READ = """
import json, sys
import datasets

folder = sys.argv[1]
rows = datasets.load_dataset(f"{folder}/trl")
shards = datasets.load_dataset("parquet", data_files=f"{folder}/trl/data/train-*.parquet")["train"]
assert shards.to_list() == rows["train"].to_list()
chats = datasets.load_dataset(f"{folder}/axolotl")
table = datasets.load_dataset("csv", data_files=f"{folder}/trl.csv")["train"]
array = datasets.load_dataset("json", data_files=f"{folder}/openai.json")["train"]
sharegpt = datasets.load_dataset("json", data_files=f"{folder}/llamafactory/train.jsonl")["train"]
assert json.loads(table[0]["chosen"]) == rows["train"][0]["chosen"]
print(json.dumps({
    "rows": {split: len(each) for split, each in rows.items()},
    "columns": sorted(rows["train"].column_names),
    "others": [len(each) for each in (chats["train"], table, array, sharegpt)],
    "turn": sharegpt[0]["conversations"][0]["from"],
}))
"""

TRAIN = """
import json, sys, tempfile
import datasets
from transformers import AutoTokenizer
from trl import DPOConfig, DPOTrainer
from trl.data_utils import apply_chat_template, is_conversational

folder, model = sys.argv[1:]
rows = datasets.load_dataset(f"{folder}/trl")
row = rows["train"][0]
assert is_conversational(row)
tokenizer = AutoTokenizer.from_pretrained(model)
texts = apply_chat_template({name: row[name] for name in ("prompt", "chosen", "rejected")}, tokenizer)
with tempfile.TemporaryDirectory() as out:
    options = DPOConfig(output_dir=out, use_cpu=True, bf16=False, report_to="none", max_length=512,
                        gradient_checkpointing=False)
    trainer = DPOTrainer(model=model, args=options, train_dataset=rows["train"])
    batch = next(iter(trainer.get_train_dataloader()))
print(json.dumps({"texts": sorted(texts), "batch": len(batch["input_ids"])}))
"""


@pytest.fixture
def exported(acme: Workspace, tmp_path: Path) -> DatasetBuild:
    """Pairs in several shapes and containers below `tmp_path`."""
    judge_some_pairs(acme)
    dataset = ensure_dataset(
        workspace=acme, name="d", kind=BuildKind.PREFERENCE, definition={"licence": "mit"}
    )
    build = start_build(dataset=dataset)
    execute(build.job.uid)
    build.refresh_from_db()
    for shape, container, name in (
        ("trl", "folder", "trl"), ("axolotl", "folder", "axolotl"), ("trl", "csv", "trl.csv"),
        ("openai", "json", "openai.json"), ("llamafactory", "folder", "llamafactory"),
    ):  # fmt: skip
        splits = ("train",) if "." in name else ("train", "validation", "test")
        asked = asked_for(build, shape=shape, container=container, splits=splits)
        export_build(build, asked, tmp_path / name)
    return build


def told_by(script: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(MODEL)],
        cwd=ROOT,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.slow
@pytest.mark.django_db
def test_datasets_reads_what_was_exported(exported: DatasetBuild, tmp_path: Path) -> None:
    told = told_by(READ, tmp_path)

    assert told["rows"] == {split: n for split, n in exported.rows.items() if n}
    assert {"prompt", "chosen", "rejected", "p_chosen", "weight"} <= set(told["columns"])
    assert told["others"] == [exported.rows["train"]] * 4
    assert told["turn"] == "human"


@pytest.mark.long
@pytest.mark.django_db
def test_trl_takes_the_folder_as_it_is(exported: DatasetBuild, tmp_path: Path) -> None:
    told = told_by(TRAIN, tmp_path)

    assert told["texts"] == ["chosen", "prompt", "rejected"]
    assert told["batch"] >= 2
