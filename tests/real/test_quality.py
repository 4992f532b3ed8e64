"""Real people's judgments through the product: figures as each EXPECTED.json has them, everywhere."""

from __future__ import annotations

import ast
import json
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.common.canonical import digest_of
from evalhub.imports.models import Import, ImportKind
from evalhub.imports.services import start_import
from evalhub.jobs import jobs
from evalhub.judgments.body import Answers, RatingGiven
from evalhub.judgments.models import Judgment, Span
from evalhub.judgments.services.expert import set_expert_answer
from evalhub.reports.choices import ReportKind
from evalhub.reports.services import start_report
from tests import factories as make
from tests.evalhub.reports.test_pages_api_and_command import api_of
from tests.real import as_jsonl
from tests.real.conftest import real_file

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def expected(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(real_file(f"{folder}/EXPECTED.json").read_text())
    return found


def read_in(member: Member, prompts: Path, judgments: Path) -> Import:
    for path, kind in ((prompts, ImportKind.PROMPTS), (judgments, ImportKind.JUDGMENTS)):
        with path.open("rb") as stream:
            source = start_import(
                workspace=member.workspace,
                collection="real",
                kind=kind,
                filename=path.name,
                stream=stream,
                by=member,
            )
        jobs.execute(source.job.uid)
        source.refresh_from_db()
    return source


def rubric(member: Member, slug: str, criteria: dict[str, dict[str, Any]], **more: Any) -> None:
    version = make.RubricVersionFactory.create(
        rubric__workspace=member.workspace, rubric__slug=slug, **more
    )
    for position, (name, values) in enumerate(criteria.items()):
        make.CriterionFactory.create(version=version, slug=name, position=position, **values)


def everywhere(kind: str, member: Member) -> dict[str, Any]:
    """The report's questions."""
    return {each["question"]: each for each in body_of(kind, member)["questions"]}


def body_of(kind: str, member: Member) -> dict[str, Any]:
    """The report; the command, the API and the job that the page shows say the same."""
    campaign = Campaign.objects.get(origin="imported")
    report = start_report(campaign=campaign, kind=ReportKind(kind), by=member)
    jobs.execute(report.job.uid)
    report.refresh_from_db()
    out = StringIO()
    call_command("report", kind, "--campaign", str(campaign.uid), "--json", stdout=out)
    assert digest_of(json.loads(out.getvalue())) == digest_of(report.body)
    answer = api_of(member).get(f"/api/v1/campaigns/{campaign.uid}/{kind}").json()
    assert digest_of(answer["body"]) == digest_of(report.body)
    found: dict[str, Any] = report.body
    return found


def tasks_in_progress(member: Member) -> int:
    """How many things were judged, as the command, the API and the page have it."""
    campaign = Campaign.objects.get(origin="imported")
    out = StringIO()
    call_command("report", "progress", "--campaign", str(campaign.uid), "--json", stdout=out)
    told: int = json.loads(out.getvalue())["tasks"]
    assert api_of(member).get(f"/api/v1/campaigns/{campaign.uid}/progress").json()["tasks"] == told
    assert f"{told:,}" in page_of("", member)
    return told


def page_of(kind: str, member: Member) -> str:
    campaign = Campaign.objects.get(origin="imported")
    client = Client()
    client.force_login(member.user)
    slug = member.workspace.slug
    return client.get(
        f"/w/{slug}/campaigns/{campaign.uid}/{kind}{'/' * bool(kind)}"
    ).content.decode()


def test_recipes(alice: Member, tmp_path: Path) -> None:
    wanted = expected("recipes_likert")
    rubric(alice, "recipes", {name: {"low": 1, "high": 6} for name in as_jsonl.CRITERIA})
    source = read_in(alice, *as_jsonl.recipes(tmp_path))
    assert (source.counts["new"], source.counts["rejected"]) == (wanted["rows"], 0)
    found = everywhere("agreement", alice)
    page = page_of("agreement", alice)
    for name in as_jsonl.CRITERIA:
        alpha = found[name]["alpha"]
        assert alpha["value"] == pytest.approx(wanted[name]["alpha_ordinal"], abs=1e-5)
        assert found[name]["alphas"]["interval"] == pytest.approx(
            wanted[name]["alpha_interval"], abs=1e-5
        )
        assert alpha["low"] < alpha["value"] < alpha["high"]
        assert f"<b>{alpha['value']:.3f}</b>" in page
        assert len(found[name]["people"]) == wanted["participants"]
        assert found[name]["units"] == wanted["items"]
        assert [each["answer"] for each in found[name]["values"]] == [
            str(each) for each in range(wanted["scale"][0], wanted["scale"][1] + 1)
        ]
    assert sum(each["answers"] for each in found.values()) == wanted["total_ratings"]


def test_mean_scores_of_recipes_by_their_wording(alice: Member, tmp_path: Path) -> None:
    """Over all and by condition, which are the models of the file."""
    wanted = expected("recipes_likert")
    rubric(alice, "recipes", {name: {"low": 1, "high": 6} for name in as_jsonl.CRITERIA})
    read_in(alice, *as_jsonl.recipes(tmp_path))
    found, page = everywhere("bias", alice), page_of("bias", alice)
    for name in as_jsonl.CRITERIA:
        rows = {row["model"]: row for row in found[name]["rows"] if row["by"] == "model"}
        assert rows[None]["value"] == pytest.approx(wanted[name]["mean"], abs=1e-6)
        assert rows.keys() - {None} == wanted["mean_by_condition"].keys()
        for condition, means in wanted["mean_by_condition"].items():
            row = rows[condition]
            assert row["value"] == pytest.approx(means[name], abs=1e-4)
            assert f"{row['value']:.3f}" in page
            if condition in ("coherence", "grammaticality"):  # of one recipe: none is left out
                assert row["low"] is row["high"] is None
            else:
                assert row["low"] < row["value"] < row["high"]


def test_factuality_of_summaries(alice: Member, tmp_path: Path) -> None:
    wanted = expected("xsum_hallucination")
    rubric(alice, "summaries", {"factual": {"kind": "yes_no", "low": 0, "high": 1}})
    source = read_in(alice, *as_jsonl.factuality(tmp_path))
    assert (source.counts["new"], source.counts["rejected"]) == (wanted["factuality_rows"], 0)
    found = everywhere("agreement", alice)["factual"]
    assert found["alpha"]["value"] == pytest.approx(wanted["factuality_alpha_nominal"], abs=1e-5)
    assert found["missing"] == 33
    assert found["answers"] + found["missing"] == wanted["factuality_rows"]
    assert tasks_in_progress(alice) == wanted["factuality_items"]
    assert found["units"] == wanted["factuality_items"] - 11  # of which nobody could tell
    assert len(found["people"]) == len(wanted["workers"])
    told = {each["answer"]: each["n"] for each in found["values"]}
    assert str(told | {"nan": found["missing"]}).replace("'nan'", "nan") == wanted["labels"]
    assert ">4,982<" in page_of("agreement", alice)
    assert f"<b>{found['alpha']['value']:.3f}</b>" in page_of("agreement", alice)


def test_spans_with_dirty_offsets_are_put_right_or_reported_never_guessed(
    alice: Member, tmp_path: Path
) -> None:
    kinds = [{"slug": name, "name": name, "description": ""} for name in ("extrinsic", "intrinsic")]
    rubric(alice, "summaries", {}, error_types=kinds)
    prompts, judgments = as_jsonl.hallucinations(tmp_path)
    source = read_in(alice, prompts, judgments)
    sent = [json.loads(line) for line in judgments.read_text("utf-8").splitlines()]
    counts = source.counts
    assert counts["new"] + counts["rejected"] == len(sent)
    wanted = expected("xsum_hallucination")
    assert len(sent) == wanted["span_rows"]
    assert counts["new"] > 0.9 * len(sent)
    texts = {row["id"]: row["spans"][0]["text"] for row in sent if "spans" in row}
    stored = Span.objects.select_related("judgment", "completion")
    assert stored.count() == len(texts) - counts["rejected"]
    for span in stored:
        assert span.completion.content[span.start : span.end] == texts[span.judgment.external_id]
    told = Counter(
        "nowhere" if "does not stand in the response" in row.reason else "several"
        for row in source.rejected.all()
    )
    assert sum(told.values()) == counts["rejected"]
    assert told["nowhere"] == 39
    assert counts["relocated_spans"] > 0
    spans_in_the_report(alice, wanted, sent, rejected=counts["rejected"])


def spans_in_the_report(
    member: Member, wanted: dict[str, Any], sent: list[dict[str, Any]], *, rejected: int
) -> None:
    """Passages by their type, those included that could not be placed, and what was judged at all."""
    told = body_of("bias", member)["hallucination"]
    placed = {each["error_type"]: each["passages"] for each in told["types"]}
    assert sum(placed.values()) + rejected == sum("spans" in row for row in sent)
    types = ast.literal_eval(wanted["span_types"].replace("nan", "'none'"))
    for name in as_jsonl.TYPES:
        without_passage = sum(row.get("critique") == name for row in sent)
        assert types[name] - without_passage - rejected <= placed[name] <= types[name]
    assert sum(row.get("critique") == "NULL" for row in sent) == types["none"]
    taken = set(Judgment.objects.values_list("external_id", flat=True))
    items = {(row["prompt"], *row["responses"]) for row in sent}
    assert len(items) == wanted["span_items"]
    placed_items = {(row["prompt"], *row["responses"]) for row in sent if row["id"] in taken}
    assert tasks_in_progress(member) == len(placed_items) > 0.99 * len(items)
    assert sum(each["n"] + each["missing"] for each in told["models"]) == len(placed_items)
    assert [each["model"] for each in told["models"]] == wanted["systems"]
    page = page_of("bias", member)
    for each in told["types"]:
        assert f">{each['passages']:,}<" in page


def test_a_crowd_that_labels(alice: Member, tmp_path: Path) -> None:
    wanted = expected("crowd_dev")["bm"]
    rubric(alice, "labels", {"positive": {"kind": "yes_no", "low": 0, "high": 1}})
    prompts, judgments, _truth = as_jsonl.labels(tmp_path)
    source = read_in(alice, prompts, judgments)
    assert (source.counts["new"], source.counts["rejected"]) == (wanted["labels"], 0)
    found = everywhere("reliability", alice)["positive"]
    assert (found["consensus"]["units"], len(found["people"])) == (
        wanted["items"],
        wanted["workers"],
    )
    assert f">{found['people'][0]['annotator']}</a>" in page_of("reliability", alice)

    told = everywhere("agreement", alice)["positive"]
    assert [each["n"] for each in told["values"]] == list(wanted["label_counts"].values())


def test_the_consensus_of_a_crowd_by_the_gold_in_the_file(alice: Member, tmp_path: Path) -> None:
    """As often right as crowd-kit has it, of the majority to the last item."""
    wanted = expected("crowd_dev")["bm"]["accuracy_crowdkit_1.4.2"]
    rubric(alice, "labels", {"positive": {"kind": "yes_no", "low": 0, "high": 1}})
    prompts, judgments, truth = as_jsonl.labels(tmp_path)
    read_in(alice, prompts, judgments)
    campaign = Campaign.objects.get(origin="imported")
    for task in campaign.tasks.select_related("prompt", "campaign__workspace"):
        value = truth[task.prompt.external_id]
        given = RatingGiven(response="A", criterion="positive", value=value)
        answers = Answers(ratings=[given])
        set_expert_answer(task=task, answers=answers, reason="", kind="gold", by=alice)
    gold = everywhere("reliability", alice)["positive"]["gold"]
    assert gold["majority"]["value"] == pytest.approx(wanted["MV"])
    assert (gold["majority"]["n"], gold["undecided"]) == (len(truth), 0)
    assert gold["consensus"]["value"] == pytest.approx(wanted["DawidSkene"], abs=0.015)
    assert gold["consensus"]["value"] > wanted["MV"]
    for each in (gold["majority"], gold["consensus"]):
        assert each["low"] < each["value"] < each["high"]
    page = page_of("reliability", alice)
    assert "Right by gold" in page
    assert f"{round(100 * gold['consensus']['value'])}" in page
