"""A run once more: to the letter where that can be promised, with changes where it cannot."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.common.files import file_store
from evalhub.datasets.errors import BuildErased
from evalhub.jobs import jobs
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job
from evalhub.registry.models import LanguageModel
from evalhub.runs import sameness
from evalhub.runs.again import clone_run, repeat_run
from evalhub.runs.beside import Beside
from evalhub.runs.errors import BadSpec, CannotRepeatRun
from evalhub.runs.models import Run
from evalhub.runs.sameness import WEIGHTS, differences, is_equal_to_the_bit
from evalhub.runs.services import start_run, start_training
from evalhub.runs.training_form import told_of
from tests.evalhub.runs.scenes import built, without_torch
from training.environment import code_digest

HERE: dict[str, Any] = {"libraries": sameness._libraries_here(), "code": code_digest()}


def done(run: Run) -> Run:
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    run.job.refresh_from_db()
    return run


@pytest.fixture
def first(erin: Member, base: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> Run:
    """One that has ended here, with a probe beside."""
    without_torch(monkeypatch)
    build, probe = built(erin.workspace, "sft"), built(erin.workspace, "sft", train=4, validation=9)
    options = {"epochs": 2.0, "lora_rank": 4}
    run = done(start_training(workspace=erin.workspace, recipe="sft", model=base, build=build, options=options, seed=7, beside=Beside(probe=probe), by=erin))  # fmt: skip
    run.environment = HERE
    run.save()
    return run


def post(client: Client, erin: Member, url: str, body: Any = None) -> Any:
    client.force_login(erin.user)
    return client.post(url, json.dumps(body or {}), content_type="application/json")


def test_a_repeated_run_has_the_same_spec_and_both_know_it(erin: Member, first: Run) -> None:
    again = done(repeat_run(run=first, by=erin))
    assert again.spec == first.spec
    assert again.model == first.model
    assert [*again.builds.order_by("pk")] == [*first.builds.order_by("pk")]
    assert again.job.state == JobState.SUCCEEDED
    assert is_equal_to_the_bit(again) is True
    assert is_equal_to_the_bit(first) is None
    assert [*first.repetitions.all()] == [again]
    told = Entry.objects.filter(verb="run.started", target=f"run {again.uid}").get()
    assert told.details["repeats"] == str(first.uid)


def test_weights_that_came_out_otherwise_are_told(client: Client, erin: Member, first: Run) -> None:
    again = done(repeat_run(run=first, by=erin))
    again.artifacts[WEIGHTS[0]]["sha256"] = "0" * 64
    again.save()
    client.force_login(erin.user)
    shown = client.get(reverse("runs:detail", args=["acme", again.uid])).content.decode()
    assert "but the weights are not equal to the bit" in shown
    assert reverse("runs:detail", args=["acme", first.uid]) in shown
    shown = client.get(reverse("runs:detail", args=["acme", first.uid])).content.decode()
    assert "Repeated by" in shown
    assert reverse("runs:detail", args=["acme", again.uid]) in shown


def test_differences_by_name() -> None:
    then = {"libraries": dict.fromkeys(sameness.LIBRARIES, "1"), "code": "a"}
    assert differences(then, then) == []
    now = {"libraries": {**then["libraries"], "torch": "2"}, "code": "b"}
    del now["libraries"]["peft"]
    assert differences(then, now) == [
        "torch was 1 and is 2",
        "peft was 1 and is not installed",
        "evalhub’s own training code has changed",
    ]
    assert "torch was not recorded and is 1" in differences({}, then)


def test_other_versions_are_refused_with_the_way_out(
    client: Client, erin: Member, first: Run
) -> None:
    first.environment = {**HERE, "libraries": {**HERE["libraries"], "peft": "0.1"}}
    first.save()
    answer = post(client, erin, f"/api/v1/runs/{first.uid}/repeat")
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_repeat_run")
    assert answer.json()["differs"] == [f"peft was 0.1 and is {HERE['libraries']['peft']}"]
    page = post(client, erin, reverse("runs:repeat", args=["acme", first.uid]))
    assert page.status_code == 409
    assert "peft was 0.1" in page.content.decode()
    assert f"?again={first.uid}" in page.content.decode()
    with pytest.raises(CommandError, match=r"peft was 0\.1"):
        call_command("run_again", str(first.uid))
    assert Run.objects.count() == 1


def test_a_worker_with_other_versions_does_not_begin(erin: Member, first: Run) -> None:
    """The web had none to compare with, or the worker was changed since."""
    again = repeat_run(run=first, by=erin)
    Run.objects.filter(pk=first.pk).update(environment={**HERE, "code": "older"})
    assert done(again).job.state == JobState.FAILED
    assert "evalhub’s own training code has changed" in again.job.error
    assert not again.is_closed


def test_a_machine_without_torch_leaves_that_to_the_worker(
    erin: Member, first: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Run.objects.filter(pk=first.pk).update(environment={})
    first.refresh_from_db()
    monkeypatch.setattr(sameness, "LIBRARIES", ("not-installed-anywhere",))
    assert repeat_run(run=first, by=erin).repeats == first


def test_what_is_gone_is_named(erin: Member, base: LanguageModel, first: Run) -> None:
    build = first.learnt_builds.get()
    file_store().erase(first.spec["inputs"]["train"]["key"])
    with pytest.raises(CannotRepeatRun, match="the file of train"):
        repeat_run(run=first, by=erin)
    (Path(base.source) / "config.json").unlink()
    with pytest.raises(CannotRepeatRun, match="the file of train; the files of “tiny”"):
        repeat_run(run=first, by=erin)
    build.erased_at = timezone.now()
    build.save()
    with pytest.raises(BuildErased, match="words of somebody who was erased"):
        repeat_run(run=first, by=erin)


def test_a_run_on_an_adapter_needs_its_files(erin: Member, first: Run) -> None:
    adapter, build = first.adapter, first.learnt_builds.get()
    further = done(start_training(workspace=erin.workspace, recipe="sft", model=adapter, build=build, by=erin))  # fmt: skip
    Run.objects.filter(pk=further.pk).update(environment=HERE)
    further.refresh_from_db()
    assert repeat_run(run=further, by=erin).model == adapter
    file_store().erase(adapter.facts["files"]["adapter_config.json"]["key"])
    with pytest.raises(CannotRepeatRun, match="the files of “tiny-sft"):
        repeat_run(run=further, by=erin)


def test_what_has_not_ended_well_or_trains_nothing_is_refused(erin: Member, first: Run) -> None:
    waiting = clone_run(run=first, by=erin)
    with pytest.raises(CannotRepeatRun, match="has not ended well"):
        repeat_run(run=waiting, by=erin)
    other = start_run(workspace=erin.workspace, recipe="noop", by=erin)
    for ask in (repeat_run, clone_run):
        with pytest.raises(CannotRepeatRun, match="noop trains nothing"):
            ask(run=other, by=erin)


def test_a_clone_keeps_what_is_not_named(client: Client, erin: Member, first: Run) -> None:
    other = built(erin.workspace, "sft", train=12)
    body = {"options": {"lora_rank": None, "epochs": 1.0}, "seed": 8, "build": str(other.uid)}
    answer = post(client, erin, f"/api/v1/runs/{first.uid}/clone", body)
    assert answer.status_code == 202
    clone = Run.objects.get(uid=answer.json()["run"])
    assert (clone.spec["options"], clone.spec["seed"]) == ({"epochs": 1.0}, 8)
    assert clone.beside == first.beside
    assert clone.learnt_builds.get() == other
    assert clone.repeats is None
    with pytest.raises(BadSpec, match="Unknown field lr"):
        clone_run(run=first, options={"lr": 1}, by=erin)


def test_the_command_repeats_or_changes(erin: Member, first: Run) -> None:
    out = StringIO()
    call_command("run_again", str(first.uid), json=True, stdout=out)
    told = json.loads(out.getvalue())
    assert (told["repeats"], told["is_equal_to_the_bit"]) == (str(first.uid), True)
    call_command("run_again", str(first.uid), "--set", "schedule=linear", "--set", "lora_rank=8", stdout=out)  # fmt: skip
    changed = Run.objects.latest("pk")
    assert changed.spec["options"] == {"epochs": 2.0, "lora_rank": 8, "schedule": "linear"}
    with pytest.raises(CommandError, match="NAME=VALUE"):
        call_command("run_again", str(first.uid), "--set", "lora_rank")


def test_a_stranger_repeats_nothing(client: Client, charlie: Member, first: Run) -> None:
    for url in (f"/api/v1/runs/{first.uid}/repeat", f"/api/v1/runs/{first.uid}/clone"):
        assert post(client, charlie, url).status_code == 404
    assert Run.objects.count() == 1


@pytest.mark.long
def test_torch_repeats_a_run_to_the_bit(erin: Member) -> None:
    """With the demo model and the real trainer, in two processes."""
    from evalhub.registry.services import default_base_model

    model, build = default_base_model(workspace=erin.workspace), built(erin.workspace, "sft")
    options = {"max_steps": 2, "learning_rate": 1e-3}
    run = done(start_training(workspace=erin.workspace, recipe="sft", model=model, build=build, options=options, by=erin))  # fmt: skip
    again = done(repeat_run(run=run, by=erin))
    assert again.job.error == ""
    assert is_equal_to_the_bit(again) is True


def test_whoever_may_take_a_run_may_take_it_again(erin: Member, first: Run) -> None:
    """Of another kind of device the weights would not be the same to the bit."""
    Job.objects.filter(pk=first.job_id).update(label="a100")
    first.job.refresh_from_db()
    assert repeat_run(run=first, by=erin).job.label == "a100"
    assert clone_run(run=first, by=erin).job.label == "a100"
    assert told_of(first)["worker_label"] == "a100"
