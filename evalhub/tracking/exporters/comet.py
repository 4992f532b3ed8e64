"""Comet by its client, online or as archives for `comet upload`.

The experiment's key there is our uid, so a second sending goes on with the same experiment. Nothing
of the machine is told: no host, code, console, packages or statistics.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from evalhub.tracking.exporters.letter import KEY, Letter, Point, Refused, Sent

_SILENT = (
    "log_code", "log_graph", "auto_param_logging", "auto_metric_logging", "parse_args",
    "log_env_details", "log_env_gpu", "log_env_host", "log_env_cpu", "log_env_network",
    "log_env_disk", "log_git_metadata", "log_git_patch",
)  # fmt: skip


class Comet:
    def __init__(self, letter: Letter) -> None:
        self._letter = letter
        self._experiment: Any = None  # Comet's own
        self._sent_to: int | None = None

    def begin(self) -> str:
        letter = self._letter
        os.environ["COMET_API_KEY"] = os.environ.pop(KEY, "")
        os.environ["COMET_URL_OVERRIDE"] = f"{letter.address or 'https://www.comet.com'}/clientlib/"
        import comet_ml

        quiet = comet_ml.ExperimentConfig(
            name=letter.name, tags=letter.tags, offline_directory=letter.own_folder(),
            auto_output_logging=False, display_summary_level=0, **dict.fromkeys(_SILENT, False),
        )  # fmt: skip
        self._experiment = comet_ml.start(
            project_name=letter.project, experiment_key=letter.uid.replace("-", ""),
            mode="get_or_create", online=not letter.is_offline, experiment_config=quiet,
        )  # fmt: skip
        self._experiment.log_parameters(letter.facts)
        if letter.link:
            self._experiment.log_other("evalhub", letter.link)
        return self._experiment.url or (letter.folder if letter.is_offline else "")

    def log(self, points: Sequence[Point], sent: Sent) -> None:
        for point in points:
            self._experiment.log_metrics(point.values, step=point.step)
            self._sent_to = point.step

    def end(self, sent: Sent) -> None:
        letter, last = self._letter, self._sent_to
        if letter.ended_at is not None:
            step = letter.after if last is None else last
            final = {f"final/{key}": value for key, value in letter.final.items()}
            self._experiment.log_metrics(final, step=step or 0)
            self._experiment.log_other("state", letter.state)
        if self._experiment.end() is False:
            raise Refused("not everything went up")
        if last is not None:
            sent(last)
        if letter.ended_at is not None:
            sent(None)
