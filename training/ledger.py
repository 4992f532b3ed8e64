"""Answers as they come, and what was spent on them, on disk, so that an attempt goes on where the last one stopped.

Standard library only. A line is there whole or not at all; what a killed process left of one is cut off.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from pathlib import Path
from typing import Any

from training.checkpoints import newest_whole, publish
from training.contract import RunSpec

NAME = "answers.jsonl"
Key = tuple[str, int, int]  # prompt, index, turn


class Ledger:
    """Of one run directory and one spec; another spec begins anew."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir, self._path = run_dir, run_dir / NAME
        self._lock = threading.Lock()  # what is spent is written beside what is answered
        self._spec = hashlib.sha256((run_dir / RunSpec.FILE).read_bytes()).hexdigest()
        if not self._path.exists() and (stored := newest_whole(run_dir, needed=(NAME,))):
            shutil.copyfile(stored / NAME, self._path)  # of an attempt on another machine
        self.known: dict[Key, dict[str, Any]] = {}
        self.requests, self.cost = 0, 0.0  # sent by all attempts, and what they may have cost
        whole = self._read()
        self._stream = self._path.open("ab")
        self._stream.truncate(whole)
        if not whole:
            self._append({"spec": self._spec})

    def add(self, key: Key, answer: dict[str, Any]) -> None:
        """Write down one answer; each key once."""
        if key in self.known:
            raise ValueError(f"{key} is written already")
        self.known[key] = answer
        self._append({"key": key, **answer})

    def spend(self, requests: int, cost: float) -> None:
        """Write down what is about to be sent, at the most that it can cost; below 0 it cost less."""
        self.requests, self.cost = self.requests + requests, self.cost + cost
        self._append({"spent": [requests, cost]})

    def publish(self) -> Path:
        """Make a checkpoint of all that is there, from which another machine can go on."""
        unfinished = self._run_dir / "unfinished-answers"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        shutil.copyfile(self._path, unfinished / NAME)
        return publish(unfinished, self._run_dir, step=len(self.known))

    def close(self) -> None:
        self._stream.close()

    def _append(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            self._stream.flush()

    def _read(self) -> int:
        """Fill `known`; return how many bytes of the file are whole lines of this spec."""
        given = self._path.read_bytes() if self._path.exists() else b""
        whole = given.rfind(b"\n") + 1
        first, *lines = [json.loads(line) for line in given[:whole].splitlines()] or [{}]
        if first.get("spec") != self._spec:
            return 0
        for line in lines:
            if "spent" in line:
                requests, cost = line["spent"]
                self.requests, self.cost = self.requests + requests, self.cost + cost
                continue
            prompt, index, turn = line.pop("key")
            self.known[prompt, index, turn] = line
        return whole


def answers_in(run_dir: Path) -> dict[Key, dict[str, Any]]:
    """What the attempts of a run directory have written, or its newest whole checkpoint holds; to be read alone."""
    path = run_dir / NAME
    if not path.exists() and (stored := newest_whole(run_dir, needed=(NAME,))):
        path = stored / NAME
    given = path.read_bytes() if path.exists() else b""
    found: dict[Key, dict[str, Any]] = {}
    for line in given[: given.rfind(b"\n") + 1].splitlines():
        answer = json.loads(line)
        if "key" in answer:
            prompt, index, turn = answer.pop("key")
            found[prompt, index, turn] = answer
    return found
