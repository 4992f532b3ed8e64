"""Raw text: from a file to the rows of a text build, each text for itself."""

from __future__ import annotations

import io
import json

import pytest

from evalhub.accounts.models import Workspace
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.queries import rows_of
from evalhub.datasets.services import ensure_dataset, start_build
from evalhub.formats.readers import read_rows, sniff
from evalhub.formats.rows import PromptRow, Rejected
from evalhub.imports.models import RejectedRow
from evalhub.imports.queries import summary_of
from evalhub.jobs.jobs import execute
from evalhub.prompts.models import Prompt, PromptGroup
from tests.evalhub.imports.test_reading import bring, counts, jsonl

pytestmark = pytest.mark.django_db

WORDS = "basalt cools fast where lava meets water and its columns stand in rows of six sides"


def corpus(count: int) -> list[dict[str, str]]:
    words = WORDS.split()
    return [
        {"text": " ".join(words[(nth * 7 + at * 3) % len(words)] + str(nth) for at in range(40))}
        for nth in range(count)
    ]


def test_each_text_is_a_group_of_its_own_and_a_row_of_a_text_build(acme: Workspace) -> None:
    """A prompt made up for all of them would put every text into one group, and so on one side."""
    texts = corpus(60)
    source = bring(acme, jsonl(*texts))
    assert summary_of(source)["format"] == "texts"
    assert counts(source) == (60, 60, 0, 0)
    assert PromptGroup.objects.count() == 60
    assert counts(bring(acme, jsonl(*texts))) == (60, 0, 60, 0)  # known by what they say
    dataset = ensure_dataset(workspace=acme, name="raw", kind=BuildKind.TEXT, definition={})
    build = start_build(dataset=dataset, by=None)
    execute(build.job.uid)
    build.refresh_from_db()
    kept = [row["text"] for split in build.rows for row in rows_of(build, split)]
    assert sorted(kept) == sorted(each["text"] for each in texts)
    assert build.rows["train"] < 60


def test_texts_that_begin_alike_stand_on_one_side(acme: Workspace) -> None:
    first = " ".join(WORDS.split() * 6)
    bring(acme, jsonl({"text": f"{first} One."}, {"text": f"{first} Two."}))
    assert Prompt.objects.count() == 2
    assert len(set(Prompt.objects.values_list("group", flat=True))) == 1


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"text": "A."}, "texts"),
        ({"text": "A.", "title": "T", "url": "https://x.org", "meta": {"n": 1}}, "texts"),
        ({"text": "A.", "label": ["x"]}, "doccano"),
        ({"text": "A.", "score": 3}, "table"),  # says something of it: a person tells us what
    ],
)
def test_a_text_with_nothing_said_of_it_is_raw_text(value: dict[str, object], name: str) -> None:
    assert sniff(io.BytesIO(json.dumps([value]).encode())) == name


def test_a_text_shows_where_it_begins_and_is_kept_whole() -> None:
    long = "word " * 400
    given = [{"id": "a", "title": "Rocks", "text": long, "url": "u"}, {"text": "Short."}]
    raw = json.dumps(given).encode()
    first, second = read_rows(io.BytesIO(raw), format="texts", kind="prompts")
    assert isinstance(first, PromptRow)
    assert isinstance(second, PromptRow)
    assert first.messages[0].content.startswith("Rocks\n\nword word")
    assert first.messages[0].content.endswith("word …")
    assert len(first.messages[0].content) < 520
    assert first.documents == [{"title": "Rocks", "text": long}]
    assert (first.id, first.ignored) == ("a", ("url",))
    assert (second.messages[0].content, second.documents) == ("Short.", ["Short."])


def test_what_is_empty_or_stands_twice_is_named(acme: Workspace) -> None:
    rows = [{"text": "A."}, {"text": "A."}, {"text": " "}, {"id": "x", "text": "B."}]
    source = bring(acme, jsonl(*rows, {"id": "x", "text": "C."}))
    assert counts(source) == (5, 2, 0, 3)
    told = RejectedRow.objects.order_by("line").values_list("line", "field", "reason")
    assert [(line, field) for line, field, _ in told] == [
        (2, "text"), (3, "text"), (5, "id"),
    ]  # fmt: skip
    assert "stands twice" in told[0][2]
    raw = json.dumps([{"text": None}]).encode()
    (row,) = read_rows(io.BytesIO(raw), format="texts", kind="prompts")
    assert isinstance(row, Rejected)
