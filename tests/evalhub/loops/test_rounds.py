"""A whole Round in this process, with the trainer made up; each Step is moved on by news only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.common.files import file_store
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation import jobs as deciding
from evalhub.evaluation.choices import DECIDE
from evalhub.evaluation.judging import Verdict, judge
from evalhub.evaluation.models import Promotion
from evalhub.jobs import jobs
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job
from evalhub.loops.choices import StepKind
from evalhub.loops.errors import RoundNotResumable, RoundOver, RoundRunning
from evalhub.loops.models import Loop, Round
from evalhub.loops.report import round_report
from evalhub.loops.services import cancel_round, create_loop, edit_loop, resume_round, start_round
from evalhub.loops.steps.answering import OPEN_CAMPAIGN
from evalhub.loops.story import story_of
from evalhub.prompts.models import Generation
from evalhub.registry.models import LanguageModel, Stage
from evalhub.runs.models import Run
from tests.evalhub.loops.scenes import (
    a_loop,
    do_one,
    ended_unheard,
    turned,
    work_off,
)
from tests.evalhub.runs.scenes import without_torch


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


@pytest.fixture
def loop(erin: Member, tmp_path: Path) -> Loop:
    return a_loop(erin, tmp_path)


def steps_of(round_: Round) -> dict[str, str]:
    return {step.kind: step.error or step.state for step in round_.steps.all()}


def test_a_round_goes_through_all_its_steps(loop: Loop, erin: Member) -> None:
    round_ = turned(start_round(loop=loop, by=erin))

    assert steps_of(round_) == {kind.value: "succeeded" for kind in StepKind}
    assert round_.state == "succeeded"
    assert round_.ended_at is not None


def test_its_new_answers_are_the_next_open_campaign(loop: Loop, erin: Member) -> None:
    turned(start_round(loop=loop, by=erin))

    campaign = Campaign.objects.get(origin="round")
    assert campaign.state == "open"
    assert campaign.tasks.count() == 24
    generation = Generation.objects.get(run_uid__isnull=False)
    assert generation.model.kind == "adapter"
    assert generation.settings["temperature"] == 0.8
    assert generation.completions.count() == 48


def test_a_chain_with_kto_learns_from_answers_called_good_or_bad(
    erin: Member, tmp_path: Path
) -> None:
    """From the same judgments as the pairs, on whose test rows it is measured like any other."""
    loop = a_loop(erin, tmp_path, chain="sft,kto", kto={"beta": 0.2})
    round_ = turned(start_round(loop=loop, by=erin))

    assert steps_of(round_) == {kind.value: "succeeded" for kind in StepKind}
    built = {each.kind: each for each in DatasetBuild.objects.all()}
    assert set(built) == {"sft", "preference", "unpaired"}
    assert len({each.snapshot for each in built.values()}) == 1
    sft, kto = Run.objects.filter(recipe__in=["sft", "kto"]).order_by("pk")
    assert (kto.recipe, kto.model, kto.builds.get()) == ("kto", sft.output_model, built["unpaired"])
    assert kto.spec["options"]["beta"] == 0.2
    assert Promotion.objects.get().decision == "promote"
    assert (
        "24 answers called good or bad" in story_of(round_)[0].text
        or "48 answers" in story_of(round_)[0].text
    )

    loop.policy = loop.policy | {"chain": "dpo"}
    loop.save(update_fields=["policy"])
    second = turned(start_round(loop=loop, by=erin))
    second.steps.filter(kind="train").update(state="failed")
    Round.objects.filter(pk=second.pk).update(state="failed")
    edit_loop(loop=loop, by=erin, policy={"chain": "kto"})
    failed = turned(resume_round(round_=second, by=erin))
    assert "now asks for unpaired rows" in steps_of(failed)["train"]


def test_answers_by_a_grid_of_settings_meet_each_other(erin: Member, tmp_path: Path) -> None:
    """One answer by each of four settings; a lot draws two of them for each prompt."""
    grid = {"n": 1, "temperatures": [0.4, 1.0], "top_ps": [0.8, 1.0]}
    loop = a_loop(erin, tmp_path, generate=grid)
    round_ = turned(start_round(loop=loop, by=erin))

    assert steps_of(round_) == {kind.value: "succeeded" for kind in StepKind}
    written = Generation.objects.filter(run_uid__isnull=False)
    assert sorted((each.settings["temperature"], each.settings["top_p"]) for each in written) == [
        (0.4, 0.8), (0.4, 1.0), (1.0, 0.8), (1.0, 1.0),
    ]  # fmt: skip
    assert round_.campaign is not None
    tasks = list(round_.campaign.tasks.prefetch_related("completions"))
    assert len(tasks) == 24
    met = {frozenset(each.generation_id for each in task.completions.all()) for task in tasks}
    assert all(len(pair) == 2 for pair in met)
    assert len(met) > 2


def test_two_loops_of_one_name_open_a_campaign_each(loop: Loop, erin: Member) -> None:
    twin = create_loop(
        workspace=erin.workspace,
        slug="twin",
        name=loop.name,
        base_model=loop.base_model,
        collection=loop.collection,
        rubric_version=loop.rubric_version,
        by=erin,
    )
    first, second = (turned(start_round(loop=each, by=erin)) for each in (loop, twin))

    assert first.campaign != second.campaign
    assert Campaign.objects.filter(origin="round").count() == 2
    told = round_report(second)["campaign"]
    assert (told["uid"], told["tasks"]) == (str(second.campaign.uid), 24)
    assert told["chosen"] == {"how": "all", "tasks": 24, "by_lot": 0, "prompts": 24, "of": 24}


def test_a_campaign_is_opened_once_whatever_happens_to_the_job(loop: Loop, erin: Member) -> None:
    """Killed between the campaign and the job's end, or cancelled and resumed."""
    round_ = turned(start_round(loop=loop, by=erin))
    job = Job.objects.get(kind="loops.open_campaign")
    Job.objects.filter(pk=job.pk).update(state="queued", ended_at=None)
    work_off()
    job.refresh_from_db()
    assert job.result == {"campaign": str(round_.campaign.uid), "tasks": 24}

    Round.objects.update(state="cancelled")
    round_.steps.filter(kind="campaign").update(state="cancelled")
    assert turned(resume_round(round_=round_, by=erin)).state == "succeeded"
    assert Campaign.objects.filter(origin="round").count() == 1


