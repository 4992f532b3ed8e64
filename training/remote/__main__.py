"""python -m training.remote --url https://evalhub.example.org: train what waits there, over HTTPS alone.

The token comes from manage.py add_worker, by EVALHUB_TOKEN or --token; EVALHUB_TOKEN is what other
people on this machine cannot read. TERM hands the run back after a checkpoint, as does Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
from pathlib import Path
from types import FrameType

from training.remote.client import CannotConnect, Client, Refused
from training.remote.working import Worker, say


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.remote", description=__doc__)
    parser.add_argument("--url", required=True, help="where people open evalhub: https://…")
    parser.add_argument("--token", default=os.environ.get("EVALHUB_TOKEN", ""))
    parser.add_argument(
        "--label", action="append", default=[], help="what this worker offers: a100"
    )
    parser.add_argument(
        "--place", type=Path, default=Path(tempfile.gettempdir()) / "evalhub-remote"
    )
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two questions")
    parser.add_argument("--once", action="store_true", help="end when no run waits")
    return parser


def main(words: list[str]) -> int:
    asked = arguments().parse_args(words)
    if not asked.token:
        sys.stderr.write(
            "Give the worker's token in EVALHUB_TOKEN; manage.py add_worker makes one.\n"
        )
        return 2
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname())[:30]
    name = f"{host}-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        client = Client(asked.url, asked.token)
        worker = Worker(client, name=name, labels=asked.label, place=asked.place)
        _go_when_told(worker)
        worker.work(every=asked.every, once=asked.once)
    except (CannotConnect, Refused) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    say("gone")
    return 0


def _go_when_told(worker: Worker) -> None:
    def told(signum: int, frame: FrameType | None) -> None:
        worker.going.set()

    signal.signal(signal.SIGTERM, told)
    signal.signal(signal.SIGINT, told)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
