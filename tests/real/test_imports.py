"""Real files come in with the counts that their sources give: EXPECTED.json, or a count of the rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from evalhub.accounts.models import Member
from evalhub.datasets.choices import BuildKind
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Prompt, PromptGroup
from tests.real.conftest import real_file
from tests.real.scenes import built, demo_model, imported

pytestmark = pytest.mark.slow

DPO = "llamafactory_demos/dpo_en_demo.json"
OASST = "oasst_en100/en_100_tree.jsonl"
OASST_EXPECTED = "oasst_en100/EXPECTED.json"


def test_every_pair_of_dpo_en_demo_comes_in(erin: Member) -> None:
    rows = json.loads(real_file(DPO).read_text("utf-8"))
    source = imported(real_file(DPO), erin)
    counts = source.counts
    assert (counts["format"], counts["rows"], counts["new"], counts["rejected"]) == (
        "preference",
        300,
        300,
        0,
    )
    assert Judgment.objects.filter(source="imported").count() == len(rows) == 300
    assert Prompt.objects.count() == len({json.dumps(row["conversations"]) for row in rows}) == 295


def test_reading_dpo_en_demo_again_changes_nothing(erin: Member) -> None:
    imported(real_file(DPO), erin)
    counts = imported(real_file(DPO), erin).counts
    assert (counts["new"], counts["unchanged"], counts["rejected"]) == (0, 300, 0)
    assert Judgment.objects.count() == 300


def test_a_build_names_each_pair_of_dpo_en_demo_that_is_too_long(erin: Member) -> None:
    imported(real_file(DPO), erin)
    build = built(erin, BuildKind.PREFERENCE, model=str(demo_model(erin).uid))
    manifest = build.manifest
    assert manifest["found"] == 295  # five of the file's rows stand there twice
    left_out = manifest["left_out"]["too_long"]
    assert sum(build.rows.values()) + left_out["count"] == 295
    assert left_out["count"] == manifest["length"]["too_long"] > 0
    assert manifest["length"]["longest"] > manifest["length"]["limit"] == 4096
    named = {each["prompt"] for each in left_out["examples"]}
    assert Prompt.objects.filter(uid__in=named).count() == len(named) == left_out["count"]


def test_the_trees_of_oasst_give_their_rankings_and_pairs(erin: Member) -> None:
    expected = json.loads(real_file(OASST_EXPECTED).read_text("utf-8"))
    counts = imported(real_file(OASST), erin).counts
    assert (counts["format"], counts["rows"], counts["new"], counts["rejected"]) == (
        "trees",
        212,
        212,
        0,
    )
    assert Prompt.objects.count() == expected["roles"]["prompter"] == 480
    build = built(erin, BuildKind.PREFERENCE)
    pairs = expected["pairs_from_ranks(all combos of ranked siblings)"]
    assert build.manifest["found"] == sum(build.rows.values()) == pairs == 754
    assert build.manifest["left_out"] == {}


def test_all_turns_of_a_tree_stay_in_one_split(erin: Member) -> None:
    trees = [json.loads(line) for line in real_file(OASST).read_text("utf-8").splitlines()]
    imported(real_file(OASST), erin)
    assert PromptGroup.objects.filter(merged_into=None).count() == len(trees) == 100
    group_of = dict(Prompt.objects.values_list("external_id", "group_id"))
    for tree in trees:
        groups = Counter(group_of[message] for message in _prompter_turns(tree["prompt"]))
        assert len(groups) == 1


def _prompter_turns(message: dict[str, Any]) -> Iterator[str]:
    if message["role"] == "prompter":
        yield message["message_id"]
    for reply in message["replies"]:
        yield from _prompter_turns(reply)
