"""What a build's report says before anyone trains on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Task
from evalhub.common.canonical import canonical_bytes
from evalhub.common.errors import NotFound
from evalhub.common.files import file_store
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import lines_of
from evalhub.datasets.reading import Line, Lines
from evalhub.datasets.sending import start_sending_back
from evalhub.datasets.sightings import finding_page
from evalhub.jobs.jobs import execute
from evalhub.jobs.models import Job
from evalhub.judgments.models import ReturnedJudgment
from evalhub.prompts.models import Completion, Prompt
from evalhub.runs.errors import BlockedByFindings
from evalhub.runs.services import start_training
from tests.evalhub.datasets.conftest import Build
from tests.evalhub.datasets.test_kinds import rate
from tests.factories import JudgmentFactory, LanguageModelFactory, PreferenceFactory, TaskFactory

pytestmark = pytest.mark.django_db


def findings(build: DatasetBuild) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in build.manifest["report"]["findings"]}


def more(compared: list[Task], n: int) -> list[Task]:
    """So many more compared prompts, all for training."""
    tasks = [TaskFactory.create(campaign=compared[0].campaign) for _ in range(n)]
    for task in tasks:
        task.prompt.group.split = "train"
        task.prompt.group.save()
        PreferenceFactory.create(judgment=JudgmentFactory.create(task=task), margin=1)
    return tasks


def test_a_set_of_eight_rows_blocks_and_one_of_twelve_is_told_that_it_is_small(
    compared: list[Task], build: Build
) -> None:
    assert findings(build())["nothing_to_learn"]["level"] == "blocks"
    more(compared, 4)
    found = findings(build())
    assert "nothing_to_learn" not in found
    assert found["few_rows"]["told"] == "12 training rows"
    assert found["few_to_watch"]["told"] == "1 validation rows"


def test_keys_block_unless_they_are_masked_and_mail_is_a_caution(
    compared: list[Task], build: Build
) -> None:
    more(compared, 4)
    answer = compared[0].completions.get(placed__place=0)
    Completion.objects.filter(pk=answer.pk).update(
        content="Take AKIAIOSFODNN7EXAMPLE, or write to kim@example.org."
    )
    made = build()
    found = findings(made)
    assert found["secrets"]["level"] == "blocks"
    assert (found["personal"]["level"], found["personal"]["rows"]) == ("caution", 1)
    [line] = [each for each in lines_of(made, "findings.jsonl") if each["finding"] == "secrets"]
    assert [line["row"]] == found["secrets"]["examples"]
    assert made.manifest["report"]["blocks"] == ["secrets"]
    masked = findings(build(cleaning={"personal": "mask"}))
    assert not {"secrets", "personal"} & masked.keys()


def test_the_longer_one_always_wins(compared: list[Task], build: Build) -> None:
    for task in [*compared, *more(compared, 20)]:
        winner = task.completions.get(placed__place=0)
        Completion.objects.filter(pk=winner.pk).update(
            content=f"a much longer answer {winner.pk} " * 3
        )
    made = build()
    length = made.manifest["report"]["length"]
    assert (length["chosen_longer"], length["auc"], length["pairs"]) == (1, 1, 30)
    assert 0.85 < length["low"] < 1, "Wilson: 30 of 30"
    assert findings(made)["length"]["level"] == "caution"


def test_votes_against_ratings_doubts_and_single_judgments(
    compared: list[Task], build: Build
) -> None:
    rate(compared[0], 0, 1)
    rate(compared[0], 1, 5)
    for margin in (2, -1):
        PreferenceFactory.create(judgment=JudgmentFactory.create(task=compared[1]), margin=margin)
    made = build()
    found = findings(made)
    assert found["rated_lower"]["rows"] == 1
    assert found["unsure"]["rows"] == 1, "two of three"
    assert found["one_judgment"]["rows"] == 9
    assert made.manifest["report"]["label_noise"] == {"expected": 0.0333, "pairs": 10}


def test_a_lopsided_set_is_told(compared: list[Task], build: Build) -> None:
    more(compared, 4)
    rate(compared[0], 0, 5)
    made = build("unpaired", evidence=["ratings", "preferences"], max_rating=1)
    assert made.manifest["report"]["classes"]["label"] == {"good": 14, "bad": 14}
    for task in compared:
        rate(task, 1, 5)
    assert findings(build("unpaired"))["lopsided"]["told"].startswith("86% of the rows")


def test_nobody_trains_on_what_blocks_without_saying_why(
    compared: list[Task], build: Build, erin: Member, acme: Workspace, tmp_path: Any
) -> None:
    made = build()
    base = LanguageModelFactory.create(workspace=acme, source=str(tmp_path))
    with pytest.raises(BlockedByFindings, match=r"next to nothing to learn from .8 training rows"):
        start_training(workspace=acme, recipe="dpo", model=base, build=made, by=erin)
    run = start_training(
        workspace=acme, recipe="dpo", model=base, build=made, by=erin, despite="a smoke test"
    )
    entry = Entry.objects.get(verb="run.started_despite", target=f"run {run.uid}")
    assert entry.details["despite"] == "a smoke test"
    assert entry.details["findings"] == ["nothing_to_learn"]


def test_a_lead_sends_what_is_doubted_back_to_who_said_it(
    compared: list[Task], build: Build, alice: Member, erin: Member, client: Client
) -> None:
    rate(compared[0], 0, 1)
    rate(compared[0], 1, 5)
    made = build()
    page = f"/w/acme/builds/{made.uid}/findings/rated_lower/"
    client.force_login(erin.user)
    assert "Send back" not in client.get(page).text, "an engineer looks"
    assert client.post(page, {"reason": "x"}).status_code == 403
    client.force_login(alice.user)
    shown = client.get(page).text
    assert compared[0].prompt.messages[-1]["content"][:40] in shown
    assert "This field is required" in client.post(page).text

    answer = client.post(page, {"reason": "Votes and ratings differ."})

    job = Job.objects.get(kind="datasets.send_back")
    assert answer.headers["Location"] == f"/w/acme/jobs/{job.uid}/"
    execute(job.uid)
    job.refresh_from_db()
    assert job.result == {"rows": 1, "returned": 1, "passed_over": 0}
    returned = ReturnedJudgment.objects.get()
    assert (returned.judgment.task, returned.reason) == (compared[0], "Votes and ratings differ.")
    client.force_login(returned.judgment.member.user)
    assert "Votes and ratings differ." in client.get("/w/acme/my-work/returned/").text
    execute(start_sending_back(build=made, finding="rated_lower", reason="x", by=alice).uid)
    assert Job.objects.filter(result__passed_over=1).exists(), "it is on its way already"
    with pytest.raises(NotFound):
        start_sending_back(build=made, finding="few_rows", reason="x", by=alice)


def test_each_page_of_a_finding_reads_its_own_lines_alone(
    compared: list[Task], build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    rate(compared[0], 0, 1)
    rate(compared[0], 1, 5)
    made = build()
    read: list[Line] = []
    from_place = Lines.from_place

    def counted(self: Lines, place: int) -> Iterator[Line]:
        for line in from_place(self, place):
            read.append(line)
            yield line

    monkeypatch.setattr(Lines, "from_place", counted)
    finding, place = findings(made)["one_judgment"], 0
    seen: list[str] = []
    costs: list[int] = []
    while True:
        read.clear()
        page = finding_page(made, finding, place=place, size=2)
        costs.append(len([each for each in read if "finding" in each.body]))
        seen += [each.row["id"] for each in page.rows]
        if page.following is None:
            break
        place = page.following
    lines = lines_of(made, "findings.jsonl")
    assert seen == [each["row"] for each in lines if each["finding"] == "one_judgment"]
    assert len(seen) == finding["rows"] == 10
    assert max(costs) == 3  # the page, and whether there is more
    [alone] = finding_page(made, findings(made)["rated_lower"]).rows
    assert alone.lineage["prompt"] == str(compared[0].prompt.uid)


def test_a_build_of_earlier_days_still_tells_its_findings(
    compared: list[Task], build: Build, tmp_path: Path
) -> None:
    """Then all findings of a row stood together."""
    rate(compared[0], 0, 1)
    rate(compared[0], 1, 5)
    made = build()
    old = sorted(lines_of(made, "findings.jsonl"), key=lambda each: (each["row"], each["finding"]))
    path = tmp_path / "findings.jsonl"
    path.write_bytes(b"".join(canonical_bytes(each) + b"\n" for each in old))
    made.files["findings.jsonl"]["key"] = file_store().put(path).key
    finding = dict(findings(made)["one_judgment"])
    del finding["at"]
    first = finding_page(made, finding, size=5)
    second = finding_page(made, finding, size=5, place=first.following or 0)
    assert (len(first.rows), len(second.rows), second.following) == (5, 5, None)


def test_the_page_of_a_finding_says_which_rows_and_goes_on(
    compared: list[Task], build: Build, erin: Member, client: Client
) -> None:
    more(compared, 20)
    made = build()
    client.force_login(erin.user)
    page = f"/w/acme/builds/{made.uid}/findings/one_judgment/"
    first = client.get(page)
    assert "Rows 1 to 20 of 30" in first.text
    following = first.context["following"]
    second = client.get(page, {"at": following, "shown": 20}).text
    assert "Rows 21 to 30 of 30" in second
    assert "Next" not in second
    assert "Rows 1 to 20" in client.get(page, {"at": "x", "shown": "-1"}).text


def test_the_page_of_a_build_tells_what_to_do(
    compared: list[Task], build: Build, erin: Member, client: Client
) -> None:
    client.force_login(erin.user)
    Prompt.objects.filter(pk=compared[0].prompt_id).update(slices={"language": "de"})
    made = build(parts=[{"name": "law"}], balance="language")
    page = client.get(f"/w/acme/builds/{made.uid}/").text
    assert "There is next to nothing to learn from" in page
    assert "judge more prompts first".capitalize() in page
    assert "0.0% of the pairs are expected" in page
    assert "The rest" in page
    assert "Balanced by language" in page
