"""Random and mutated bytes never make a reader raise, and every reader ends (atheris, a minute)."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from evalhub.formats.readers import FORMATS
from tests.evalhub.formats.test_chats import zipped
from tests.evalhub.formats.test_tables import as_parquet, as_xlsx

SECONDS = 60
TALK = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
SEEDS = {
    "openai-chat": json.dumps({"messages": TALK}).encode(),
    "sharegpt": b'[{"conversations": [{"from": "human", "value": "x"}, {"from": "gpt", "value": "y"}]}]',
    "alpaca": b'{"instruction": "x", "input": "", "output": "y"}',
    "trl": as_parquet([{"prompt": "x", "chosen": "y", "rejected": "z"}]),
    "hh-rlhf": b'{"chosen": "\\n\\nHuman: x\\n\\nAssistant: y", "rejected": "\\n\\nHuman: x\\n\\nAssistant: z"}',
    "label-studio": b'[{"id": 1, "data": {"text": "x"}, "annotations": [{"id": 2, "result": [{"type": "choices", "from_name": "q", "to_name": "text", "value": {"choices": ["a"]}}]}]}]',
    "argilla": b'[{"fields": {"text": "x"}, "responses": {"q": [{"value": "a", "user_id": "u"}]}, "suggestions": {}}]',
    "doccano": "id,text,label\n1,schön,a\n".encode("cp1252"),
    "potato": b"user\tinstance_id\tk:::a\nu\ti\ttrue\n",
    "langfuse": b'[{"id": "t", "input": "x", "output": "y", "scores": [{"name": "q", "value": 1}]}]',
    "table": as_xlsx(["prompt", "a", "b", "winner"], ["x", "y", "z", "a"]),
    "llamafactory": zipped({"dataset_info.json": {"a": {"file_name": "a.json"}}, "a.json": []}).getvalue(),
    "evalhub": '{"id": "p", "messages": []}'.encode("utf-16"),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.skipif(
    find_spec("atheris") is None,
    reason="atheris is missing: it has wheels for Linux on x86-64; pip install '.[dev]' there",
)
def test_no_bytes_make_a_reader_raise(tmp_path: Path) -> None:
    """The corpus starts with a file of each format, so that what is mutated is nearly right."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name, raw in SEEDS.items():
        (corpus / name).write_bytes(bytes([sorted(FORMATS).index(name)]) + raw)

    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.fuzz.readers", f"-max_total_time={SECONDS}"),
            *("-timeout=20", "-rss_limit_mb=2048", f"-artifact_prefix={tmp_path}/", str(corpus)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parents[2],
    )

    found = {path.name: path.read_bytes() for path in tmp_path.glob("*-*") if path.is_file()}
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}\n{found}"
    assert io.StringIO(done.stderr).read().count("DONE") >= 1