def test_both_builds_read_the_same_judgments(loop: Loop, erin: Member) -> None:
    """Somebody submits between the two."""
    from evalhub.campaigns.models import Task
    from tests.factories import JudgmentFactory, PreferenceFactory

    round_ = start_round(loop=loop, by=erin)
    assert do_one()
    task = Task.objects.order_by("pk")[0]
    PreferenceFactory.create(judgment=JudgmentFactory.create(task=task, source="human"), margin=-2)
    turned(round_)

    sft, preference = DatasetBuild.objects.order_by("pk")
    assert sft.snapshot == preference.snapshot
    assert preference.manifest["snapshot"]["judgments"] == 24


def test_a_promoted_adapter_becomes_the_incumbent(loop: Loop, erin: Member) -> None:
    turned(start_round(loop=loop, by=erin))

    loop.refresh_from_db()
    assert loop.incumbent is not None
    assert loop.incumbent.stage == Stage.INCUMBENT
    assert loop.incumbent.parent == loop.base_model


def test_the_second_round_is_measured_beside_the_incumbent(loop: Loop, erin: Member) -> None:
    turned(start_round(loop=loop, by=erin))
    second = turned(start_round(loop=loop, by=erin))

    assert second.number == 2
    assert second.state == "succeeded"
    assert "incumbent" in second.steps.get(kind="evaluate").result
    baselines = Run.objects.filter(recipe="evaluate", model=loop.base_model)
    assert baselines.count() == 1, "the same rows need no second baseline"


