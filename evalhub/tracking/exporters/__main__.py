"""`python -m evalhub.tracking.exporters < LETTER`: send it, and tell what is there, a JSON object a line.

A process of its own: a client that hangs or leaves threads behind is ended with it, and sees nothing
of the worker's environment but its key.
"""

from __future__ import annotations

import os
import signal
import sys
import urllib.error
from collections.abc import Callable
from typing import Any

import msgspec

from evalhub.tracking.exporters.comet import Comet
from evalhub.tracking.exporters.letter import Exporter, Letter, Refused
from evalhub.tracking.exporters.mlflow import MLflow
from evalhub.tracking.exporters.tensorboard import TensorBoard
from evalhub.tracking.exporters.weights_and_biases import WeightsAndBiases

EXPORTERS: dict[str, Callable[[Letter], Exporter]] = {
    "tensorboard": TensorBoard,
    "mlflow": MLflow,
    "wandb": WeightsAndBiases,
    "comet": Comet,
}
NO_ENTRY = (401, 403)
LAST_SECOND = 180  # when its worker is gone, nobody else ends it


def main() -> None:
    signal.alarm(LAST_SECOND)
    letter = msgspec.json.decode(sys.stdin.buffer.read(), type=Letter)
    reports = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a client prints is no report

    def tell(**said: Any) -> None:  # Any: JSON
        reports.write(msgspec.json.encode(said) + b"\n")

    try:
        exporter = EXPORTERS[letter.service](letter)
        tell(seen_at=exporter.begin())
        exporter.log(letter.points, lambda step: tell(sent_to=step))
        exporter.end(lambda step: tell(sent_to=step) if step is not None else tell(has_end=True))
    except Exception as error:  # whatever a client raises, told by kind: its words may hold keys
        tell(why=_why(error))
    else:
        tell(is_done=True)


def _why(error: Exception) -> str:
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, ImportError):
        return "its client is not installed or does not load on the worker"
    if isinstance(error, urllib.error.HTTPError):
        return "it refuses the key" if error.code in NO_ENTRY else f"it answered {error.code}"
    if isinstance(error, OSError):
        return f"it cannot be reached ({type(error).__name__})"
    return f"its client ended with {type(error).__name__}"


if __name__ == "__main__":
    main()
    os._exit(0)  # no thread and no farewell of a client holds it up
