"""Figures of lm-evaluation-harness on our side: intervals, differences, gates; and of plug-ins with a direction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.evaluation.errors import BadGate, BaselineMissing, NothingToMeasure
from evalhub.evaluation.evidence import Evidence
from evalhub.evaluation.figures import in_order, kind_of, said
from evalhub.evaluation.gate import Gate, MustBeat, NotWorse, read_gate
from evalhub.evaluation.judging import Verdict, judge
from evalhub.evaluation.measures import compared, measured
from evalhub.evaluation.models import Comparison, Evaluation, Promotion
from evalhub.evaluation.reading import lines_of, sentence
from evalhub.evaluation.services import evaluate_model, start_decision
from evalhub.evaluation.showing import csv_text
from evalhub.evaluation.slicing import groups_in
from evalhub.jobs import jobs
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_adapter
from evalhub.runs.errors import BadSpec
from evalhub.runs.services import start_training
from tests.evalhub.runs.scenes import base_model, built, without_torch

ACC, F1 = "harness/colours/acc", "harness/colours/f1"


def tables(
    *rights: float, f1: float = 0.5, shift: float = 0.0, documents: str = "a", better: str = "higher"
) -> dict[str, list[dict[str, Any]]]:  # fmt: skip
    """A document for each of `rights`; F1 is told by draws, moved by `shift`."""
    n = len(rights)
    draws = [f1 + shift + (at % 5 - 2) / 20 for at in range(200)]
    return {
        "harness": [{"id": f"d{at}", "group": f"d{at}", ACC: right} for at, right in enumerate(rights)],
        "figures": [
            {"figure": ACC, "better": better, "value": sum(rights) / n, "n": n},
            {"figure": F1, "better": better, "value": f1 + shift, "n": n, "draws": [*draws, None], "set": documents},
        ],
    }  # fmt: skip


def test_a_mean_has_its_interval_by_document_and_its_direction() -> None:
    found = measured(tables(*[0.0, 1.0] * 20))[ACC]
    assert (found["value"], found["n"], found["better"]) == (0.5, 40, "higher")
    assert found["low"] == pytest.approx(0.34, abs=0.02)
    assert found["high"] == pytest.approx(0.66, abs=0.02)
    assert said(ACC, found).startswith("0.500 (0.3")


def test_of_draws_the_interval_is_that_of_the_draws() -> None:
    """Five values of equal chance from 0.4 to 0.6; what has no figure is left out."""
    found = measured(tables(*[1.0] * 40))[F1]
    assert (found["value"], found["n"]) == (0.5, 40)
    assert (found["low"], found["high"]) == (pytest.approx(0.4), pytest.approx(0.6))


def test_both_are_compared_pairwise() -> None:
    found = compared(tables(*[0.0, 1.0] * 20), tables(*[1.0] * 40, shift=0.1))
    assert found[ACC]["difference"] == 0.5
    assert 0.3 < found[ACC]["low"] < 0.5
    gap = found[F1]
    assert gap["difference"] == pytest.approx(0.1)
    assert gap["low"] == pytest.approx(0.1)  # every draw is better by as much
    assert gap["smallest"] == pytest.approx(0)
    assert gap["better"] == "higher"


def test_draws_of_other_documents_are_not_paired() -> None:
    before, after = tables(1.0, 0.0), tables(1.0, 1.0, documents="b")
    assert F1 not in compared(before, after)
    assert compared({}, after)[F1]["difference"] is None  # measured for the first time


def test_documents_are_nobodys_prompt_groups() -> None:
    assert groups_in(tables(1.0, 0.0)) == set()


def test_they_are_named_and_come_last() -> None:
    names = in_order(["harness/gsm8k/exact_match/strict-match", "plugin_polite", "rouge1"])
    assert names == ["rouge1", "plugin_polite", "harness/gsm8k/exact_match/strict-match"]
    assert kind_of(names[2]).label == "gsm8k: exact_match (strict-match)"


def held(gate: Gate, before: Any, after: Any) -> Verdict:
    found = compared(before, after)
    return judge(gate=gate, find=lambda each, than: found.get(each.metric), has_incumbent=False)


def test_a_gate_may_ask_for_them() -> None:
    before, after = tables(*[0.0, 1.0] * 20), tables(*[1.0] * 40, shift=-0.1)
    better = Gate(must_beat=(MustBeat(ACC),), not_worse=())
    assert held(better, before, after).reason.startswith(
        "Promoted: colours: acc is 1.000 beside the baseline’s 0.500 (+0.500, 95 % interval +0.3"
    )
    worse = Gate(
        must_beat=(MustBeat(ACC),), not_worse=(NotWorse(F1, than="baseline", margin=0.05),)
    )
    verdict = held(worse, before, after)
    assert not verdict.promote
    assert "(at most 0.050 worse is allowed)" in verdict.reason


def test_where_lower_is_better_a_fall_is_a_gain() -> None:
    before, after = tables(*[1.0] * 40, better="lower"), tables(*[0.0, 1.0] * 20, better="lower")
    assert held(Gate(must_beat=(MustBeat(ACC),), not_worse=()), before, after).promote
    limit = (NotWorse(ACC, than="baseline", margin=0.1, shown_by="estimate"),)
    assert not held(Gate(must_beat=(MustBeat(ACC),), not_worse=limit), after, before).promote


def test_a_figure_without_direction_refuses_and_says_why() -> None:
    before, after = (
        tables(*[0.0, 1.0] * 20, better="neither"),
        tables(*[1.0] * 40, better="neither"),
    )
    verdict = held(Gate(must_beat=(MustBeat(ACC),), not_worse=(NotWorse(F1, than="baseline"),)), before, after)  # fmt: skip
    assert not verdict.promote
    assert verdict.reason.count("nobody said which way is better") == 2


def test_a_plug_in_with_a_direction_is_asked_for_like_ours() -> None:
    rows = [{"id": f"r{at}", "group": f"g{at}", "finish": "stop"} for at in range(20)]
    before = {"predictions": [row | {"plugin_polite": 0.0} for row in rows]}
    after = {
        "predictions": [row | {"plugin_polite": 1.0} for row in rows],
        "figures": [{"figure": "plugin_polite", "better": "higher"}],
    }
    assert held(Gate(must_beat=(MustBeat("plugin_polite"),), not_worse=()), before, after).promote
    assert measured(after)["plugin_polite"]["better"] == "higher"
    assert "better" not in measured(before)["plugin_polite"]  # of a release that knew no direction


def test_a_gate_names_what_there_may_be() -> None:
    read_gate({"must_beat": [{"metric": ACC}, {"metric": "plugin_polite"}]})
    with pytest.raises(BadGate, match="or plugin_… or harness/…"):
        read_gate({"must_beat": [{"metric": "colours"}]})


@pytest.fixture
def base(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    without_torch(monkeypatch)
    return base_model(erin.workspace, tmp_path)


def evaluate(model: LanguageModel, erin: Member, *tasks: str) -> Evaluation:
    evaluation = evaluate_model(workspace=erin.workspace, model=model, by=erin, options={"harness": list(tasks)})  # fmt: skip
    jobs.execute(evaluation.run.job.uid)
    evaluation.refresh_from_db()
    return evaluation


@pytest.fixture
def comparison(base: LanguageModel, erin: Member) -> Comparison:
    """Of tasks alone: a base right about half of 40 documents, an adapter about all."""
    build = built(erin.workspace, "preference")
    run = start_training(workspace=erin.workspace, recipe="dpo", model=base, build=build, by=erin)
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    assert run.output_model is not None
    evaluate(base, erin, "colours")
    return Comparison.objects.get(candidate=evaluate(run.output_model, erin, "colours"))


def test_tasks_alone_are_a_set_on_which_the_base_comes_first(
    base: LanguageModel, erin: Member
) -> None:
    adapter = add_adapter(workspace=erin.workspace, name="a", parent=base, files={})
    with pytest.raises(BaselineMissing):
        evaluate(adapter, erin, "colours")
    first = evaluate(base, erin, "colours")
    assert first.metrics[ACC]["value"] == 0.5
    assert evaluate(base, erin, "colours") == first
    assert evaluate(base, erin, "colours", "shapes").set_digest != first.set_digest


def test_a_comparison_of_tasks_reads_like_any_other(comparison: Comparison) -> None:
    assert sentence(comparison).startswith(
        f"Against {comparison.baseline.model}: colours: acc went from 0.500 to 1.000 (better)"
    )
    (line,) = [each for each in lines_of(comparison) if each.label == "colours: acc"]
    assert (line.verdict, line.n) == ("better", 40)
    assert f"{ACC},higher,,0.5,1.0,0.5" in "".join(csv_text(comparison))
    assert comparison.fresh["groups"] == 0


def test_a_candidate_is_promoted_by_a_task(comparison: Comparison, erin: Member) -> None:
    gate = Gate(must_beat=(MustBeat(ACC, margin=0.3),), not_worse=())
    job = start_decision(candidate=comparison.candidate, incumbent=None, gate=gate, by=erin)
    jobs.execute(job.uid)
    assert Promotion.objects.get().decision == "promote"


def test_another_confidence_is_worked_out_of_rows_and_of_draws(comparison: Comparison) -> None:
    runs = {comparison.baseline.run: tables(*[0.0, 1.0] * 20), comparison.candidate.run: tables(*[1.0] * 40)}  # fmt: skip
    evidence = Evidence({"baseline": comparison}, lambda run: runs[run], lambda: None)
    for name in (ACC, F1):
        wide = evidence.find(MustBeat(name, confidence=0.99), "baseline")
        assert wide is not None
        assert wide["better"] == "higher"
        assert wide["difference"] == compared(*runs.values())[name]["difference"]
        assert evidence.find(MustBeat(name, slice="language=de"), "baseline") is None


def test_by_command(base: LanguageModel, erin: Member, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["evaluate", "--workspace", erin.workspace.slug, "--model", "tiny"]
    call_command(*asked, "--harness", "colours, shapes", "--json")
    found = json.loads(capsys.readouterr().out.splitlines()[-1])["metrics"]
    assert found["harness/shapes/acc"]["value"] == 0.5
    with pytest.raises(CommandError, match="Name what to measure on"):
        call_command(*asked)


def test_by_page_and_by_api(base: LanguageModel, erin: Member, client: Client) -> None:
    client.force_login(erin.user)
    page = reverse("evaluation:measure", args=[erin.workspace.slug])
    answer = client.post(page, {"model": base.uid, "harness": "colours"})
    assert answer.status_code == 302, answer.content
    assert Evaluation.objects.get().run.spec["options"] == {"harness": ["colours"]}
    asked = {"model": "tiny", "options": {"harness": ["shapes"]}}
    headers = {"authorization": f"Bearer {create_token(member=erin, name='api').text}"}
    answer = client.post("/api/v1/evaluations", asked, content_type="application/json", headers=headers)  # fmt: skip
    assert answer.status_code == 202, answer.content
    assert Evaluation.objects.count() == 2


def test_nothing_named_is_an_error_and_a_path_is_no_name(base: LanguageModel, erin: Member) -> None:
    with pytest.raises(NothingToMeasure):
        evaluate(base, erin)
    with pytest.raises(BadSpec, match="names of tasks"):
        evaluate(base, erin, "/elsewhere/task.yaml")
