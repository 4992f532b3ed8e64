"""Rows that tests write, and what they say to processes."""

from __future__ import annotations

import gc
import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SELDOM = {
    "evaluate_every": 100,
    "checkpoint_every": 100,
}  # at the beginning and at the end: each costs as much as several steps
# `make test` installs them; where somebody left them out, all the other tests still tell something
needs_transformers_serve = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("fastapi", "uvicorn", "openai"))),
    reason="needs transformers[serving]: pip install -c constraints.txt fastapi uvicorn openai",
)
DEADLINE = 120.0  # seconds; a starved machine takes long to import torch
_never = threading.Event()


@cache
def keep_libraries() -> None:
    """Import what runs do, and keep it out of Python's search for garbage.

    At the end of each run accelerate has all objects searched, of which libraries made nearly all: half a second.
    """
    import training.recipes.dpo  # noqa: F401

    gc.freeze()


def question(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def pairs(count: int, **columns: Any) -> list[dict[str, Any]]:
    """Conversations in which "good" is preferred to "bad"."""
    return [
        {
            "id": f"pair-{i}",
            "group": f"group-{i}",
            "prompt": question(f"q{i}"),
            "chosen": answer("good"),
            "rejected": answer("bad"),
            **columns,
        }
        for i in range(count)
    ]


def texts(count: int, **columns: Any) -> list[dict[str, Any]]:
    """Conversations whose answers differ in length."""
    return [
        {
            "id": f"text-{i}",
            "group": f"group-{i}",
            "prompt": question(f"q{i}"),
            "completion": answer("yes" * (1 + i % 4)),
            **columns,
        }
        for i in range(count)
    ]


def documents(count: int, **columns: Any) -> list[dict[str, Any]]:
    """Texts that differ in length, 21 tokens at least."""
    return [
        {
            "id": f"document-{i}",
            "group": f"group-{i}",
            "text": f"Document {i} says " + "yes and " * (1 + i % 4),
            **columns,
        }
        for i in range(count)
    ]


def start(folder: Path, *, attempt: int = 1, **options: Any) -> subprocess.Popen[bytes]:
    """`python -m training`, as a worker starts it."""
    environ = {**os.environ, "EVALHUB_ATTEMPT": str(attempt), "CUDA_VISIBLE_DEVICES": "", **options.pop("env", {})}  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-m", "training", str(folder)],
        cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options,
    )  # fmt: skip


def until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for a condition; fail when the process ends or the deadline passes before."""
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert process.poll() is None, f"the trainer ended with {process.returncode}"
        assert time.monotonic() < deadline, "waited too long"
        _never.wait(0.01)


@contextmanager
def serving(model: Path, log: Path) -> Iterator[str]:
    """`transformers serve` on a directory; yields what stands before /chat/completions."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "transformers.cli.transformers", "serve", str(model), "--host", "127.0.0.1",
        "--port", str(port), "--device", "cpu", "--dtype", "float32",
    ]  # fmt: skip
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("wb") as stream:
        process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
    try:
        until(lambda: _is_up(f"http://127.0.0.1:{port}/health"), process)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def _is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False
