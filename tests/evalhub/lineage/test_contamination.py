"""Looking for a build's texts in a set that somebody names."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.campaigns.models import Task
from evalhub.evaluation.benchmarks import add_benchmark
from evalhub.jobs.jobs import execute
from evalhub.lineage import contamination
from evalhub.lineage.models import ContaminationCheck
from evalhub.lineage.overlaps import PROMPT, Index, Text, grams_of, texts_of
from evalhub.prompts.models import Completion, Prompt
from tests.evalhub.lineage.conftest import Build

LONG = " ".join(f"word{n}" for n in range(40))


def test_thirteen_words_in_a_row_are_enough_and_twelve_are_not() -> None:
    words = LONG.split()
    index = Index([Text("answer", LONG)])

    shared = index.look(Text("chosen", " ".join(["x"] * 13 + words[5:18])))
    assert shared is not None
    assert (shared.how, shared.text, shared.share) == ("13-gram", 0, round(1 / 14, 3))
    assert index.look(Text("chosen", " ".join(["x"] * 13 + words[5:17] + ["y"]))) is None
    whole = index.look(Text("chosen", LONG.upper().replace(" ", ",  ")))
    assert whole is not None
    assert whole.share == 1.0


def test_short_texts_must_be_the_same_as_a_whole() -> None:
    index = Index([Text(PROMPT, "Why is the sky blue?"), Text("answer", "Yes.")])

    hit = index.look(Text("chosen", "why is the sky BLUE"))
    assert hit is not None
    assert hit.how == "whole"
    assert index.look(Text("chosen", "why is the sea blue")) is None
    assert index.look(Text("chosen", "Yes.")) is None  # says nothing


def test_near_prompts_are_found_by_their_shingles() -> None:
    """Twelve words are ten shingles; another last word leaves nine of eleven: 0.818."""
    words = ["how", "do", "I", "bake", "a", "rye", "bread", "at", "home", "without", "any", "yeast"]
    index = Index([Text("answer", "x"), Text(PROMPT, " ".join(words))])

    hit = index.look(Text(PROMPT, " ".join([*words[:-1], "salt"])))

    assert hit is not None
    assert (hit.how, hit.text, hit.share) == ("near", 1, 0.818)
    assert index.look(Text("chosen", " ".join([*words[:-1], "salt"]))) is None
    assert (
        index.look(
            Text(PROMPT, " ".join([*words[:6], *["cake", "in", "town", "with", "much", "joy"]]))
        )
        is None
    )


def test_a_conversation_is_one_text_and_ids_are_none() -> None:
    row = {
        "id": "an id that is long enough to be a text",
        "prompt": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
        "chosen": [{"role": "assistant", "content": "Well"}],
        "weight": 1.0,
    }

    assert texts_of(row) == [Text(PROMPT, "Hi\nHo"), Text("chosen", "Well")]
    assert grams_of("")[1] is None


pytestmark = pytest.mark.django_db


@pytest.fixture
def planted(compared: list[Task], tmp_path: Path) -> Path:
    """A benchmark that has a test prompt of ours, and an answer that we train on."""
    test, train = compared[-1], compared[0]
    Prompt.objects.filter(pk=test.prompt.pk).update(
        messages=[{"role": "user", "content": f"Please explain {LONG}"}]
    )
    Completion.objects.filter(pk=train.completions.order_by("pk")[0].pk).update(
        content=f"So {LONG[:160]}"
    )
    path = tmp_path / "bench.jsonl"
    rows = [{"question": "What else?"}, {"question": f"Please explain {LONG}", "answer": "No"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_command_counts_by_split_and_says_where(build: Build, planted: Path) -> None:
    made, out = build(), io.StringIO()

    call_command("check_contamination", build=str(made.uid), against=planted, json=True, stdout=out)

    found = json.loads(out.getvalue())
    assert found["contaminated"] == {"train": 1, "validation": 0, "test": 1}
    assert {pair["in"] for pair in found["pairs"]} == {"line 2"}
    assert {(pair["split"], pair["where"]) for pair in found["pairs"]} == {
        ("test", "prompt"),
        ("train", "chosen"),
    }
    planted.write_text("no json\n")
    with pytest.raises(CommandError, match="Line 1"):
        call_command("check_contamination", build=str(made.uid), against=planted)
    with pytest.raises(CommandError, match="no collection"):
        call_command("check_contamination", build=str(made.uid), collection="nope")


def test_a_large_set_is_looked_at_part_by_part(
    build: Build, planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, whole, parts = build(), io.StringIO(), io.StringIO()
    named = {"build": str(made.uid), "against": planted, "json": True}
    call_command("check_contamination", **named, stdout=whole)
    monkeypatch.setattr(contamination, "AT_A_TIME", 1)

    call_command("check_contamination", **named, stdout=parts)

    one, other = json.loads(whole.getvalue()), json.loads(parts.getvalue())
    assert one.pop("check") != other.pop("check")
    assert one == other


def test_by_page_and_api_against_a_collection_and_a_build(
    client: Client, erin: Member, build: Build, planted: Path, compared: list[Task]
) -> None:
    made, other = build(), build("sft")
    client.force_login(erin.user)
    url = f"/w/acme/builds/{made.uid}/contamination/"
    assert client.post(url, {}).status_code == 422
    upload = SimpleUploadedFile("<b>.jsonl", planted.read_bytes())
    answer = client.post(url, {"file": upload})
    assert "every 2s" in client.get(answer.headers["Location"]).text
    execute(ContaminationCheck.objects.get().job.uid)
    page = client.get(answer.headers["Location"]).text
    assert "&lt;b&gt;.jsonl" in page
    assert "line 2" in page
    assert "&lt;b&gt;.jsonl" in client.get(f"/w/acme/builds/{made.uid}/").text

    api = APIClient(headers={"Authorization": f"Bearer {create_token(member=erin, name='t').text}"})
    path = f"/api/v1/builds/{made.uid}/contamination"
    for against in ({"collection": "faq"}, {"build": str(other.uid)}):
        assert api.post(path, against, format="json").status_code == 202
    for check in ContaminationCheck.objects.filter(result={}):
        execute(check.job.uid)
    results = [each["result"]["contaminated"]["test"] for each in api.get(path).json()]
    assert results == [1, 1, 1]
    assert api.post(path, {}, format="json").status_code == 400


def test_a_benchmark_is_a_set_by_its_name(
    client: Client, erin: Member, build: Build, planted: Path
) -> None:
    """Its prompt is one of ours; by page, API and command."""
    rows = planted.read_bytes().replace(b"question", b"prompt").replace(b"answer", b"reference")
    benchmark = add_benchmark(
        workspace=erin.workspace, name="Words 1", stream=io.BytesIO(rows), by=erin
    )
    made, out = build(), io.StringIO()
    client.force_login(erin.user)
    client.post(f"/w/acme/builds/{made.uid}/contamination/", {"benchmark": benchmark.uid})
    api = APIClient(headers={"Authorization": f"Bearer {create_token(member=erin, name='t').text}"})
    path = f"/api/v1/builds/{made.uid}/contamination"
    assert api.post(path, {"benchmark": "Words 1"}, format="json").status_code == 202
    assert api.post(path, {"benchmark": "Words 2"}, format="json").json()["code"] == "bad_set"
    for check in ContaminationCheck.objects.all():
        execute(check.job.uid)
    call_command("check_contamination", build=made.uid, benchmark="Words 1", json=True, stdout=out)

    told = [each["result"] for each in api.get(path).json()]
    assert len(told) == 3
    assert {each["contaminated"]["test"] for each in told} == {1}
    assert {pair["field"] for each in told for pair in each["pairs"]} == {"prompt"}
    assert json.loads(out.getvalue())["contaminated"] == {"train": 1, "validation": 0, "test": 1}
