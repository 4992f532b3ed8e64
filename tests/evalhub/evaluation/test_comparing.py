"""What a comparison shows: slices, examples, looks at its set, files; and on which set it may be made."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.errors import BaselineMissing
from evalhub.evaluation.examples import examples_of
from evalhub.evaluation.gate import Gate
from evalhub.evaluation.measures import compared
from evalhub.evaluation.models import Comparison, Evaluation, Look
from evalhub.evaluation.queries import looks_at
from evalhub.evaluation.reading import lines_of
from evalhub.evaluation.services import (
    evaluate_model,
    mark_stale,
    note_looks,
    start_decision,
    try_gate,
)
from evalhub.evaluation.showing import (
    csv_text,
    examples_by,
    label_of,
    slice_lines,
    slices_in_words,
)
from evalhub.evaluation.slicing import by_slice, slices_of
from evalhub.jobs import jobs
from evalhub.registry.models import LanguageModel
from evalhub.runs.models import Run
from evalhub.runs.services import start_training
from tests.evalhub.runs.scenes import base_model, built, without_torch
from tests.factories import ComparisonFactory, EvaluationFactory, PromptFactory, PromptGroupFactory

Row = dict[str, Any]


@pytest.fixture
def base(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    without_torch(monkeypatch)
    return base_model(erin.workspace, tmp_path)


@pytest.fixture
def builds(erin: Member) -> list[DatasetBuild]:
    return [built(erin.workspace, "sft"), built(erin.workspace, "preference")]


def measure(model: LanguageModel, builds: list[DatasetBuild], erin: Member) -> Evaluation:
    evaluation = evaluate_model(workspace=erin.workspace, model=model, builds=builds, by=erin)
    jobs.execute(evaluation.run.job.uid)
    evaluation.refresh_from_db()
    return evaluation


def compare(base: LanguageModel, builds: list[DatasetBuild], erin: Member) -> Comparison:
    run = start_training(workspace=erin.workspace, recipe="dpo", model=base, build=builds[1], by=erin)  # fmt: skip
    jobs.execute(run.job.uid)
    run.refresh_from_db()
    assert run.output_model is not None
    measure(base, builds, erin)
    return Comparison.objects.get(candidate=measure(run.output_model, builds, erin))


def answers(*values: tuple[str, float]) -> dict[str, list[Row]]:
    """One answer a group, with its ROUGE-1."""
    rows = [
        {"id": name, "group": name, "content": f"{name} {value}", "tokens": 4, "finish": "stop", "rouge1": value}
        for name, value in values
    ]  # fmt: skip
    return {"texts": [], "pairs": [], "predictions": rows}


def of_places(places: range, value: float, *, step: float = 0.0) -> list[tuple[str, float]]:
    return [(f"p{place}", value + step * (place % 3)) for place in places]


def test_a_slice_is_told_apart_from_the_whole() -> None:
    """In one slice of 12 groups all answers get better by 0.2 to 0.4, in the other by 0 on average."""
    before = answers(*of_places(range(24), 0.5))
    after = answers(
        *of_places(range(12), 0.7, step=0.1),
        *[(f"p{place}", 0.4 if place % 2 else 0.6) for place in range(12, 24)],
    )
    slices = {f"p{place}": {"language=de" if place < 12 else "language=en"} for place in range(24)}
    slices |= {f"p{place}": slices[f"p{place}"] | {"rare=yes"} for place in range(4)}
    found = by_slice(before, after, slices)

    assert [(each["slice"], each["groups"]) for each in found["slices"]] == [
        ("language=de", 12),
        ("language=en", 12),
    ]
    assert found["left_out"] == 1  # four groups tell nothing
    german, english = (each["metrics"]["rouge1"] for each in found["slices"])
    assert german["difference"] == pytest.approx(0.3)
    assert german["corrected"] == pytest.approx(2 * german["p"])  # Holm over two slices
    assert german["corrected"] < 0.001
    assert english["difference"] == pytest.approx(0)
    assert english["corrected"] > 0.5

    comparison = Comparison(by_slice=found)
    lines = slice_lines(comparison, "rouge1")
    assert [each.verdict for each in lines] == ["better", "no difference shown"]
    assert slices_in_words(lines, "rouge1") == "ROUGE-1: better on language=de; of 2 slices."


def test_less_perplexity_is_better_in_a_slice_too() -> None:
    def texts(nll: float) -> dict[str, list[Row]]:
        rows = [
            {"id": f"p{at}", "group": f"p{at}", "nll": nll + at % 2, "tokens": 10}
            for at in range(8)
        ]
        return {"texts": rows, "pairs": [], "predictions": []}

    slices = {f"p{place}": {"a=b"} for place in range(8)}
    before = texts(20.0)
    for row in before["texts"]:
        row["nll"] += int(row["id"][1:]) % 3
    (line,) = slice_lines(Comparison(by_slice=by_slice(before, texts(10.0), slices)), "perplexity")
    assert line.verdict == "better"
    assert line.whisker is not None
    assert line.whisker.low > 50  # right of the middle


def test_a_merged_groups_slices_are_its_roots(erin: Member) -> None:
    root = PromptGroupFactory.create(workspace=erin.workspace)
    merged = PromptGroupFactory.create(workspace=erin.workspace, merged_into=root, split="none")
    for group, slices in ((root, {"language": "de"}), (merged, {"domain": "law"})):
        PromptFactory.create(collection__workspace=erin.workspace, group=group, slices=slices)
    stranger = PromptFactory.create(slices={"language": "fr"})

    found = slices_of(erin.workspace, {str(root.uid), str(stranger.group.uid), "of nobody"})
    assert found == {str(root.uid): {"language=de", "domain=law"}}


def test_examples_are_sorted_by_change_gain_and_loss() -> None:
    before = answers(("up", 0.1), ("down", 0.9), ("same", 0.5))
    after = answers(("up", 0.6), ("down", 0.2), ("same", 0.5))
    prompts = {"up": {"prompt": [{"role": "user", "content": "Why?"}], "reference": "So."}}
    comparison = Comparison(examples=examples_of(before, after, prompts))

    assert comparison.examples[-1]["change"] == 0
    (gain,) = examples_by(comparison, "rouge1-gains")
    assert (gain.body["prompt"][0]["content"], gain.body["reference"]) == ("Why?", "So.")
    assert gain.told == "ROUGE-1: 0.100 became 0.600"
    (loss,) = examples_by(comparison, "rouge1-losses")
    assert loss.body["candidate"] == "down 0.2"


def test_a_difference_of_the_whole_set_has_its_p() -> None:
    """0.2 to 0.4 better in each of twelve groups; four groups say nothing."""
    before, after = answers(*of_places(range(12), 0.5)), answers(*of_places(range(12), 0.7, step=0.1))  # fmt: skip
    comparison = Comparison(metrics={"rouge1": compared(before, after)["rouge1"]})
    assert comparison.metrics["rouge1"]["p"] < 0.001
    assert [line.p for line in lines_of(comparison)] == ["below 0.001"]
    head, told = (line.strip().split(",") for line in csv_text(comparison))
    assert float(told[head.index("p")]) == comparison.metrics["rouge1"]["p"]
    few = compared(answers(*of_places(range(4), 0.5)), answers(*of_places(range(4), 0.7, step=0.1)))
    assert [line.p for line in lines_of(Comparison(metrics={"rouge1": few["rouge1"]}))] == [""]


def test_what_the_baseline_lacks_is_told_by_its_reason() -> None:
    """A base has no implicit reward; a plug-in's figure it could have, and was measured before."""
    alone = {"baseline": None, "candidate": 0.5, "difference": None, "low": None, "high": None, "smallest": None, "n": 4}  # fmt: skip
    metrics = {"implicit_reward_accuracy": alone, "plugin_thanks": alone}
    told = {line.label: line.verdict for line in lines_of(Comparison(metrics=metrics))}
    assert told == {
        "Implicit-reward accuracy": "adapters only",
        "thanks": "not measured on the baseline",
    }


