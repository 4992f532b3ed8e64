"""The five shared sets in and out again: their judgments as files, their rows as builds that are read anew."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pyarrow import parquet

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.export.asked import asked_for
from evalhub.datasets.export.writing import export_build
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import SPLITS, rows_of
from evalhub.judgments.models import Judgment
from evalhub.reports.choices import ExportFormat
from evalhub.reports.exporting import export_judgments
from tests.factories import MemberFactory
from tests.real.conftest import real_file
from tests.real.scenes import built, imported, imported_demos
from tests.real.test_formats import RECIPES, by_mapping, expected

pytestmark = pytest.mark.slow


class Case(NamedTuple):
    """A set: how it comes in, how many judgments its source counts, and which builds go out in which shape."""

    read: Callable[[Member], Any]
    judgments: Callable[[], int]
    builds: dict[BuildKind, dict[str, Any]]  # with what the definition asks for
    shapes: dict[BuildKind, str]
    rows: Callable[[], int] | None = None  # of all its builds, where its source counts them


def _recipes(member: Member) -> None:
    low, high = expected("recipes_likert")["scale"]
    columns: dict[str, Any] = {
        "recipeid": {"as": "prompt"},
        "dish": {"as": "completion"},
        "condition": {"as": "model"},
        "participant": {"as": "annotator"},
    }
    columns |= {name: {"as": "rating", "low": low, "high": high} for name in RECIPES}
    by_mapping(real_file("recipes_likert/ratings.tsv"), member, columns)


def _summaries(member: Member) -> None:
    path = real_file("xsum_hallucination/factuality_annotations_xsum_summaries.csv")
    columns = {
        "bbcid": {"as": "prompt"},
        "summary": {"as": "completion"},
        "system": {"as": "model"},
        "is_factual": {"as": "rating", "name": "factual"},
        "worker_id": {"as": "annotator"},
    }
    by_mapping(path, member, columns)


def _crowd(member: Member) -> None:
    columns = {
        "column 1": {"as": "annotator"},
        "column 2": {"as": "prompt"},
        "column 3": {"as": "rating", "name": "positive"},
    }
    by_mapping(real_file("crowd_dev/bm_labels.txt"), member, columns, has_head=False)


def _trees(member: Member) -> None:
    imported(real_file("oasst_en100/en_100_tree.jsonl"), member)


def _ranked() -> int:
    """Sets of ranked siblings; the pairs among them are in EXPECTED.json."""
    trees = real_file("oasst_en100/en_100_tree.jsonl").read_text("utf-8").splitlines()

    def below(message: dict[str, Any]) -> int:
        ranked = [each for each in message["replies"] if each.get("rank") is not None]
        return (len(ranked) > 1) + sum(below(each) for each in message["replies"])

    return sum(below(json.loads(tree)["prompt"]) for tree in trees)


def _demos() -> int:
    """Rows of the files that are here, but for those of the tool calls that end with a call."""
    folder = real_file("llamafactory_demos/dataset_info.json").parent
    names = ("alpaca_en_demo", "dpo_en_demo", "kto_en_demo", "glaive_toolcall_en_demo")
    rows = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in names}
    calls = sum(
        each["conversations"][-1]["from"] == "function_call"
        for each in rows["glaive_toolcall_en_demo"]
    )
    return sum(map(len, rows.values())) - calls


CASES = {
    "oasst_en100": Case(
        _trees,
        _ranked,
        {BuildKind.PREFERENCE: {}},
        {BuildKind.PREFERENCE: "sharegpt"},
        lambda: expected("oasst_en100")["pairs_from_ranks(all combos of ranked siblings)"],
    ),
    "recipes_likert": Case(
        _recipes,
        lambda: expected("recipes_likert")["rows"],
        {BuildKind.SFT: {"min_rating": 3}, BuildKind.UNPAIRED: {}},
        {BuildKind.SFT: "openai", BuildKind.UNPAIRED: "trl"},
    ),
    "llamafactory_demos": Case(
        imported_demos,
        _demos,
        {BuildKind.PREFERENCE: {}, BuildKind.SFT: {}},
        {BuildKind.PREFERENCE: "trl", BuildKind.SFT: "sharegpt"},  # tools stand there as they came
    ),
    "xsum_hallucination": Case(
        _summaries,
        lambda: expected("xsum_hallucination")["factuality_rows"],
        {BuildKind.UNPAIRED: {}},
        {BuildKind.UNPAIRED: "trl"},
    ),
    "crowd_dev": Case(
        _crowd,
        lambda: expected("crowd_dev")["bm"]["labels"],
        {BuildKind.CLASSIFICATION: {"min_consensus": 0.5}},
        {},
    ),
}
HEAVY = {"llamafactory_demos", "xsum_hallucination", "crowd_dev"}
BY_SET = [pytest.param(name, marks=[pytest.mark.long] if name in HEAVY else []) for name in CASES]


@pytest.mark.parametrize("name", BY_SET)
def test_a_set_goes_out_as_it_came_in(name: str, erin: Member, tmp_path: Path) -> None:
    case = CASES[name]
    case.read(erin)
    assert Judgment.objects.count() == case.judgments()

    assert _exported_judgments(tmp_path) == dict.fromkeys(ExportFormat.values, case.judgments())
    made = []
    for kind, asked in case.builds.items():
        build = built(erin, kind, near_duplicates=False, **asked)
        assert build.is_built, build.job.error
        assert sum(build.rows.values()) > 0
        made.append(build)
        if shape := case.shapes.get(kind):
            _comes_in_again(build, shape, tmp_path)
    if case.rows:
        assert sum(sum(build.rows.values()) for build in made) == case.rows()


def _exported_judgments(folder: Path) -> dict[str, int]:
    """How many judgments the files of all campaigns hold, by format."""
    found = dict.fromkeys(ExportFormat.values, 0)
    for campaign in Campaign.objects.all():
        for format in ExportFormat:
            target = folder / f"{campaign.uid}.{format.value}"
            export_judgments(
                campaign, format=format, everything=False, target=target, report=lambda *_: None
            )
            found[format.value] += len(_named_in(target))
    return found


def _named_in(target: Path) -> set[str]:
    if target.suffix == ".parquet":
        return set(parquet.read_table(target, columns=["judgment"])["judgment"].to_pylist())
    if target.suffix == ".csv":
        with target.open(encoding="utf-8-sig", newline="") as stream:
            return {row["judgment"] for row in csv.DictReader(stream)}
    with target.open(encoding="utf-8") as stream:
        return {json.loads(line)["judgment"] for line in stream}


def _comes_in_again(build: DatasetBuild, shape: str, folder: Path) -> None:
    """Another workspace reads each split, and its rows are the very ones."""
    reader = MemberFactory.create(roles=["engineer"])
    asked = asked_for(build, shape=shape, container="jsonl", splits=SPLITS)
    target = folder / f"{build.kind}-{shape}"
    written = export_build(build, asked, target)
    assert not written.left_out
    new = 0
    for path in sorted(target.rglob("*.jsonl")):
        counts = imported(path, reader).counts
        assert (counts["rejected"], counts["unchanged"]) == (0, 0), counts
        new += counts["new"]
    assert new == sum(written.rows.values()) == sum(build.rows.values())
    again = built(reader, BuildKind(build.kind), near_duplicates=False)
    assert _ids(again) == _ids(build)


def _ids(build: DatasetBuild) -> set[str]:
    """Of rows by their texts, so that they are the same in every database."""
    return {row["id"] for split in SPLITS for row in rows_of(build, split)}
