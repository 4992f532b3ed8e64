"""From a run's rows to an evaluation, a comparison and a decision, with the trainer made up."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.common.canonical import digest_of
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.errors import BaselineMissing, NothingToMeasure
from evalhub.evaluation.frozen_set import frozen_set
from evalhub.evaluation.gate import Gate
from evalhub.evaluation.models import Comparison, Evaluation, Look, Promotion
from evalhub.evaluation.services import evaluate_model, note_looks, start_decision
from evalhub.jobs import jobs
from evalhub.jobs.choices import JobState
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.registry.services import add_adapter
from evalhub.runs.errors import BadSpec
from evalhub.runs.services import start_training
from tests.evalhub.runs.scenes import base_model, built, without_torch
from tests.factories import BenchmarkFactory, EvaluationFactory
from tests.null_trainer import RECIPES, rows_of
from training.artifacts import write_rows
from training.contract import RunSpec


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


@pytest.fixture
def base(erin: Member, tmp_path: Path) -> LanguageModel:
    return base_model(erin.workspace, tmp_path)


@pytest.fixture
def builds(erin: Member) -> list[DatasetBuild]:
    return [built(erin.workspace, "sft"), built(erin.workspace, "preference")]


def measure(model: LanguageModel, builds: list[DatasetBuild], erin: Member) -> Evaluation:
    evaluation = evaluate_model(workspace=erin.workspace, model=model, builds=builds, by=erin)
    jobs.execute(evaluation.run.job.uid)
    evaluation.refresh_from_db()
    return evaluation


def trained(base: LanguageModel, build: DatasetBuild, erin: Member) -> LanguageModel:
    run = start_training(workspace=erin.workspace, recipe="dpo", model=base, build=build, by=erin)
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    assert run.output_model is not None
    return run.output_model


def decide(candidate: Evaluation, erin: Member) -> Promotion:
    job = start_decision(candidate=candidate, incumbent=None, gate=Gate(), by=erin)
    jobs.execute(job.uid)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.trace
    return Promotion.objects.get(uid=job.result["promotion"])


def test_an_evaluation_says_each_figure_with_its_interval_and_n(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    evaluation = measure(base, builds, erin)
    metrics = evaluation.metrics

    assert evaluation.run.measured == metrics  # so that runs side by side have it too
    accuracy = metrics["preference_accuracy"]
    assert accuracy["value"] == 0.5
    assert accuracy["n"] == 20
    assert accuracy["low"] < 0.5 < accuracy["high"]
    assert metrics["perplexity"]["value"] == pytest.approx(2.9892, abs=1e-4)  # e^(219 / 200)


def test_a_model_that_was_trained_whole_is_measured_after_its_base_and_beside_it(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    run = start_training(
        workspace=erin.workspace,
        recipe="dpo",
        model=base,
        build=builds[1],
        options={"trains": "all"},
    )
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    whole = run.output_model
    assert whole is not None
    assert (whole.kind, whole.base, whole.baseline) == (ModelKind.BASE, whole, base)
    with pytest.raises(
        BaselineMissing, match=r"Evaluate “tiny” on the same set .* then “tiny-dpo-"
    ):
        measure(whole, builds, erin)

    before = measure(base, builds, erin)
    after = measure(whole, builds, erin)

    comparison = Comparison.objects.get()
    assert (comparison.baseline, comparison.candidate) == (before, after)
    assert comparison.metrics["preference_accuracy"]["difference"] == 0.5
    assert decide(after, erin).evidence == {"baseline": str(comparison.uid)}


def test_without_references_overlap_has_no_value_and_n_zero(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    """The made-up trainer compares with no reference."""
    rouge = measure(base, builds, erin).metrics["rouge1"]
    assert rouge == {"value": None, "low": None, "high": None, "n": 0}


def test_a_base_has_no_implicit_reward(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    assert measure(base, builds, erin).metrics["implicit_reward_accuracy"]["n"] == 0


def test_what_was_measured_on_the_same_set_is_not_measured_again(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    first = measure(base, builds, erin)
    again = evaluate_model(workspace=erin.workspace, model=base, builds=builds, by=erin)
    assert again == first


def test_options_that_change_no_figure_make_no_other_set(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    first = measure(base, builds, erin)
    same: list[dict[str, Any]] = [
        {"threads": 2, "batch_size": 4, "allow_dropped": "they are long"},
        {"max_new_tokens": 96, "timed": 4, "harness": []},
    ]
    for options in same:
        asked = frozen_set(builds, options)
        assert asked.digest == first.set_digest, options
        assert asked.options == options  # what the run is told
        assert evaluate_model(workspace=erin.workspace, model=base, builds=builds, options=options) == first  # fmt: skip
    assert frozen_set(builds, {"max_new_tokens": 48}).digest != first.set_digest
    with pytest.raises(BadSpec, match="tokens"):
        evaluate_model(workspace=erin.workspace, model=base, builds=builds, options={"tokens": 1})


def test_sets_that_were_named_by_options_as_written_are_named_anew(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    """As the migration finds them: digests of before, and days on which somebody looked."""
    plain = measure(base, builds, erin)
    options = {"threads": 2, "max_new_tokens": 96}
    written = evaluate_model(workspace=erin.workspace, model=base, builds=builds, options=options, again=True)  # fmt: skip
    files = {name: each["sha256"] for name, each in written.run.spec["inputs"].items()}
    was = digest_of({"files": files, "options": options})
    strange = EvaluationFactory.create(workspace=erin.workspace, model=base, set_digest="7" * 64)
    Evaluation.objects.filter(pk=written.pk).update(set_digest=was)
    note_looks(by=erin, digests=[was, plain.set_digest])

    import_module("evalhub.evaluation.migrations.0002_same_options_same_set").name_sets_anew(apps, None)  # fmt: skip

    for each in (plain, written, strange):
        each.refresh_from_db()
    assert written.set_digest == plain.set_digest
    assert strange.set_digest == "7" * 64
    assert Look.objects.get().set_digest == plain.set_digest


def test_what_was_measured_is_measured_anew_where_somebody_asks(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member, client: Client
) -> None:
    """By page; then the newer figures are those that a model is held against."""
    first = measure(base, builds, erin)
    client.force_login(erin.user)
    page = reverse("evaluation:measure", args=[erin.workspace.slug])
    asked = {"model": base.uid, "texts": builds[0].uid, "pairs": builds[1].uid}
    answer = client.post(page, asked | {"settings": '{"threads": 2}'})
    assert answer.headers["Location"] == reverse("runs:detail", args=["acme", first.run.uid])
    client.post(page, asked | {"settings": '{"threads": 2}', "again": "on"})
    second = Evaluation.objects.exclude(pk=first.pk).get()
    assert second.set_digest == first.set_digest
    assert second.run.spec["options"] == {"threads": 2}
    jobs.execute(second.run.job.uid)
    adapter = trained(base, builds[1], erin)
    measure(adapter, builds, erin)
    assert Comparison.objects.get().baseline == second
    answer = client.post(page, asked | {"settings": "[1]"})
    assert "Options are an object" in answer.content.decode()


def test_a_models_page_names_what_it_was_measured_on(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member, client: Client
) -> None:
    """An adapter that has no implicit reward, measured without pairs, is no base."""
    adapter = trained(base, builds[1], erin)
    measure(base, builds[:1], erin)
    measured = measure(adapter, builds[:1], erin)
    on = BenchmarkFactory.create(workspace=erin.workspace, name="Capitals")
    EvaluationFactory.create(workspace=erin.workspace, model=adapter, benchmark=on)
    client.force_login(erin.user)
    page = client.get(reverse("registry:detail", args=["acme", adapter.uid])).content.decode()
    assert reverse("evaluation:evaluation", args=["acme", measured.uid]) in page
    assert f"{builds[0]}</a>" in page
    assert "Capitals</a>" in page
    assert "adapters only" not in page
    page = client.get(reverse("registry:detail", args=["acme", base.uid])).content.decode()
    assert "adapters only" in page


def test_other_rows_are_another_set(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    first = measure(base, builds, erin)
    other = [builds[0], built(erin.workspace, "preference", test=9)]
    assert measure(base, other, erin).set_digest != first.set_digest


def test_an_adapter_waits_for_its_baseline(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    adapter = add_adapter(workspace=erin.workspace, name="a", parent=base, files={})
    with pytest.raises(
        BaselineMissing, match=r"Evaluate “tiny” on the same set with the same settings first"
    ):
        evaluate_model(workspace=erin.workspace, model=adapter, builds=builds, by=erin)


def test_a_set_without_test_rows_is_refused_with_the_remedy(
    base: LanguageModel, erin: Member
) -> None:
    empty = [built(erin.workspace, "sft", test=0)]
    with pytest.raises(NothingToMeasure, match="judge more prompts"):
        evaluate_model(workspace=erin.workspace, model=base, builds=empty, by=erin)


def test_a_reward_build_of_a_model_that_writes_is_refused_by_name_not_left_out(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    pairs = built(erin.workspace, "reward")
    for named in ([pairs], [builds[0], pairs]):
        with pytest.raises(NothingToMeasure, match="the pairs of a preference build") as refused:
            evaluate_model(workspace=erin.workspace, model=base, builds=named, by=erin)
        assert str(pairs) in str(refused.value)
    assert not Evaluation.objects.exists()


def test_an_adapter_is_compared_with_its_base_row_by_row(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    measure(base, builds, erin)
    candidate = measure(trained(base, builds[1], erin), builds, erin)

    comparison = Comparison.objects.get(candidate=candidate)
    gain = comparison.metrics["preference_accuracy"]
    assert (gain["baseline"], gain["candidate"], gain["difference"]) == (0.5, 1.0, 0.5)
    assert 0 < gain["low"] < 0.5 < gain["high"]
    assert gain["smallest"] == pytest.approx(0.32, abs=0.04)
    assert comparison.metrics["perplexity"]["difference"] == 0
    example = comparison.examples[0]
    assert (example["baseline"], example["candidate"]) == ("An answer.", "A kind answer.")
    assert example["prompt"][0]["content"].startswith("Question")


def test_a_certain_gain_is_promoted_and_put_in_service(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    measure(base, builds, erin)
    adapter = trained(base, builds[1], erin)
    promotion = decide(measure(adapter, builds, erin), erin)

    adapter.refresh_from_db()
    assert promotion.decision == "promote"
    assert promotion.reason.startswith(
        "Promoted: preference accuracy is 100.0 % beside the baseline’s 50.0 % (+50.0 points"
    )
    assert adapter.stage == "incumbent"
    assert Entry.objects.filter(verb="promotion.decided").count() == 1


def test_deciding_twice_on_the_same_evidence_is_one_decision(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    measure(base, builds, erin)
    candidate = measure(trained(base, builds[1], erin), builds, erin)
    assert decide(candidate, erin) == decide(candidate, erin)


@pytest.fixture
def judge(base: LanguageModel, erin: Member) -> LanguageModel:
    return add_adapter(
        workspace=erin.workspace, name="judge", parent=base, files={}, kind=ModelKind.REWARD
    )


def rewards(spec: RunSpec, run_dir: Path, artifacts: Path) -> dict[str, float]:
    """What a reward model gives: right about all pairs but the first, and cannot tell the second."""
    rows = rows_of(spec, run_dir, "pairs")
    chosen = [0.0, 0.5, *[1.0] * (len(rows) - 2)]
    write_rows(
        artifacts / "pairs.jsonl",
        [
            {"id": row["id"], "group": row["group"], "chosen_reward": each, "rejected_reward": 0.5}
            for row, each in zip(rows, chosen, strict=True)
        ],
    )
    return {"pairs": float(len(rows))}


@pytest.mark.parametrize("kind", ["preference", "reward"])
def test_a_reward_model_is_measured_on_held_out_pairs_with_an_interval(
    kind: str, judge: LanguageModel, erin: Member, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand: 20 pairs, one wrong and one undecided, so 18.5 of 20 are 0.925."""
    monkeypatch.setitem(RECIPES, "evaluate", rewards)
    evaluation = measure(judge, [built(erin.workspace, kind)], erin)
    found = evaluation.metrics["reward_accuracy"]
    assert (found["value"], found["n"]) == (0.925, 20)
    assert found["low"] < 0.925 < found["high"]
    assert evaluation.metrics["preference_accuracy"]["n"] == 0, "it writes no answers"
    client.force_login(erin.user)
    tree = client.get(reverse("registry:list", args=[erin.workspace.slug])).content.decode()
    assert "reward accuracy 92 %" in tree
    assert list(evaluation.run.spec["inputs"]) == ["pairs"]
    assert not Comparison.objects.exists()


def test_a_reward_model_is_measured_on_pairs_and_nothing_else(
    judge: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    for wrong in (builds, builds[:1], [built(erin.workspace, "preference", test=0)]):
        with pytest.raises(NothingToMeasure, match="name one preference or reward"):
            evaluate_model(workspace=erin.workspace, model=judge, builds=wrong, by=erin)
    with pytest.raises(NothingToMeasure, match="writes no answers"):
        evaluate_model(workspace=erin.workspace, model=judge, builds=builds[1:], options={"harness": ["arc"]})  # fmt: skip
    with pytest.raises(NothingToMeasure, match="writes no answers"):
        evaluate_model(workspace=erin.workspace, model=judge, builds=builds[1:], rewarder=judge)