def test_an_example_says_what_was_asked_and_what_is_right(erin: Member, client: Client) -> None:
    """A plain text, a conversation that no heading holds, and a choice by its letter."""
    long = "Why? " * 60
    prompts: dict[str, Row] = {
        "plain": {"prompt": "The capital of France is", "label": "Paris"},
        "turns": {
            "prompt": [
                {"role": "system", "content": "Be brief."},
                {"role": "assistant", "content": None, "tool_calls": []},
                {"role": "user", "content": long},
            ]
        },
        "choice": {
            "prompt": [{"role": "user", "content": "Which is red?"}],
            "choices": ["sky", "blood"],
            "label": "B",
        },
    }
    before, after = (answers(*[(key, value) for key in prompts]) for value in (0.1, 0.6))
    comparison = ComparisonFactory.create(
        workspace=erin.workspace, examples=examples_of(before, after, prompts)
    )
    told = {each.asked: each for each in examples_by(comparison, "rouge1-gains")}
    assert told["The capital of France is"].body["right"] == "Paris"
    assert told["Which is red?"].body["right"] == "blood"
    assert [each.is_longer for each in told.values()] == [each == long for each in told]

    client.force_login(erin.user)
    page = client.get(f"/w/acme/comparisons/{comparison.uid}/").content.decode()
    assert '<h3 dir="auto">The capital of France is</h3>' in page
    assert page.count("The whole prompt") == 1
    assert "Be brief." in page
    assert "Right: <strong>blood</strong>, of sky | blood" in page


