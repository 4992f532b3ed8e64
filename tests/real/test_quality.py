"""Real people's judgments through the product: figures as each EXPECTED.json has them, everywhere."""

from __future__ import annotations

import json
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.common.canonical import digest_of
from evalhub.imports.models import Import, ImportKind
from evalhub.imports.services import start_import
from evalhub.jobs import jobs
from evalhub.judgments.models import Judgment, Span
from evalhub.quality.fits import consensus_of
from evalhub.quality.settling import answered, settle
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
    """The report's questions; the command, the API and the job that the page shows say the same."""
    campaign = Campaign.objects.get(origin="imported")
    report = start_report(campaign=campaign, kind=ReportKind(kind), by=member)
    jobs.execute(report.job.uid)
    report.refresh_from_db()
    out = StringIO()
    call_command("report", kind, "--campaign", str(campaign.uid), "--json", stdout=out)
    assert digest_of(json.loads(out.getvalue())) == digest_of(report.body)
    answer = api_of(member).get(f"/api/v1/campaigns/{campaign.uid}/{kind}").json()
    assert digest_of(answer["body"]) == digest_of(report.body)
    return {each["question"]: each for each in report.body["questions"]}


def page_of(kind: str, member: Member) -> str:
    campaign = Campaign.objects.get(origin="imported")
    client = Client()
    client.force_login(member.user)
    slug = member.workspace.slug
    return client.get(f"/w/{slug}/campaigns/{campaign.uid}/{kind}/").content.decode()


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


def test_factuality_of_summaries(alice: Member, tmp_path: Path) -> None:
    wanted = expected("xsum_hallucination")
    rubric(alice, "summaries", {"factual": {"kind": "yes_no", "low": 0, "high": 1}})
    source = read_in(alice, *as_jsonl.factuality(tmp_path))
    assert (source.counts["new"], source.counts["rejected"]) == (wanted["factuality_rows"], 0)
    found = everywhere("agreement", alice)["factual"]
    assert found["alpha"]["value"] == pytest.approx(wanted["factuality_alpha_nominal"], abs=1e-5)
    assert found["missing"] == 33
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
    assert counts["new"] > 0.9 * len(sent)
    texts = {row["id"]: row["spans"][0]["text"] for row in sent}
    stored = Span.objects.select_related("judgment", "completion")
    assert stored.count() == counts["new"]
    for span in stored:
        assert span.completion.content[span.start : span.end] == texts[span.judgment.external_id]
    told = Counter(
        "nowhere" if "does not stand in the response" in row.reason else "several"
        for row in source.rejected.all()
    )
    assert sum(told.values()) == counts["rejected"]
    assert told["nowhere"] == 39
    assert counts["relocated_spans"] > 0


def test_a_crowd_that_labels(alice: Member, tmp_path: Path) -> None:
    wanted = expected("crowd_dev")["bm"]
    rubric(alice, "labels", {"positive": {"kind": "yes_no", "low": 0, "high": 1}})
    prompts, judgments, truth = as_jsonl.labels(tmp_path)
    source = read_in(alice, prompts, judgments)
    assert (source.counts["new"], source.counts["rejected"]) == (wanted["labels"], 0)
    found = everywhere("reliability", alice)["positive"]
    assert (found["consensus"]["units"], len(found["people"])) == (
        wanted["items"],
        wanted["workers"],
    )
    assert f">{found['people'][0]['annotator']}</a>" in page_of("reliability", alice)

    campaign = Campaign.objects.get(origin="imported")
    settled = settle(campaign)
    assert settled is not None
    [asked] = answered(campaign)
    consensus = consensus_of(asked, settled.fit.questions[str(asked.criterion)])
    item_of = dict(
        Judgment.objects.filter(campaign=campaign).values_list(
            "task_id", "task__prompt__external_id"
        )
    )
    unit = dict(zip(asked.unit_R.tolist(), asked.task_R.tolist(), strict=True))
    right = np.mean([consensus.answer_U[at] == truth[item_of[task]] for at, task in unit.items()])
    accuracy = wanted["accuracy_crowdkit_1.4.2"]
    assert right > accuracy["MV"]
    assert right == pytest.approx(accuracy["DawidSkene"], abs=0.015)
