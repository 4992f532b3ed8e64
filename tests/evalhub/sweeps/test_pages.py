"""Sweeps by page, API and command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.choices import JobState
from evalhub.registry.models import LanguageModel
from evalhub.runs.models import Run
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.services import start_curve, start_sweep
from evalhub.sweeps.turning import advance
from tests.evalhub.runs.scenes import built
from tests.evalhub.sweeps.scenes import turned
from tests.factories import LanguageModelFactory
from training.contract import OPTIONS


@pytest.fixture
def erins(client: Client, erin: Member) -> Client:
    assert erin.user is not None
    client.force_login(erin.user)
    return client


def address(name: str, *args: object, **query: object) -> str:
    return reverse(name, args=["acme", *args], query=query or None)


def basis(build: DatasetBuild, base: LanguageModel, **more: object) -> dict[str, object]:
    return {"build": build.uid, "method": "sft", "model": base.uid, **more}


def test_the_form_of_a_sweep_offers_a_search_for_these_rows(erins: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    shown = erins.get(address("sweeps:new", **basis(build, base, search="settings"))).content.decode()  # fmt: skip
    assert "80 rows to train on, 20 for validation" in shown
    assert 'value="1e-5 .. 1e-3"' in shown
    assert 'name="lora_dropout"' in shown
    assert 'name="beta"' not in shown


@pytest.mark.parametrize("weights, trains, search, offered", [
    (8_000_000_000, "adapter", "rate", "1e-5 .. 1e-3"),
    (8_000_000_000, "all", "rate", "1e-6 .. 1e-4"),
    (8_000_000_000, "all", "settings", "1e-6 .. 1e-4"),
    (8_000_000_000, "all", "bases", "5e-6, 2e-5, 1e-4"),
    (2_000_000, "adapter", "rate", "1e-4 .. 1e-2"),
    (2_000_000, "all", "bases", "5e-5, 2e-4, 1e-3"),
])  # fmt: skip
def test_the_rates_that_a_sweep_begins_with_are_those_of_what_is_trained(
    erins: Client, base: LanguageModel, build: DatasetBuild, monkeypatch: pytest.MonkeyPatch,
    weights: int, trains: str, search: str, offered: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("evalhub.runs.basis_form.weights_of", lambda _: weights)
    url = address("sweeps:new", **basis(build, base, search=search, trains=trains))
    form = erins.get(url).context["form"]
    assert form["learning_rate"].initial == offered
    assert ("lora_rank" in form.fields) is (trains == "adapter")
    assert form["options"].initial.get("trains", "adapter") == trains
    assert OPTIONS["sft"].of(form["options"].initial).faults() == []


def test_all_weights_are_swept_from_the_form_as_it_stands(erins: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    url = address("sweeps:new", **basis(build, base, trains="all"))
    form = erins.get(url).context["form"]
    wanted = {field.html_name: field.value() for field in form if field.value() is not None} | {"objective": "eval_loss"}  # fmt: skip
    contrary = erins.post(url, wanted | {"options": '{"trains": "adapter"}'}).content.decode()
    assert "What is trained is chosen above" in contrary
    answer = erins.post(url, wanted)
    assert answer.status_code == 302, answer.context["form"].errors
    sweep = Sweep.objects.get()
    assert (sweep.sampler, sweep.options["trains"]) == ("refine", "all")
    assert sweep.space == {"learning_rate": {"low": 1e-6, "high": 1e-4}}


def test_all_weights_are_those_of_a_base_and_of_methods_that_train_them(erins: Client, erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    kto = built(erin.workspace, "unpaired")
    shown = erins.get(address("sweeps:new", **basis(kto, base, method="kto", trains="all"))).content.decode()  # fmt: skip
    assert "kto trains adapters only" in shown
    adapter = LanguageModelFactory.create(workspace=erin.workspace, kind="adapter", parent=base)
    shown = erins.get(address("sweeps:new", **basis(build, adapter, trains="all"))).content.decode()
    assert "is an adapter already" in shown


def test_a_sweep_starts_from_its_form_and_its_page_tells_how_it_went(erins: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    wanted = {"learning_rate": "1e-4, 3e-4", "lora_rank": "8 .. 16", "sampler": "grid", "tries": 20, "parallel": 2, "seed": 0, "objective": "eval_loss", "options": '{"learning_rate": 0.5, "batch_size": 4}'}  # fmt: skip
    answer = erins.post(address("sweeps:new", **basis(build, base)), wanted)
    sweep = Sweep.objects.get()
    assert answer.url == address("sweeps:detail", sweep.uid)
    assert sweep.space["learning_rate"] == {"choices": [1e-4, 3e-4]}
    assert sweep.options == {"batch_size": 4}
    before = erins.get(answer.url).content.decode()
    assert "A worker starts the first tries" in before
    assert 'hx-trigger="every 2s"' in before
    turned(sweep)
    after = erins.get(answer.url).content.decode()
    assert erins.get(answer.url).context["headline"] == "Best: learning_rate 0.0003, lora_rank 16."
    assert 'hx-trigger="every 2s"' not in after
    assert '"kind": "parallel"' in after
    assert "Train the best on all rows" in after
    erins.post(address("sweeps:final", sweep.uid))
    assert "The run with its settings on all rows" in erins.get(answer.url).content.decode()


def test_a_best_value_at_an_end_of_its_range_is_said(erins: Client, erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    for low, said in ((2e-4, True), (1e-5, False)):
        space = {"learning_rate": {"low": low, "high": 1e-3}}
        sweep = turned(start_sweep(workspace=erin.workspace, recipe="sft", build=build, models=[base], space=space, sampler="grid", by=erin))  # fmt: skip
        shown = erins.get(address("sweeps:detail", sweep.uid)).content.decode()
        assert ("a wider range may hold a better one" in shown) is said


def test_a_sweep_that_cannot_be_is_refused_on_its_form(erins: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    wanted = {"batch_size": "4, 512", "sampler": "grid", "tries": 4, "parallel": 2, "seed": 0, "objective": "eval_loss", "options": "{}"}  # fmt: skip
    url = address("sweeps:new", **basis(build, base))
    assert "is 512 rows a step" in erins.post(url, wanted).content.decode()
    odd = erins.post(url, wanted | {"batch_size": "", "learning_rate": "fast"}).content.decode()
    assert "Write a range like" in odd
    assert not Sweep.objects.exists()


def test_a_learning_curve_starts_from_its_form_and_answers(erins: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    wanted = {"seeds": 2, "parallel": 4, "objective": "eval_loss", "options": "{}"}
    answer = erins.post(address("sweeps:curve", **basis(build, base)), wanted)
    turned(Sweep.objects.get())
    shown = erins.get(answer.url).content.decode()
    assert "More data still helps: yes." in shown
    assert "over 2 seeds" in shown
    assert "Train the best" not in shown


def test_cancelling_and_going_on_from_the_page(erins: Client, erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    sweep = start_sweep(workspace=erin.workspace, recipe="sft", build=build, models=[base], space={"learning_rate": {"choices": [1e-4, 2e-4]}}, sampler="grid", by=erin)  # fmt: skip
    advance(sweep.pk)
    erins.post(address("sweeps:cancel", sweep.uid))
    sweep.refresh_from_db()
    assert sweep.state == "cancelled"
    erins.post(address("sweeps:extend", sweep.uid), {"tries": "2"})
    sweep.refresh_from_db()
    assert sweep.state == "running"
    assert erins.post(address("sweeps:extend", sweep.uid), {"tries": "x"}).status_code == 400
    assert str(sweep) in erins.get(address("sweeps:list")).content.decode()


def test_the_api_starts_extends_and_trains_the_best(erin: Member, client: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    token = create_token(member=erin, name="t", by=erin).text
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    spec = {"recipe": "sft", "models": ["tiny"], "build": str(build.uid), "space": {"learning_rate": {"low": 1e-5, "high": 1e-3}}, "sampler": "random", "tries": 2}  # fmt: skip
    made = client.post("/api/v1/sweeps", spec, content_type="application/json")
    assert made.status_code == 201, made.content
    url = f"/api/v1/sweeps/{made.json()['sweep']}"
    assert client.post(f"{url}/final").json()["code"] == "no_try_yet"
    turned(Sweep.objects.get())
    told = client.get(url).json()
    assert (told["state"], len(told["tries"])) == ("succeeded", 2)
    assert told["best"]["eval_loss"] == min(each["eval_loss"] for each in told["tries"])
    assert client.post(f"{url}/cancel").json()["code"] == "sweep_over"
    assert client.post(f"{url}/extend", {"tries": 1}, content_type="application/json").json()["most_tries"] == 3  # fmt: skip
    assert client.post(f"{url}/final").json()["recipe"] == "sft"
    strange = client.post("/api/v1/sweeps", spec | {"speed": 1}, content_type="application/json")
    assert (strange.status_code, strange.json()["code"]) == (400, "bad_sweep")
    assert [each["uid"] for each in client.get("/api/v1/sweeps").json()["results"]] == [told["sweep"]]  # fmt: skip


@pytest.mark.parametrize("trains, low, high", [("adapter", 1e-5, 1e-3), ("all", 1e-6, 1e-4)])
def test_coarse_to_fine_without_a_space_takes_the_usual_rates_by_api_and_command(
    erin: Member, client: Client, base: LanguageModel, build: DatasetBuild, tmp_path: Path, trains: str, low: float, high: float
) -> None:  # fmt: skip
    token = create_token(member=erin, name="t", by=erin).text
    spec = {"recipe": "sft", "models": ["tiny"], "build": str(build.uid), "options": {"trains": trains}, "sampler": "refine", "tries": 1}  # fmt: skip
    made = client.post("/api/v1/sweeps", spec, content_type="application/json", headers={"Authorization": f"Bearer {token}"})  # fmt: skip
    assert made.status_code == 201, made.content
    wanted = {"learning_rate": {"low": low, "high": high}}
    assert Sweep.objects.get().space == wanted
    turned(Sweep.objects.get())
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    call_command("sweep", tmp_path / "spec.json")
    assert [sweep.space for sweep in Sweep.objects.all()] == [wanted, wanted]
    drawn = client.post("/api/v1/sweeps", spec | {"sampler": "random"}, content_type="application/json", headers={"Authorization": f"Bearer {token}"})  # fmt: skip
    assert "Nothing is searched" in drawn.content.decode()


def test_the_command_does_the_tries_itself_where_no_worker_runs(
    erin: Member, base: LanguageModel, build: DatasetBuild, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    spec = {"recipe": "sft", "models": ["tiny"], "build": str(build.uid), "space": {"learning_rate": {"choices": [1e-4, 2e-4]}}, "sampler": "grid"}  # fmt: skip
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    call_command("sweep", tmp_path / "spec.json", json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["best"]["values"] == {"learning_rate": 2e-4}
    with pytest.raises(CommandError, match="Every combination was tried"):
        call_command("sweep", extend=told["sweep"])
    (tmp_path / "spec.json").write_text(json.dumps(spec | {"kind": "curve"}))
    with pytest.raises(CommandError, match="takes no space"):
        call_command("sweep", tmp_path / "spec.json")


def test_ctrl_c_cancels_the_sweep_and_its_tries(
    erin: Member, base: LanguageModel, build: DatasetBuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("evalhub.sweeps.console.jobs.execute", interrupted)
    spec = {"recipe": "sft", "models": ["tiny"], "build": str(build.uid), "kind": "curve"}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(CommandError, match="was cancelled"):
        call_command("sweep", tmp_path / "spec.json")
    assert {run.job.state for run in Run.objects.filter(try_of__isnull=False)} == {JobState.CANCELLED}  # fmt: skip


def test_tries_with_a_label_are_left_to_workers_that_offer_it(
    erin: Member, base: LanguageModel, build: DatasetBuild, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def looked(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("evalhub.sweeps.console.jobs.execute", pytest.fail)
    monkeypatch.setattr("evalhub.sweeps.console.time.sleep", looked)
    spec = {"recipe": "sft", "models": ["tiny"], "build": str(build.uid), "kind": "curve", "label": "a100"}  # fmt: skip
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(CommandError, match="was cancelled"):
        call_command("sweep", tmp_path / "spec.json")


def test_a_stranger_sees_no_sweep(erin: Member, charlie: Member, client: Client, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    curve = start_curve(workspace=erin.workspace, recipe="sft", build=build, model=base, by=erin)
    assert charlie.user is not None
    client.force_login(charlie.user)
    slug = charlie.workspace.slug
    assert client.get(f"/w/{slug}/sweeps/{curve.uid}/").status_code in {403, 404}
    assert client.get(f"/w/acme/sweeps/{curve.uid}/").status_code == 404
