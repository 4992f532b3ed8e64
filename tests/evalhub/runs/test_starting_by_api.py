"""Starting a training run, holding it and letting it go on, over the API and on the page."""

from __future__ import annotations

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.registry.models import LanguageModel
from evalhub.runs.models import Run

pytestmark = pytest.mark.django_db
URL = "/api/v1/runs?workspace=acme"


def test_the_api_takes_the_spec_that_the_command_takes(
    erins: Client, erin: Member, base: LanguageModel, build: DatasetBuild
) -> None:
    spec = {"recipe": "sft", "model": base.name, "builds": {"train": str(build.uid)}, "seed": 3,
            "options": {"epochs": 1.0}}  # fmt: skip

    started = erins.post(URL, spec, "application/json")
    [run] = Run.objects.all()

    assert started.status_code == 202
    assert started.json()["run"] == str(run.uid)
    assert (run.spec["seed"], run.spec["options"], run.created_by) == (3, {"epochs": 1.0}, erin)
    for change, status, why in (
        ({"learning_rate": 1}, 400, "learning_rate"),
        ({"builds": {"train": "x"}}, 404, "names no build"),
        ({"builds": spec["builds"] | {"other": "x"}}, 400, "builds names other"),
        ({"model": "nobody"}, 404, "nobody"),
        ({"options": {"epochs": -1.0}}, 400, "epochs"),
    ):
        refused = erins.post(URL, {**spec, **change}, "application/json")
        assert (refused.status_code, why in refused.json()["detail"]) == (status, True), change
    assert Run.objects.count() == 1


def test_page_and_api_hold_a_run_and_let_it_go_on(
    erins: Client, base: LanguageModel, build: DatasetBuild
) -> None:
    spec = {"recipe": "sft", "model": base.name, "builds": {"train": str(build.uid)}}
    uid = erins.post(URL, spec, "application/json").json()["run"]
    page = f"/w/acme/runs/{uid}/"

    assert "Pause it" in erins.get(page).text
    assert erins.post(f"{page}pause/").status_code == 302
    assert "Let it go on" in erins.get(page).text
    assert erins.post(f"/api/v1/runs/{uid}/resume").json()["is_paused"] is False
    assert erins.post(f"/api/v1/runs/{uid}/pause").json()["is_paused"] is True
    assert erins.post(f"{page}resume/").status_code == 302
    assert not Run.objects.get().job.is_paused
