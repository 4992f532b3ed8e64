"""Erin at the browser, with a base and a build to train on."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.models import LanguageModel
from tests.evalhub.runs.scenes import base_model, built


@pytest.fixture
def base(erin: Member, tmp_path: Path) -> LanguageModel:
    return base_model(erin.workspace, tmp_path)


@pytest.fixture
def build(erin: Member) -> DatasetBuild:
    return built(erin.workspace, "sft", train=80)


@pytest.fixture
def erins(client: Client, erin: Member) -> Client:
    assert erin.user is not None
    client.force_login(erin.user)
    return client
