from __future__ import annotations

from collections import Counter
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evalhub.accounts.models import Workspace
from evalhub.formats.rows import CompletionRow, Message, PromptRow, Rejected
from evalhub.prompts.grouping import group_uid, merge, root_of, split_of
from evalhub.prompts.models import (
    Collection,
    Completion,
    Generation,
    Prompt,
    PromptGroup,
    Sketch,
    Split,
)
from evalhub.prompts.near import merge_near_duplicates
from evalhub.prompts.services.intake import add_prompts
from evalhub.stats.minhash import BANDS
from tests.factories import CollectionFactory, PromptGroupFactory


@pytest.fixture
def faq(acme: Workspace) -> Collection:
    return CollectionFactory.create(workspace=acme, slug="faq")


def row(name: str, text: str, **fields: object) -> PromptRow:
    return PromptRow(id=name, messages=[Message("user", text)], **fields)


def test_of_many_groups_eight_tenths_train_and_a_tenth_each_validates_and_tests() -> None:
    drawn = Counter(split_of(UUID(int=n)) for n in range(20_000))

    assert 0.79 < drawn[Split.TRAIN] / 20_000 < 0.81
    assert 0.09 < drawn[Split.VALIDATION] / 20_000 < 0.11
    assert drawn.keys() == {Split.TRAIN, Split.VALIDATION, Split.TEST}


def test_the_split_of_a_uid_is_the_same_in_every_year() -> None:
    """Values written down when the salt was chosen; a change would move frozen test sets."""
    assert [split_of(UUID(int=n)).value for n in range(12)] == GOLDEN


GOLDEN = [
    "train",
    "train",
    "train",
    "test",
    "train",
    "train",
    "train",
    "train",
    "train",
    "train",
    "train",
    "train",
]


def test_the_same_text_gets_the_same_group_in_every_database(faq: Collection) -> None:
    add_prompts(collection=faq, rows=[row("p1", "Why is the sky blue?")])

    group = PromptGroup.objects.get()

    fingerprint = Prompt.objects.get().fingerprint
    assert group.uid == group_uid(faq.workspace, f"text:{fingerprint}")
    assert group.split == split_of(group.uid)


def test_text_that_differs_in_case_and_space_only_is_one_group_across_collections(
    acme: Workspace, faq: Collection
) -> None:
    other = CollectionFactory.create(workspace=acme, slug="other")

    add_prompts(collection=faq, rows=[row("p1", "Why is the sky blue?")])
    add_prompts(collection=other, rows=[row("x", "why is  the SKY blue?"), row("y", "Else?")])

    first, same, different = Prompt.objects.order_by("pk")
    assert first.group == same.group
    assert different.group != first.group


def test_a_group_named_in_the_file_holds_its_prompts_together(faq: Collection) -> None:
    rows = [row("p1", "One", group="talk"), row("p2", "Two", group="talk"), row("p3", "Three")]

    taken = add_prompts(collection=faq, rows=rows)

    groups = list(Prompt.objects.order_by("external_id").values_list("group", flat=True))
    assert groups[0] == groups[1] != groups[2]
    assert taken.merges == []


def test_two_named_groups_that_share_a_text_become_one(faq: Collection) -> None:
    rows = [row("p1", "One", group="a"), row("p2", "one", group="b"), row("p3", "Two", group="b")]

    taken = add_prompts(collection=faq, rows=rows)

    assert len(taken.merges) == 1
    roots = {root_of(prompt.group).pk for prompt in Prompt.objects.select_related("group")}
    assert len(roots) == 1


def test_twice_the_rows_ask_the_database_no_more_often(faq: Collection) -> None:
    asked = []
    for name, count in (("warm", 1), ("few", 10), ("many", 20)):
        rows = [
            row(f"{name}{n}", f"{name} {n}", completions=[CompletionRow("c", "Yes", "m")])
            for n in range(count)
        ]
        with CaptureQueriesContext(connection) as queries:
            add_prompts(collection=faq, rows=rows)
        asked.append(len(queries))

    assert asked[1] == asked[2]


def test_merging_groups_of_different_splits_takes_the_later_ones_prompts_out(
    acme: Workspace,
) -> None:
    earlier = PromptGroupFactory.create(workspace=acme, split="test")
    later = PromptGroupFactory.create(workspace=acme, split="train")
    third = PromptGroupFactory.create(workspace=acme, split="test")

    merged = merge(later, earlier)
    merge(third, later)

    assert merged
    assert (merged.earlier, merged.later, merged.was) == (earlier.uid, later.uid, Split.TRAIN)
    for group in (earlier, later, third):
        group.refresh_from_db()
    assert (earlier.split, later.split, third.split) == ("test", "none", "test")
    assert later.merged_into == third.merged_into == earlier
    assert merge(third, earlier) is None


def test_reading_the_same_prompts_again_changes_nothing(faq: Collection) -> None:
    rows = [row("p1", "One", completions=[CompletionRow("c1", "Yes", "m")]), row("p2", "Two")]

    first, again = add_prompts(collection=faq, rows=rows), add_prompts(collection=faq, rows=rows)

    assert first.outcomes == ["new", "new"]
    assert again.outcomes == ["unchanged", "unchanged"]
    assert (Prompt.objects.count(), Completion.objects.count()) == (2, 1)


