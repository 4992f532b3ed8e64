"""Weights & Biases by its client, online or as files for `wandb sync`.

The run's id there is our uid, so a second sending goes on with the same run; steps that it has are
not taken again. Of the machine it learns the platform and Python's version, which cannot be switched off:
no host, code, console, packages or statistics.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from evalhub.tracking.exporters.letter import KEY, Letter, Point, Sent


class WeightsAndBiases:
    def __init__(self, letter: Letter) -> None:
        self._letter = letter
        self._run: Any = None  # wandb's own
        self._sent_to: int | None = None

    def begin(self) -> str:
        letter = self._letter
        os.environ["WANDB_API_KEY"] = os.environ.pop(KEY, "")
        os.environ["WANDB_BASE_URL"] = letter.address or "https://api.wandb.ai"
        import wandb

        quiet = wandb.Settings(
            console="off", disable_code=True, disable_git=True, save_code=False, silent=True,
            x_disable_stats=True, x_disable_meta=True, x_disable_machine_info=True,
            x_save_requirements=False, host="evalhub", username="evalhub",
            root_dir=letter.own_folder(), init_timeout=60,
        )  # fmt: skip
        self._run = wandb.init(
            project=letter.project, id=letter.uid, name=letter.name, config=letter.facts,
            notes=letter.link or None,
            tags=[tag[:64] for tag in letter.tags], resume="allow", settings=quiet,
            mode="offline" if letter.is_offline else "online",
        )  # fmt: skip
        return self._run.url or (letter.folder if letter.is_offline else "")

    def log(self, points: Sequence[Point], sent: Sent) -> None:
        for point in points:
            self._run.log({**point.values, "at": point.at}, step=point.step)
            self._sent_to = point.step

    def end(self, sent: Sent) -> None:
        letter = self._letter
        if letter.ended_at is not None:
            self._run.summary.update({f"final/{key}": value for key, value in letter.final.items()})
            self._run.summary.update({"state": letter.state})
        self._run.finish(exit_code=0 if letter.state in {"succeeded", "running"} else 1)
        if self._sent_to is not None:
            sent(self._sent_to)
        if letter.ended_at is not None:
            sent(None)