def test_each_round_trains_afresh_from_the_base(loop: Loop, erin: Member) -> None:
    for _ in range(2):
        turned(start_round(loop=loop, by=erin))

    trainings = Run.objects.filter(recipe="dpo")
    assert [run.model for run in trainings] == [loop.base_model, loop.base_model]


def test_a_chain_goes_on_from_the_sft_adapter(erin: Member, tmp_path: Path) -> None:
    loop = a_loop(erin, tmp_path, chain="sft,dpo")
    turned(start_round(loop=loop, by=erin))

    sft, dpo = Run.objects.get(recipe="sft"), Run.objects.get(recipe="dpo")
    assert sft.model == loop.base_model
    assert dpo.model == sft.output_model
    assert dpo.output_model is not None
    assert dpo.output_model.parent == sft.output_model
    assert dpo.output_model.base == loop.base_model


def test_a_chain_leaves_every_adapters_files_in_the_store(erin: Member, tmp_path: Path) -> None:
    """A DPO checkpoint holds a copy of the adapter that it continues: the very same bytes."""
    loop = a_loop(erin, tmp_path, chain="sft,dpo")
    assert turned(start_round(loop=loop, by=erin)).state == "succeeded"

    adapters = LanguageModel.objects.filter(kind="adapter")
    assert adapters.count() == 2
    for adapter in adapters:
        for path, file in adapter.facts["files"].items():
            assert file_store().exists(file["key"]), f"{adapter} lost {path}"


def test_the_report_has_the_shape_that_outsiders_rely_on(loop: Loop, erin: Member) -> None:
    round_ = turned(start_round(loop=loop, by=erin))
    report = round_report(round_)

    assert list(report) == [
        "round", "state", "builds", "runs", "evaluation", "promotion", "campaign",
    ]  # fmt: skip
    assert [build["kind"] for build in report["builds"]] == ["sft", "preference"]
    assert report["builds"][1]["rows"] == {"train": 12, "validation": 2, "test": 10}
    assert set(report["runs"][0]) == {"uid", "recipe", "state", "seconds", "metrics"}
    accuracy = report["evaluation"]["adapter"]["preference_accuracy"]
    assert (accuracy["value"], accuracy["n"]) == (1.0, 10)
    assert report["evaluation"]["baseline"]["preference_accuracy"]["value"] == 0.5
    assert report["promotion"]["decision"] == "promote"
    assert report["campaign"]["tasks"] == 24


def test_only_one_round_of_a_loop_runs_at_a_time(loop: Loop, erin: Member) -> None:
    start_round(loop=loop, by=erin)
    with pytest.raises(RoundRunning, match="wait for it, or cancel it"):
        start_round(loop=loop, by=erin)


def test_a_failed_step_says_why_and_is_resumed_from_there(
    loop: Loop, erin: Member, tmp_path: Path
) -> None:
    config = tmp_path / "tiny" / "config.json"
    config.rename(tmp_path / "hidden")
    config.write_text('{"changed": true}')
    round_ = turned(start_round(loop=loop, by=erin))

    assert round_.state == "failed"
    assert "were changed since they were first used" in steps_of(round_)["baseline"]
    assert steps_of(round_)["dataset"] == "succeeded"

    (tmp_path / "hidden").replace(config)
    builds = round_.steps.get(kind="dataset").result
    round_ = turned(resume_round(round_=round_, by=erin))

    assert round_.state == "succeeded"
    assert round_.steps.get(kind="dataset").result == builds


def test_a_round_that_runs_or_is_done_cannot_be_resumed(loop: Loop, erin: Member) -> None:
    round_ = start_round(loop=loop, by=erin)
    with pytest.raises(RoundNotResumable):
        resume_round(round_=round_, by=erin)
    with pytest.raises(RoundNotResumable):
        resume_round(round_=turned(round_), by=erin)


