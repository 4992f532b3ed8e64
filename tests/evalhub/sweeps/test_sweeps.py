"""Sweeps from the service to their end, with a trainer whose loss follows from its settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs import jobs
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job, News
from evalhub.registry.models import LanguageModel
from evalhub.runs.execution import RunFailed
from evalhub.runs.models import Run, RunEvent
from evalhub.sweeps.choices import SweepState
from evalhub.sweeps.errors import BadSweep, NoTryYet, SweepOver, SweepRunning
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.queries import best_of, sweep_summary, tries_with_models
from evalhub.sweeps.services import cancel_sweep, extend_sweep, start_curve, start_sweep, train_best
from evalhub.sweeps.turning import advance, heard, turn_all
from tests.evalhub.sweeps.scenes import BEST_RATE, a_base, a_build, on_landscape, turned

RATE = {"learning_rate": {"low": 1e-5, "high": 1e-3}}


def asked(erin: Member, base: LanguageModel, build: DatasetBuild, **more: Any) -> Sweep:
    wanted: dict[str, Any] = {"space": RATE, "sampler": "grid", "tries": 5, **more}
    return start_sweep(workspace=erin.workspace, recipe="sft", build=build, models=[base], by=erin, **wanted)  # fmt: skip


def rates(sweep: Sweep) -> list[float]:
    return [try_.values["learning_rate"] for try_ in sweep.tries.order_by("number")]


def test_a_grid_tries_every_combination_once_and_ends(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    space = {**RATE, "lora_rank": {"choices": [8, 16]}}
    sweep = turned(asked(erin, base, build, space=space, tries=99, parallel=3))
    tries = tries_with_models(sweep)
    assert (sweep.state, len(tries)) == (SweepState.SUCCEEDED, 10)
    assert len({json.dumps(try_.values) for try_ in tries}) == 10
    best = best_of(sweep, tries)
    assert best is not None
    assert best.values == {"learning_rate": 0.0003162, "lora_rank": 16}
    assert best.run.spec["options"] == best.values
    assert set(sweep.findings["importance"]) == {"learning_rate", "lora_rank"}
    assert sum(sweep.findings["importance"].values()) == pytest.approx(1)
    assert Entry.objects.filter(verb="sweep.succeeded").exists()


def test_only_so_many_tries_are_under_way_at_a_time(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    sweep = asked(erin, base, build, parallel=2)
    advance(sweep.pk)
    advance(sweep.pk)
    assert sweep.tries.count() == 2


def test_coarse_to_fine_goes_closer_around_the_best(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    sweep = turned(asked(erin, base, build, sampler="refine", tries=9, parallel=2))
    tried = rates(sweep)
    assert tried[:5] == [1e-5, 3.162e-5, 1e-4, 3.162e-4, 1e-3]
    assert tried[5:7] == [1.778e-4, 5.623e-4]
    best = best_of(sweep, tries_with_models(sweep))
    assert best is not None
    assert best.values["learning_rate"] == pytest.approx(BEST_RATE, rel=0.15)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_optuna_is_asked_and_the_same_seed_asks_the_same(
    erin: Member, base: LanguageModel, build: DatasetBuild, sampler: str
) -> None:
    space = {**RATE, "batch_size": {"choices": [4, 8]}, "lora_rank": {"low": 4, "high": 32}}
    one, again, other = (
        turned(asked(erin, base, build, space=space, sampler=sampler, tries=6, parallel=1, seed=seed))
        for seed in (1, 1, 2)
    )  # fmt: skip
    assert rates(one) == rates(again) != rates(other)
    assert all(1e-5 <= rate <= 1e-3 for rate in rates(one))
    assert {type(try_.values["lora_rank"]) for try_ in one.tries.all()} == {int}


def test_whoever_moves_it_on_twice_or_after_a_kill_changes_nothing(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    """The news of a try's end may come twice, or be lost: then the clock finds what there is to do."""
    sweep = asked(erin, base, build, parallel=1)
    started = News.objects.get(topic="sweep.started")
    heard(started)
    heard(started)
    (first,) = sweep.tries.all()
    jobs.execute(first.run.job.uid)
    turn_all()  # as if the news of its end had been lost
    assert sweep.tries.count() == 2
    heard(News.objects.get(topic="job.ended", subject_uid=first.run.job.uid))
    assert sweep.tries.count() == 2