def test_the_largest_loss_is_kept_where_most_texts_changed_more() -> None:
    """60 answers change wholly, one by a letter: that one lost most."""
    before = answers(*[(f"x{at}", 0.5) for at in range(60)], ("loser", 0.9))
    after = answers(*[(f"x{at}", 0.5) for at in range(60)], ("loser", 0.1))
    for at, row in enumerate(after["predictions"][:60]):
        row["content"] = "@" * (at + 1)
    kept = examples_of(before, after, {})
    assert len(kept) == 51
    assert kept[-1]["baseline"] == "loser 0.9"


def test_plug_ins_are_in_slices_and_examples_and_means_over_labels_are_of_no_single_answer() -> (
    None
):
    def told(value: float) -> dict[str, list[Row]]:
        tables = answers(*of_places(range(8), 0.5))
        for row in tables["predictions"]:
            row |= {
                "plugin_thanks": value,
                "labels": ["no", "yes"],
                "label": "yes",
                "said_label": "yes",
            }
        return tables

    slices = {f"p{place}": {"language=de"} for place in range(8)}
    (german,) = by_slice(told(0.0), told(1.0), slices)["slices"]
    assert german["metrics"]["plugin_thanks"]["difference"] == 1.0
    assert "macro_f1" in german["metrics"]
    values = examples_of(told(0.0), told(1.0), {})[0]["values"]
    assert values["plugin_thanks"] == (0.0, 1.0)
    assert values["accuracy"] == (1.0, 1.0)
    assert "macro_f1" not in values
    assert label_of("plugin_thanks") == "thanks"


def test_a_page_says_who_looked_and_what_many_looks_mean(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member, alice: Member, client: Client
) -> None:
    comparison = compare(base, builds, erin)
    try_gate(comparison=comparison, gate=Gate(), by=erin)
    address = f"/w/acme/comparisons/{comparison.uid}/"
    for member in (erin, erin, alice):
        client.force_login(member.user)
        assert client.get(address).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        note_looks(by=alice, digests=[comparison.candidate.set_digest])
    page = " ".join(client.get(address).content.decode().split())

    assert "Read on 3 days by 2 members" in page
    assert "1 model compared on it, 1 gate tried, 0 decisions made by it" in page
    assert "No other set was measured on before it." in page