def test_cancelling_a_round_cancels_what_it_waits_for(loop: Loop, erin: Member) -> None:
    round_ = cancel_round(round_=start_round(loop=loop, by=erin), by=erin)
    work_off()

    assert round_.state == "cancelled"
    assert set(Job.objects.values_list("state", flat=True)) == {"cancelled"}
    assert turned(resume_round(round_=round_, by=erin)).state == "succeeded"


def test_a_decision_that_is_made_and_not_heard_is_the_loops_when_its_round_is_cancelled(
    loop: Loop, erin: Member
) -> None:
    round_ = start_round(loop=loop, by=erin)
    ended_unheard(DECIDE)
    round_ = cancel_round(round_=round_, by=erin)

    loop.refresh_from_db()
    assert round_.state == "cancelled"
    assert loop.incumbent == LanguageModel.objects.get(stage=Stage.INCUMBENT)
    assert (steps_of(round_)["decide"], steps_of(round_)["generate"]) == ("succeeded", "cancelled")
    assert not Job.objects.unended().exists()
    assert turned(resume_round(round_=round_, by=erin)).state == "succeeded"


def test_a_round_whose_last_job_has_ended_is_over(loop: Loop, erin: Member) -> None:
    round_ = start_round(loop=loop, by=erin)
    ended_unheard(OPEN_CAMPAIGN)
    with pytest.raises(RoundOver, match="has succeeded already"):
        cancel_round(round_=round_, by=erin)
    assert Round.objects.get().state == "succeeded"


def test_a_decision_that_is_cancelled_while_it_is_made_puts_nothing_in_service(
    loop: Loop, erin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_ = start_round(loop=loop, by=erin)

    def judged_meanwhile(**given: Any) -> Verdict:
        cancel_round(round_=round_, by=erin)
        return judge(**given)

    monkeypatch.setattr(deciding, "judge", judged_meanwhile)
    work_off()
    assert Job.objects.get(kind=DECIDE).state == "cancelled"
    assert Round.objects.get().state == "cancelled"
    assert not Promotion.objects.exists()


def test_a_round_whose_policy_cannot_be_followed_any_more_is_cancelled(
    loop: Loop, erin: Member
) -> None:
    round_ = start_round(loop=loop, by=erin)
    Round.objects.update(policy={"of": "an older version"})
    assert cancel_round(round_=round_, by=erin).state == "cancelled"


def test_a_job_cancelled_by_a_person_fails_the_step(loop: Loop, erin: Member) -> None:
    round_ = start_round(loop=loop, by=erin)
    job = Job.objects.waiting().order_by("pk").first()
    assert job is not None
    cancel_job(job=job, by=erin)
    round_ = turned(round_)

    assert round_.state == "failed"
    assert "was cancelled" in steps_of(round_)["dataset"]


def test_without_judgments_the_first_step_says_what_to_do(loop: Loop, erin: Member) -> None:
    """The Loop does not accept simulated judgments unless its policy says so."""
    from evalhub.judgments.models import Judgment

    Judgment.objects.update(source="simulated")
    round_ = turned(start_round(loop=loop, by=erin))

    assert round_.state == "failed"
    assert "make no training row" in steps_of(round_)["dataset"]


def test_hearing_news_twice_does_nothing_twice(loop: Loop, erin: Member) -> None:
    from evalhub.jobs.models import News

    round_ = start_round(loop=loop, by=erin)
    for _ in range(40):
        News.objects.update(delivered_at=None)
        jobs.deliver_waiting()
        job = Job.objects.waiting().order_by("pk").first()
        if job is None:
            break
        jobs.execute(job.uid)
    round_.refresh_from_db()

    assert round_.state == "succeeded"
    assert Run.objects.count() == 4
    assert LanguageModel.objects.filter(kind="adapter").count() == 1


def test_a_round_keeps_the_policy_it_began_with(loop: Loop, erin: Member) -> None:
    round_ = start_round(loop=loop, by=erin)
    Loop.objects.update(policy=loop.policy | {"chain": "sft"})
    turned(round_)

    assert Run.objects.filter(recipe="dpo").exists()
