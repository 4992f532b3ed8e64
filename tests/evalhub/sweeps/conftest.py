"""A base and a build to sweep over, and a trainer whose losses are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.models import LanguageModel
from tests.evalhub.sweeps.scenes import a_base, a_build, on_landscape


@pytest.fixture
def base(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    on_landscape(monkeypatch)
    return a_base(erin, tmp_path)


@pytest.fixture
def build(erin: Member) -> DatasetBuild:
    return a_build(erin)