def test_rivals_and_decisions_are_counted(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    first = compare(base, builds, erin)
    jobs.execute(start_decision(candidate=first.candidate, incumbent=None, gate=Gate()).uid)
    for _ in range(3):
        ComparisonFactory.create(
            workspace=erin.workspace,
            baseline=first.baseline,
            candidate__set_digest=first.candidate.set_digest,
        )
    looks = looks_at(erin.workspace, first.candidate.set_digest)
    assert (looks.looks, looks.rivals, looks.decisions) == (0, 4, 1)
    assert looks.chance == pytest.approx(1 - 0.975**4)


def test_the_api_and_its_lists_count_as_looks(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member, client: Client
) -> None:
    comparison = compare(base, builds, erin)
    client.force_login(erin.user)
    one = f"evaluations/{comparison.candidate.uid}"
    for path in ("evaluations", one, "comparisons", f"comparisons/{comparison.uid}"):
        Look.objects.all().delete()
        assert client.get(f"/api/v1/{path}?workspace=acme").status_code == 200
        assert Look.objects.get().set_digest == comparison.candidate.set_digest, path


def test_pages_of_models_and_runs_count_as_looks(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member, client: Client
) -> None:
    """They are of apps below, which send news; one of a build's training tells nothing of a set."""
    candidate = compare(base, builds, erin).candidate
    client.force_login(erin.user)
    run, other = candidate.run, Run.objects.exclude(recipe="evaluate").latest("pk")
    for path, looks in (
        ("/w/acme/models/", 1), (f"/w/acme/models/{candidate.model.uid}/", 1), (f"/w/acme/runs/{run.uid}/", 1),
        (f"/w/acme/runs/compare/?run={run.uid}&run={other.uid}", 1), (f"/w/acme/runs/{other.uid}/", 0),
        ("/api/v1/runs?workspace=acme", 1), (f"/api/v1/runs/{run.uid}", 1), (f"/api/v1/runs/{other.uid}", 0),
    ):  # fmt: skip
        jobs.deliver_waiting()
        Look.objects.all().delete()
        assert client.get(path).status_code == 200, path
        jobs.deliver_waiting()
        found = list(Look.objects.values_list("set_digest", "member"))
        assert found == [(candidate.set_digest, erin.pk)] * looks, path


def test_a_set_says_how_much_of_it_is_new(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    """The second set has five more groups than the first."""
    first = compare(base, builds, erin)
    wider = [built(erin.workspace, "sft", test=25), builds[1]]
    second = compare(base, wider, erin)
    assert first.fresh == {"groups": 20, "fresh": 20, "sets": 0}
    assert second.fresh == {"groups": 25, "fresh": 5, "sets": 1}


def test_it_is_taken_away_as_csv_and_json(erin: Member, client: Client) -> None:
    told = {"baseline": 0.5, "candidate": 0.6, "difference": 0.1, "low": 0.0, "high": 0.2,
            "smallest": 0.1, "n": 9, "groups": 9}  # fmt: skip
    comparison = ComparisonFactory.create(
        workspace=erin.workspace,
        metrics={"rouge1": told},
        by_slice={"slices": [{"slice": "=cmd|x", "groups": 9, "metrics": {"rouge1": told | {"p": 0.01, "corrected": 0.02}}}], "left_out": 0},
    )  # fmt: skip
    whole, slice_ = [line.split(",") for line in list(csv_text(comparison))[1:]]
    assert whole[:4] == ["rouge1", "higher", "", "0.5"]
    assert slice_[2] == "'=cmd|x"  # no formula
    assert slice_[-2:] == ["0.01", "0.02\r\n"]

    client.force_login(erin.user)
    answer = client.get(f"/w/acme/comparisons/{comparison.uid}/json/")
    assert json.loads(answer.content)["by_slice"]["slices"][0]["groups"] == 9
    assert "attachment" in answer.headers["Content-Disposition"]
    file = client.get(f"/w/acme/comparisons/{comparison.uid}/csv/")
    assert "attachment" in file.headers["Content-Disposition"]
    assert Look.objects.count() == 1


def test_what_was_measured_elsewhere_is_compared_with_nothing(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member
) -> None:
    """An incumbent of another set would win or lose by its rows."""
    comparison = compare(base, builds, erin)
    elsewhere = EvaluationFactory.create(
        workspace=erin.workspace, metrics={"loss": {"n": 1}}, set_digest="1" * 64
    )
    with pytest.raises(BaselineMissing, match=f"Evaluate “{elsewhere.model}” on .+ first"):
        start_decision(candidate=comparison.candidate, incumbent=elsewhere, gate=Gate(), by=erin)


def test_no_decision_without_the_base_on_the_same_set(erin: Member) -> None:
    alone = EvaluationFactory.create(
        workspace=erin.workspace,
        metrics={"loss": {"n": 1}},
        model__kind="adapter",
        model__parent=base_of(erin),
    )
    with pytest.raises(BaselineMissing, match="Evaluate “the base” on the same set with"):
        start_decision(candidate=alone, incumbent=None, gate=Gate(), by=erin)


def base_of(erin: Member) -> LanguageModel:
    return LanguageModel.objects.create(workspace=erin.workspace, name="the base", kind="base")


def test_a_stale_set_makes_later_evaluations_stale_and_the_page_says_so(
    base: LanguageModel, builds: list[DatasetBuild], erin: Member, client: Client
) -> None:
    """The base was measured before the merge, the adapter after it."""
    mark_stale(evaluations=[measure(base, builds, erin)], reason="The set holds a near-duplicate.")
    comparison = compare(base, builds, erin)

    assert comparison.candidate.stale_since is not None
    client.force_login(erin.user)
    page = client.get(f"/w/acme/comparisons/{comparison.uid}/").content.decode()
    assert page.count("The set holds a near-duplicate.") == 1
    assert "stale" in client.get("/w/acme/comparisons/").content.decode()
    listed = client.get("/api/v1/comparisons?workspace=acme").json()["results"]
    assert listed[0]["stale_because"] == ["The set holds a near-duplicate."]