def test_a_new_completion_of_a_known_prompt_is_taken(faq: Collection) -> None:
    add_prompts(collection=faq, rows=[row("p1", "One", completions=[CompletionRow("c1", "Yes")])])
    both = [CompletionRow("c1", "Yes"), CompletionRow("c2", "No", "gpt", {"temperature": 1})]

    taken = add_prompts(collection=faq, rows=[row("p1", "One", completions=both)])

    assert taken.outcomes == ["new"]
    assert set(Generation.objects.values_list("model__name", flat=True)) == {"unknown", "gpt"}


def test_an_id_with_another_text_is_refused_with_the_remedy(faq: Collection) -> None:
    add_prompts(collection=faq, rows=[row("p1", "One", completions=[CompletionRow("c1", "Yes")])])

    taken = add_prompts(
        collection=faq,
        rows=[row("p1", "Uno"), row("p1", "One", completions=[CompletionRow("c1", "Sure")])],
    )

    fields = [each.field for each in taken.outcomes if isinstance(each, Rejected)]
    assert fields == ["messages", "completions"]
    assert all("new id" in each.reason for each in taken.outcomes if isinstance(each, Rejected))
    assert Completion.objects.get().content == "Yes"


LONG = "Please explain to a child of ten why the sky looks blue by day and red in the evening"


def test_near_duplicates_join_one_group_and_strangers_do_not(faq: Collection) -> None:
    texts = {"a": LONG, "b": LONG + " now", "c": "Write a poem about a dog that lost its bone"}
    add_prompts(collection=faq, rows=[row(name, text) for name, text in texts.items()])

    near = merge_near_duplicates(faq.workspace, report=lambda done, total: None)

    a, b, c = (root_of(each.group) for each in Prompt.objects.order_by("external_id"))
    assert a == b != c
    assert (near.looked, len(near.merges)) == (3, 1)


def test_only_new_prompts_are_looked_at_and_find_the_old_ones(faq: Collection) -> None:
    add_prompts(collection=faq, rows=[row("a", LONG)])
    merge_near_duplicates(faq.workspace, report=lambda done, total: None)
    add_prompts(collection=faq, rows=[row("b", "Now: " + LONG)])

    near = merge_near_duplicates(faq.workspace, report=lambda done, total: None)

    assert (near.looked, len(near.merges)) == (1, 1)
    assert merge_near_duplicates(faq.workspace, report=lambda done, total: None).looked == 0


def test_another_workspace_is_never_compared(faq: Collection, elsewhere: Workspace) -> None:
    add_prompts(collection=faq, rows=[row("a", LONG)])
    other = CollectionFactory.create(workspace=elsewhere)
    add_prompts(collection=other, rows=[row("a", LONG)])

    for workspace in (faq.workspace, elsewhere):
        assert merge_near_duplicates(workspace, report=lambda done, total: None).merges == []
    assert PromptGroup.objects.count() == 2


def test_templates_of_which_the_first_words_differ_stay_apart(faq: Collection) -> None:
    """20 words of which 4 differ: 14 of 18 + 4 shingles shared give an index of at most 0.64."""
    names = ["Ada", "Bo", "Cy"]
    texts = [f"{each} {each}a {each}b {each}c " + " ".join(LONG.split()[:16]) for each in names]
    add_prompts(collection=faq, rows=[row(text[:2], text) for text in texts])

    assert merge_near_duplicates(faq.workspace, report=lambda done, total: None).merges == []


def test_a_chain_of_near_duplicates_becomes_one_group_under_the_earliest(
    faq: Collection,
) -> None:
    words = LONG.split()
    texts = [" ".join([*words, *(f"w{n}" for n in range(more))]) for more in range(4)]
    add_prompts(collection=faq, rows=[row(f"p{n}", text) for n, text in enumerate(texts)])

    merge_near_duplicates(faq.workspace, report=lambda done, total: None)

    groups = [each.group for each in Prompt.objects.select_related("group").order_by("pk")]
    assert {root_of(group) for group in groups} == {groups[0]}
    assert all(group.split in (groups[0].split, Split.NONE) for group in groups)


def test_a_crowd_of_alike_prompts_is_one_group_whoever_came_first(faq: Collection) -> None:
    """With more than twenty in a band; those that come later find it, and each other."""
    alike = [f"{LONG} number {nth}" for nth in range(60)]
    add_prompts(collection=faq, rows=[row(f"a{nth}", text) for nth, text in enumerate(alike[:40])])
    assert merge_near_duplicates(faq.workspace, report=lambda _done, _of: None).beyond == 0
    add_prompts(collection=faq, rows=[row(f"b{nth}", text) for nth, text in enumerate(alike[40:])])
    near = merge_near_duplicates(faq.workspace, report=lambda _done, _of: None)
    assert len({root_of(each.group).pk for each in Prompt.objects.select_related("group")}) == 1
    assert near.beyond == 0
    assert near.compared < 40 * 20


def test_sketches_of_another_version_are_made_anew(faq: Collection) -> None:
    add_prompts(collection=faq, rows=[row("a", LONG)])
    merge_near_duplicates(faq.workspace, report=lambda done, total: None)
    Sketch.objects.update(version=1, bands=b"")

    assert merge_near_duplicates(faq.workspace, report=lambda done, total: None).looked == 1
    assert len(Sketch.objects.get().bands) == 8 * BANDS
