"""The shared sets as they are, by their own formats or a mapping: counts as their sources give them."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.datasets.choices import BuildKind
from evalhub.imports.models import Import, ImportKind
from evalhub.imports.services import start_import
from evalhub.jobs import jobs
from evalhub.judgments.models import Demonstration, Judgment, Preference, Rating
from evalhub.prompts.models import Completion, Prompt
from evalhub.rubrics.models import RubricVersion
from tests.real.conftest import real_file
from tests.real.scenes import built, imported, imported_demos

pytestmark = pytest.mark.slow

RECIPES = ("grammar", "fluency", "verbosity", "structure", "success", "overall")


def expected(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(real_file(f"{folder}/EXPECTED.json").read_text("utf-8"))
    return found


def by_mapping(path: Path, member: Member, columns: dict[str, Any], **more: Any) -> Import:
    rubric = more.pop("rubric", "")
    with path.open("rb") as stream:
        source = start_import(
            workspace=member.workspace,
            collection="real",
            kind=ImportKind.JUDGMENTS,
            filename=path.name,
            stream=stream,
            by=member,
            rubric=rubric,
            mapping={"columns": columns} | more,
        )
    jobs.execute(source.job.uid)
    source.refresh_from_db()
    source.job.refresh_from_db()
    assert source.job.error == ""
    return source


def test_llamafactory_comes_in_as_a_folder_with_all_its_kinds(erin: Member) -> None:
    """999 of Alpaca, 300 pairs, 300 with tools, 300 of KTO; those whose file is not here are passed
    over. Of the 300 with tools some end with a call, which is a completion and no demonstration."""
    folder = real_file("llamafactory_demos/dataset_info.json").parent
    calls = sum(
        row["conversations"][-1]["from"] == "function_call"
        for row in json.loads((folder / "glaive_toolcall_en_demo.json").read_text("utf-8"))
    )
    counts = imported_demos(erin).counts
    wanted = 999 + 300 + 300 + 300 - calls
    assert (counts["format"], counts["rows"], counts["new"], counts["rejected"]) == (
        "llamafactory",
        wanted,
        wanted,
        0,
    )
    assert Demonstration.objects.count() == 999 + 300 - calls
    assert Preference.objects.count() == 300
    assert Counter(Rating.objects.values_list("criterion__slug", flat=True)) == {"good": 300}
    assert Prompt.objects.filter(messages__contains=[{"role": "tool"}]).exists()
    with_calls = Prompt.objects.filter(messages__contains=[{"tool_calls": [{}]}]).count()
    assert with_calls + Completion.objects.exclude(tool_calls=[]).count() > 0
    assert {each.rubric_version.rubric.slug for each in Campaign.objects.all()} == {
        "default",
        "liked",
    }


@pytest.mark.parametrize(
    ("name", "format", "count"),
    [("v1_sft_demo.jsonl", "openai-chat", 500), ("v1_dpo_demo.jsonl", "llamafactory-v1", 10)],
)
def test_llamafactory_v1_comes_in_by_file(erin: Member, name: str, format: str, count: int) -> None:
    counts = imported(real_file(f"llamafactory_demos/{name}"), erin).counts
    assert (counts["format"], counts["new"], counts["rejected"]) == (format, count, 0)


@pytest.mark.long
def test_alpaca_becomes_an_sft_build(erin: Member) -> None:
    imported(real_file("llamafactory_demos/alpaca_en_demo.json"), erin)
    build = built(erin, BuildKind.SFT)
    manifest = build.manifest
    assert manifest["found"] == Prompt.objects.count()
    assert sum(build.rows.values()) == manifest["found"] - sum(
        each["count"] for each in manifest["left_out"].values()
    )


def test_recipes_come_in_as_the_table_they_are(erin: Member) -> None:
    told = expected("recipes_likert")
    columns: dict[str, Any] = {
        "recipeid": {"as": "prompt"},
        "dish": {"as": "completion"},
        "condition": {"as": "model"},
        "participant": {"as": "annotator"},
    }
    low, high = told["scale"]
    columns |= {name: {"as": "rating", "low": low, "high": high} for name in RECIPES}

    source = by_mapping(real_file("recipes_likert/ratings.tsv"), erin, columns)

    assert (source.counts["new"], source.counts["rejected"]) == (told["rows"], 0)
    assert Rating.objects.count() == told["total_ratings"]
    assert len(set(Judgment.objects.values_list("member", flat=True))) == told["participants"]
    assert Completion.objects.count() == told["items"]  # a recipe in one of its wordings
    criteria = RubricVersion.objects.get(rubric__slug="table").criteria.all()
    assert {(each.low, each.high) for each in criteria} == {(low, high)}
    values = Rating.objects.filter(criterion__slug="grammar").values_list("value", flat=True)
    assert sum(values) / len(values) == pytest.approx(told["grammar"]["mean"], abs=1e-6)


@pytest.mark.long
def test_summaries_come_in_as_the_table_they_are(erin: Member) -> None:
    told = expected("xsum_hallucination")
    path = real_file("xsum_hallucination/factuality_annotations_xsum_summaries.csv")
    with path.open(newline="") as file:
        labels = Counter(row["is_factual"] for row in csv.DictReader(file))

    source = by_mapping(
        path,
        erin,
        {
            "bbcid": {"as": "prompt"},
            "summary": {"as": "completion"},
            "system": {"as": "model"},
            "is_factual": {"as": "rating", "name": "factual"},
            "worker_id": {"as": "annotator"},
        },
    )

    assert source.counts["rows"] == source.counts["new"] == told["factuality_rows"]
    values = Counter(Rating.objects.values_list("value", flat=True))
    said = told["labels"].replace("nan", "None")
    assert labels.total() == told["factuality_rows"]
    assert values == {0: 4982, 1: 582, None: 33}
    assert all(str(count) in said for count in values.values())


@pytest.mark.long
def test_a_crowds_labels_come_in_without_a_head(erin: Member) -> None:
    told = expected("crowd_dev")["bm"]
    source = by_mapping(
        real_file("crowd_dev/bm_labels.txt"),
        erin,
        {
            "column 1": {"as": "annotator"},
            "column 2": {"as": "prompt"},
            "column 3": {"as": "rating", "name": "positive"},
        },
        has_head=False,
    )
    assert (source.counts["new"], source.counts["rejected"]) == (told["labels"], 0)
    values = Counter(Rating.objects.values_list("value", flat=True))
    assert {str(value): count for value, count in values.items()} == told["label_counts"]
    assert Prompt.objects.count() == told["items"]
    assert len(set(Judgment.objects.values_list("member", flat=True))) == told["workers"]
