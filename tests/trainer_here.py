"""The real trainer inside this process: a test of many runs imports torch once, not for each of them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path

from tests.null_trainer import NullTrainer
from tests.training.runs import keep_libraries
from training.contract import attempt_dir
from training.launching import LOG
from training.stopping import Stop


class TrainerHere(NullTrainer):
    """Has ended as soon as it is made. What a process of its own is for, others test: `tests/training`."""

    def __init__(self, run_dir: Path, *, attempt: int, more: Mapping[str, str]) -> None:
        from training.__main__ import carry_out

        folder = attempt_dir(run_dir, attempt)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LOG).write_text("Trained in the process of a test.\n")
        before = dict(os.environ)  # a run seals its process off
        os.environ.update(CUDA_VISIBLE_DEVICES="", **more)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a process of its own writes them into its log
                self.code = carry_out(run_dir, number=attempt, stop=Stop())
        finally:
            os.environ.clear()
            os.environ.update(before)
        keep_libraries()  # the first run has imported them, sealed off

    def exit_code(self, *, within: float) -> int:
        return self.code
