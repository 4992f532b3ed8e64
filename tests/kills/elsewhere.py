"""Workers that reach only HTTPS (here: HTTP on this machine), as processes with nothing else in their environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evalhub.common.embedded.children import spawn
from evalhub.common.supervisor.instance import ROOT, Up, manage

LABEL = "elsewhere"  # no worker of the instance itself offers it


@dataclass
class Elsewhere:
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def said(self) -> str:
        return self.output.read_text()

    def end(self, by: signal.Signals) -> int:
        self.process.send_signal(by)
        return self.process.wait(60)


def token_for(up: Up, workspace: str, name: str) -> str:
    done = manage(up.place, "add_worker", name, "--workspace", workspace, "--json")
    assert done.returncode == 0, done.stderr
    token: str = json.loads(done.stdout)["token"]
    return token


@contextmanager
def elsewhere(up: Up, token: str, place: Path, *words: str) -> Iterator[Elsewhere]:
    """A worker for the length of the block."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    place.mkdir(parents=True, exist_ok=True)
    output = place / "said.txt"
    process = spawn(
        [sys.executable, "-m", "training.remote", "--url", f"http://127.0.0.1:{up.port}",
         "--label", LABEL, "--place", str(place), "--every", "0.3", *words],
        log=output,
        dies_with_us_by=signal.SIGKILL,
        directory=ROOT,
        environment=kept | {"EVALHUB_TOKEN": token, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    worker = Elsewhere(process, output)
    try:
        yield worker
    finally:
        if process.poll() is None:
            worker.end(signal.SIGKILL)