def test_no_try_sees_a_row_of_the_test_split(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    sweep = turned(asked(erin, base, build, tries=3))
    held_out = {build.files[name]["sha256"] for name in ("test.jsonl", "prompts.jsonl")}
    for run in Run.objects.filter(try_of__sweep=sweep):
        assert set(run.spec["inputs"]) == {"train", "validation"}
        assert not held_out & {file["sha256"] for file in run.spec["inputs"].values()}
    assert sweep.goal.name.startswith("eval_")


def test_a_try_that_falls_behind_half_way_is_cancelled(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    """Four have ended near 1; the fifth stands at 9 after half of its way, and a sixth at 1.4."""
    space = {"learning_rate": {"choices": [1e-4, 2e-4, 3e-4, 2.5e-4, 1e-5, 1.5e-4]}}
    sweep = asked(erin, base, build, space=space, tries=6, parallel=6, prunes=True)
    advance(sweep.pk)
    tries = tries_with_models(sweep)
    for try_ in tries[:4]:
        jobs.execute(try_.run.job.uid)
    for try_, loss in zip(tries[4:], (9.0, 1.4), strict=True):
        Job.objects.filter(pk=try_.run.job_id).update(state=JobState.RUNNING, lease_expires_at=timezone.now(), done=5, total=10)  # fmt: skip
        RunEvent.objects.create(run=try_.run, attempt=1, n=1, at=timezone.now(), kind="metrics", body={"step": 5, "eval_loss": loss})  # fmt: skip
    advance(sweep.pk)
    behind, well = tries_with_models(sweep)[4:]
    assert behind.pruned_at is not None
    assert behind.run.job.cancel_requested_at is not None
    assert well.pruned_at is None
    assert well.run.job.cancel_requested_at is None
    Job.objects.filter(pk=behind.run.job_id).update(state=JobState.CANCELLED, ended_at=timezone.now(), lease_expires_at=None)  # fmt: skip
    assert tries_with_models(sweep)[4].state == "pruned"


def test_cancelling_stops_its_tries_and_going_on_makes_them_again(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    sweep = asked(erin, base, build, parallel=2)
    advance(sweep.pk)
    jobs.execute(sweep.tries.get(number=1).run.job.uid)
    advance(sweep.pk)
    with pytest.raises(SweepRunning):
        extend_sweep(sweep=sweep, tries=1, by=erin)
    sweep = cancel_sweep(sweep=sweep, by=erin)
    assert [try_.state for try_ in tries_with_models(sweep)] == ["succeeded", "cancelled", "cancelled"]  # fmt: skip
    with pytest.raises(SweepOver):
        cancel_sweep(sweep=sweep, by=erin)
    sweep = turned(extend_sweep(sweep=sweep, tries=50, by=erin))
    assert sweep.state == SweepState.SUCCEEDED
    done = [try_ for try_ in tries_with_models(sweep) if try_.state == "succeeded"]
    assert sorted(try_.values["learning_rate"] for try_ in done) == [1e-5, 3.162e-5, 1e-4, 3.162e-4, 1e-3]  # fmt: skip
    with pytest.raises(BadSweep, match="Every combination was tried"):
        extend_sweep(sweep=sweep, tries=1, by=erin)


def test_a_sweep_whose_tries_all_fail_ends_with_their_reason(
    erin: Member, base: LanguageModel, build: DatasetBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise RunFailed("The chat template has no place for a system turn.")

    monkeypatch.setattr("evalhub.runs.jobs.execute_run", refused)
    sweep = turned(asked(erin, base, build, parallel=1))
    assert sweep.state == SweepState.FAILED
    assert sweep.tries.count() == 3
    assert "no place for a system turn" in sweep.error


def test_a_full_queue_is_waited_for(
    erin: Member, base: LanguageModel, build: DatasetBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = asked(erin, base, build, tries=1)
    monkeypatch.setattr("evalhub.jobs.services.MOST_WAITING", 0)
    advance(sweep.pk)
    assert Sweep.objects.get(pk=sweep.pk).is_running
    monkeypatch.undo()
    on_landscape(monkeypatch)
    assert turned(sweep).state == SweepState.SUCCEEDED


def test_a_fault_of_ours_ends_it_where_it_is_seen_and_it_can_go_on(
    erin: Member, base: LanguageModel, build: DatasetBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = asked(erin, base, build, tries=2)

    def broken(*_given: Any) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("evalhub.sweeps.turning.next_values", broken)
        turn_all()
    sweep.refresh_from_db()
    assert (sweep.state, sweep.error[:20]) == (SweepState.FAILED, "evalhub failed here,")
    assert turned(extend_sweep(sweep=sweep, tries=2, by=erin)).state == SweepState.SUCCEEDED


def test_the_best_try_is_trained_on_all_rows(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    sweep = asked(erin, base, build, options={"train_share": 0.25, "batch_size": 4})
    with pytest.raises(NoTryYet):
        train_best(sweep=sweep, by=erin)
    turned(sweep)
    run = train_best(sweep=sweep, by=erin)
    assert run.spec["options"] == {"learning_rate": 0.0003162, "batch_size": 4}
    assert train_best(sweep=sweep, by=erin) == run  # pressed twice
    summary = sweep_summary(Sweep.objects.get(pk=sweep.pk))
    assert summary["final"] == str(run.uid)
    assert summary["best"]["eval_loss"] == min(each["eval_loss"] for each in summary["tries"])


def test_several_bases_are_a_choice_like_any_other(erin: Member, base: LanguageModel, build: DatasetBuild, tmp_path: Path) -> None:  # fmt: skip
    other = a_base(erin, tmp_path, name="other")
    wanted: dict[str, Any] = {"workspace": erin.workspace, "recipe": "sft", "build": build, "models": [base, other], "space": {}, "sampler": "grid"}  # fmt: skip
    with pytest.raises(BadSweep, match="eval_loss_per_byte"):
        start_sweep(**wanted)
    sweep = turned(start_sweep(**wanted, objective="eval_loss_per_byte"))
    assert {try_.run.model for try_ in tries_with_models(sweep)} == {base, other}
    assert train_best(sweep=sweep).model in {base, other}


def test_a_learning_curve_says_whether_more_data_helps(erin: Member, base: LanguageModel, build: DatasetBuild) -> None:  # fmt: skip
    """Half of the rows cost 0.5 × 0.25 = 0.125 more than all, whatever the seed."""
    curve = turned(
        start_curve(workspace=erin.workspace, recipe="sft", build=build, model=base, by=erin)
    )
    shares = [try_.run.spec["options"].get("train_share") for try_ in tries_with_models(curve)]
    assert sorted(shares) == [0.25] * 3 + [0.5] * 3 + [0.75] * 3 + [1.0] * 3
    assert {try_.run.spec["seed"] for try_ in tries_with_models(curve)} == {0, 1, 2}
    points, doubling = curve.findings["points"], curve.findings["doubling"]
    assert [(each["rows"], each["n"]) for each in points] == [(20, 3), (40, 3), (60, 3), (80, 3)]
    assert doubling["gain"]["value"] == pytest.approx(0.125)
    assert doubling["answer"] == "yes"
    assert sweep_summary(curve)["headline"] == "More data still helps: yes."


@pytest.mark.parametrize(
    "change, why",
    [
        ({"space": {}}, "Nothing is searched"),
        ({"space": {"threads": {"choices": [1, 2]}}}, "threads cannot be searched"),
        ({"space": {"learning_rate": {"low": 1e-3, "high": 1e-5}}}, "a low and a higher end"),
        ({"space": {"learning_rate": {"low": 1e-3}}}, "neither a range"),
        ({"space": {"batch_size": {"choices": [8, 512]}}}, "batch_size 512 × accumulation 1 is 512 rows a step, but there are 80"),
        ({"space": {"schedule": {"choices": ["cosine", "steps"]}}}, "schedule is steps, but must be one of"),
        ({"space": {"learning_rate": {"choices": ["fast"]}}}, "Learning_rate cannot be 'fast'"),
        ({"space": {"beta": {"low": 0.1, "high": 0.5}}}, "beta changes nothing here"),
        ({"sampler": "refine", "space": {**RATE, "lora_rank": {"choices": [8]}}}, "one range"),
        ({"objective": "eval_reward_accuracy"}, "sft can be compared by eval_loss or eval_loss_per_byte"),
        ({"tries": 0}, "1 to 500 tries"),
        ({"parallel": 99}, "1 to 16"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_said_before_anything_is_queued(
    erin: Member, base: LanguageModel, build: DatasetBuild, change: dict[str, Any], why: str
) -> None:
    with pytest.raises(BadSweep, match=why):
        asked(erin, base, build, **change)
    assert not Sweep.objects.exists()


def test_without_validation_rows_nothing_can_be_compared(erin: Member, base: LanguageModel) -> None:
    with pytest.raises(BadSweep, match="the build has none"):
        asked(erin, base, a_build(erin, validation=0))


def test_the_loss_of_one_beta_is_not_compared_with_that_of_another(erin: Member, base: LanguageModel) -> None:  # fmt: skip
    build = a_build(erin)
    build.kind = "preference"
    wanted: dict[str, Any] = {"workspace": erin.workspace, "recipe": "dpo", "build": build, "models": [base], "space": {"beta": {"low": 0.05, "high": 0.5}}}  # fmt: skip
    with pytest.raises(BadSweep, match="compare by eval_reward_accuracy"):
        start_sweep(**wanted)
