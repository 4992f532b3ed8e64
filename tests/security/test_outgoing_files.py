"""Files that act: code in models and messages (formulas in tables: test_hostile_text.py)."""

from __future__ import annotations

import ast
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings

from training.contract import ATTEMPT_VARIABLE, RunSpec

RUNS_CODE = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle"}
EVALUATES = {"eval", "exec"}


def sources() -> Iterator[tuple[Path, ast.AST]]:
    for side in ("evalhub", "training"):
        for path in sorted(Path(settings.BASE_DIR / side).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def test_nothing_of_ours_reads_a_format_that_can_run_code() -> None:
    """Unsafe deserialisation: `torch.load` of what somebody uploaded (CVE-2025-5173 of a peer)."""
    found = []
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {alias.name for alias in node.names} | {getattr(node, "module", "")}
                found += [f"{path}: imports {name}" for name in names & RUNS_CODE]
            if isinstance(node, ast.Call):
                found += [f"{path}:{node.lineno}: {called}" for called in unsafe_calls(node)]
    assert found == []


def unsafe_calls(node: ast.Call) -> Iterator[str]:
    keywords = {each.arg: ast.unparse(each.value) for each in node.keywords}
    called = ast.unparse(node.func)
    if called in EVALUATES:
        yield called
    if called == "torch.load" and keywords.get("weights_only") != "True":
        yield "torch.load without weights_only=True"
    if keywords.get("trust_remote_code", "False") != "False":
        yield "trust_remote_code"
    if keywords.get("shell", "False") != "False":
        yield "a shell"


def test_workers_take_messages_of_plain_data_only() -> None:
    assert set(current_app.conf.accept_content) == {"json"}
    assert current_app.conf.task_serializer == "json"
    assert settings.SESSION_SERIALIZER.endswith("JSONSerializer")


class Bomb:
    """Touches a file when somebody unpickles it."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.target,)


@pytest.mark.slow
@pytest.mark.parametrize("where", ["adapter", "model"])
def test_weights_that_are_a_pickle_are_refused_unread(where: str, tmp_path: Path) -> None:
    went_off = tmp_path / "went-off"
    base = settings.BASE_DIR / "training/assets/demo-model"
    folder = tmp_path / where
    folder.mkdir()
    if where == "model":
        for each in base.iterdir():
            if each.suffix != ".safetensors":
                (folder / each.name).write_bytes(each.read_bytes())
    else:
        (folder / "adapter_config.json").write_text(
            '{"peft_type": "LORA", "task_type": "CAUSAL_LM"}'
        )
    name = "adapter_model.bin" if where == "adapter" else "pytorch_model.bin"
    (folder / name).write_bytes(pickle.dumps(Bomb(went_off)))
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "prompts.jsonl").write_text(
        '{"id": "p", "prompt": [{"role": "user", "content": "Hello"}]}\n'
    )
    RunSpec(
        recipe="generate",
        model=where if where == "model" else str(base),
        adapter=where if where == "adapter" else "",
        inputs={"prompts": "inputs/prompts.jsonl"},
    ).write(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "training", str(tmp_path)],
        cwd=settings.BASE_DIR, env={"PATH": "/usr/bin:/bin", ATTEMPT_VARIABLE: "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    result = (tmp_path / "attempts" / "1" / "result.json").read_text()
    assert done.returncode == 1
    assert '"input"' in result, result
    assert not went_off.exists()
