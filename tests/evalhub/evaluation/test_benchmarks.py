"""A file becomes a frozen set, by page, API and command; models are measured on it as on a build."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.evaluation.benchmark_file import read_benchmark
from evalhub.evaluation.benchmarks import add_benchmark
from evalhub.evaluation.errors import BadBenchmark, BaselineMissing, NothingToMeasure
from evalhub.evaluation.models import Benchmark, Comparison, Evaluation
from evalhub.evaluation.reading import sentence
from evalhub.evaluation.services import evaluate_model, evaluate_named
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import add_adapter
from evalhub.runs.inputs import read_rows
from tests.evalhub.loops.scenes import work_off
from tests.evalhub.runs.scenes import base_model, built, without_torch
from tests.factories import LanguageModelFactory

CSV = b"""id,prompt,reference,label,choices,schema,pattern
a,Capital of France?,Paris,,,,^P
b,Which is red?,,B,"[""sky"", ""blood""]",,
c,Say it in JSON,,,,"{""type"": ""object""}",
d,I love it,,positive,,,
"""


def read(text: bytes, *, plain: bool = False) -> list[dict[str, Any]]:
    return read_benchmark(io.BytesIO(text), plain=plain)


def faults(text: bytes) -> list[tuple[int, str]]:
    with pytest.raises(BadBenchmark) as caught:
        read(text)
    rows: Any = caught.value.data["rows"]
    return [(each["row"], each["field"]) for each in rows]


def added(erin: Member, text: bytes = CSV, name: str = "capitals") -> Benchmark:
    return add_benchmark(workspace=erin.workspace, name=name, stream=io.BytesIO(text), by=erin)


def test_a_table_and_lines_give_the_same_rows() -> None:
    rows = read(CSV)
    assert rows[0] == {
        "id": "a",
        "group": "a",
        "prompt": [{"role": "user", "content": "Capital of France?"}],
        "reference": "Paris",
        "pattern": "^P",
    }
    assert rows[1]["choices"] == ["sky", "blood"]
    assert rows[2]["schema"] == {"type": "object"}
    assert read("\n".join(map(json.dumps, rows)).encode()) == rows


def test_a_plain_prompt_stays_text_and_ids_are_numbers() -> None:
    (row,) = read(b'{"prompt": "2 + 2 =", "reference": 4}', plain=True)
    assert row == {"id": "1", "group": "1", "prompt": "2 + 2 =", "reference": "4"}


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"reference": "x"}, "prompt"),
        ({"prompt": " "}, "prompt"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}, "messages"),
        ({"prompt": "x", "choices": ["a"], "label": 0}, "choices"),
        ({"prompt": "x", "choices": ["a", "a"], "label": 0}, "choices"),
        ({"prompt": "x", "choices": ["a", "b"], "label": "c"}, "label"),
        ({"prompt": "x", "choices": ["a", "b"]}, "label"),
        ({"prompt": "x", "label": ["a"]}, "label"),
        ({"prompt": "x", "schema": "{"}, "schema"),
        ({"prompt": "x", "schema": {"type": "nothing"}}, "schema"),
        ({"prompt": "x", "pattern": "("}, "pattern"),
        ({"prompt": "x", "reference": ["y"]}, "reference"),
    ],
)  # fmt: skip
def test_each_faulty_row_is_named_by_line_and_field(row: dict[str, Any], field: str) -> None:
    lines = [{"prompt": "good"}, row, {"prompt": "good"}, row]
    assert faults("\n".join(map(json.dumps, lines)).encode()) == [(2, field), (4, field)]


def test_what_is_no_row_and_ids_that_come_twice_are_named() -> None:
    text = b'{"id": "a", "prompt": "x"}\n{"id": "a", "prompt": "y"}\n[1]\n{"prompt"'
    found = faults(text)
    assert {(1, "id"), (2, "id"), (3, "the row")} <= set(found)
    assert 4 in {line for line, _ in found}
    table = b"id,prompt\na,x\na,y\n"  # the head of a table is its first line
    assert faults(table) == [(2, "id"), (3, "id")]
    with pytest.raises(BadBenchmark, match="has no row"):
        read(b"prompt,reference\n")
    with pytest.raises(BadBenchmark, match="save it as CSV"):
        read(b"PAR1" + b"\0" * 20)


def test_free_answers_called_labels_are_refused() -> None:
    rows = "\n".join(json.dumps({"prompt": "x", "label": f"answer {n}"}) for n in range(101))
    with pytest.raises(BadBenchmark, match="call the column reference"):
        read(rows.encode())


@pytest.mark.django_db
def test_a_benchmark_is_frozen_and_named_by_its_rows(erin: Member) -> None:
    benchmark = added(erin)
    assert benchmark.carries == {
        "reference": 1,
        "label": 2,
        "choices": 1,
        "schema": 1,
        "pattern": 1,
    }
    assert [row["id"] for row in read_rows(benchmark.key)] == ["a", "b", "c", "d"]
    assert added(erin, name="again") == benchmark
    with pytest.raises(BadBenchmark, match="a set is frozen"):
        added(erin, b"prompt\nhello\n")
    assert Entry.objects.filter(verb="benchmark.added").count() == 1


@pytest.fixture
def base(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    without_torch(monkeypatch)
    return base_model(erin.workspace, tmp_path)


def test_it_is_measured_on_with_the_baseline_first(base: LanguageModel, erin: Member) -> None:
    benchmark = added(erin)
    adapter = add_adapter(workspace=erin.workspace, name="a", parent=base, files={})
    with pytest.raises(BaselineMissing):
        evaluate_model(workspace=erin.workspace, model=adapter, benchmark=benchmark, by=erin)
    for model in (base, adapter):
        evaluate_model(workspace=erin.workspace, model=model, benchmark=benchmark, by=erin)
        work_off()
    first, second = Evaluation.objects.order_by("pk")
    assert first.benchmark == benchmark
    assert first.metrics["length"]["n"] == 4
    assert first.set_digest == second.set_digest
    comparison = Comparison.objects.get(candidate=second)
    assert comparison.metrics["length"]["difference"] == 0
    assert sentence(comparison) == "Against tiny: length stayed at 4.0."


def test_a_reward_model_makes_another_set(base: LanguageModel, erin: Member) -> None:
    benchmark = added(erin)
    rewarder = LanguageModelFactory.create(workspace=erin.workspace, kind="reward", parent=base)
    without, with_it = (
        evaluate_model(workspace=erin.workspace, model=base, benchmark=benchmark, rewarder=each)
        for each in (None, rewarder)
    )
    assert without.set_digest != with_it.set_digest
    assert with_it.run.spec["teacher"] == str(rewarder.uid)


def test_a_set_is_one_benchmark_or_builds(base: LanguageModel, erin: Member) -> None:
    added(erin)
    build = built(erin.workspace, "sft")
    with pytest.raises(NothingToMeasure, match="not both"):
        evaluate_named(workspace=erin.workspace, model="tiny", sets=["capitals", build.digest])
    found = evaluate_named(workspace=erin.workspace, model="tiny", sets=[str(build.uid)])
    assert list(found.builds.all()) == [build]


def told(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(*arguments, "--workspace", "acme", "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_commands_add_a_file_and_evaluate_on_it(
    base: LanguageModel, erin: Member, tmp_path: Path
) -> None:
    path = tmp_path / "capitals.csv"
    path.write_bytes(CSV)
    added = told("add_benchmark", str(path))
    assert (added["name"], added["rows"]) == ("capitals", 4)
    first = told("evaluate", "--model", "tiny", "--set", "capitals")
    assert set(first["metrics"]["length"]) == {"value", "low", "high", "n"}
    assert first["benchmark"] == "capitals"
    assert told("evaluate", "--model", "tiny", "--set", added["digest"]) == first
    with pytest.raises(CommandError, match="There is no set “other” here"):
        told("evaluate", "--model", "tiny", "--set", "other")
    path.write_bytes(b"prompt\n\n")
    with pytest.raises(CommandError, match="has no row"):
        told("add_benchmark", str(path))


def test_the_page_names_each_faulty_row_and_takes_a_good_file(
    base: LanguageModel, erin: Member, client: Client
) -> None:
    client.force_login(erin.user)
    address = reverse("evaluation:benchmark_add", args=["acme"])
    bad = SimpleUploadedFile("b.csv", b"prompt,pattern\nx,(\n")
    refused = client.post(address, {"name": "n", "file": bad})
    assert refused.status_code == 422
    assert "it is no regular expression" in refused.content.decode()
    good = client.post(address, {"name": "n", "file": SimpleUploadedFile("b.csv", CSV)})
    benchmark = Benchmark.objects.get()
    assert good["Location"] == reverse("evaluation:benchmark", args=["acme", benchmark.uid])
    asked = {"model": base.uid, "benchmark": benchmark.uid}
    assert client.post(reverse("evaluation:measure", args=["acme"]), asked).status_code == 302
    work_off()
    evaluation = Evaluation.objects.get()
    page = client.get(reverse("evaluation:evaluation", args=["acme", evaluation.uid])).content.decode()  # fmt: skip
    assert "Length (tokens)" in page


def test_the_api_adds_a_file_and_measures_on_it(
    base: LanguageModel, erin: Member, bob: Member, client: Client
) -> None:
    headers = {"authorization": f"Bearer {create_token(member=erin, name='api').text}"}
    bad = SimpleUploadedFile("b.jsonl", b'{"prompt": "x", "label": 1.5}')
    refused = client.post("/api/v1/benchmarks", {"name": "n", "file": bad}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_benchmark")
    assert refused.json()["rows"] == [{"row": 1, "field": "label", "remedy": "write it as text"}]
    file = SimpleUploadedFile("b.csv", CSV)
    made = client.post("/api/v1/benchmarks", {"name": "n", "file": file}, headers=headers)
    assert made.status_code == 201
    asked = {"model": "tiny", "sets": [made.json()["uid"]]}
    started = client.post("/api/v1/evaluations", asked, content_type="application/json", headers=headers)  # fmt: skip
    assert started.status_code == 202, started.content
    work_off()
    found = client.get(f"/api/v1/evaluations/{started.json()['uid']}", headers=headers).json()
    assert (found["state"], found["metrics"]["length"]["n"]) == ("succeeded", 4)
    other = {"authorization": f"Bearer {create_token(member=bob, name='api').text}"}
    assert (
        client.post(
            "/api/v1/evaluations", {}, content_type="application/json", headers=other
        ).status_code
        == 403
    )
    assert client.post("/api/v1/benchmarks", {}, headers=other).status_code == 403
