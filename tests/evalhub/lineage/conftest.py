from __future__ import annotations

import pytest

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Task
from evalhub.datasets.models import DatasetBuild
from evalhub.judgments.models import Judgment
from evalhub.registry.models import LanguageModel
from evalhub.runs.inputs import training_inputs
from evalhub.runs.models import Run
from tests.evalhub.datasets.conftest import Build, build, compared
from tests.factories import JudgmentFactory, LanguageModelFactory, PreferenceFactory, RunFactory

__all__ = ["Build", "build", "compared"]


def said_on(task: Task) -> Judgment:
    return task.judgments.order_by("pk")[0]


def second_word(task: Task) -> Judgment:
    """Somebody else says the same about the same pair."""
    first = said_on(task).preferences.get()
    judgment = JudgmentFactory.create(task=task)
    PreferenceFactory.create(judgment=judgment, first=first.first, second=first.second, margin=2)
    return judgment


def trained_on(made: DatasetBuild, workspace: Workspace) -> LanguageModel:
    """An adapter whose run read the rows for training of a build."""
    base = LanguageModelFactory.create(workspace=workspace)
    adapter = LanguageModelFactory.create(workspace=workspace, kind="adapter", parent=base)
    inputs = {name: file._asdict() for name, file in training_inputs(made).items()}
    run_of(made, workspace, inputs, output_model=adapter, recipe="dpo")
    return adapter


def run_of(
    made: DatasetBuild, workspace: Workspace, inputs: dict[str, dict[str, str]], **more: object
) -> Run:
    spec = {"recipe": "dpo", "seed": 0, "options": {}, "inputs": inputs}
    run: Run = RunFactory.create(workspace=workspace, spec=spec, **more)
    run.builds.set([made])
    return run


@pytest.fixture
def trained(build: Build, compared: list[Task], acme: Workspace) -> LanguageModel:
    return trained_on(build(), acme)
