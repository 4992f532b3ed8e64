from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.db import connection

from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign
from evalhub.common.spreadsheets import inert
from evalhub.imports import jobs as import_jobs
from evalhub.imports.errors import UnreadableFile
from evalhub.imports.exports import rejected_csv
from evalhub.imports.models import Import, ImportKind, RejectedRow
from evalhub.imports.queries import summary_of
from evalhub.imports.services import start_import
from evalhub.jobs.jobs import execute
from evalhub.jobs.models import Job, News
from evalhub.jobs.services import cancel_job
from evalhub.judgments.models import Judgment, Preference, RankedCompletion, Rating
from evalhub.prompts.errors import BadSlug
from evalhub.prompts.models import Completion, Prompt

pytestmark = pytest.mark.django_db


def jsonl(*values: object) -> bytes:
    return "".join(json.dumps(value) + "\n" for value in values).encode()


def prompt(name: str, **more: Any) -> dict[str, Any]:
    completions = [{"id": f"{name}-{n}", "model": "m", "content": f"Answer {n}"} for n in (1, 2, 3)]
    messages = [{"role": "user", "content": f"Question {name}?"}]
    return {"id": name, "messages": messages, "completions": completions} | more


def judgment(name: str, about: str = "p1", **more: Any) -> dict[str, Any]:
    base = {"id": name, "prompt": about, "responses": [f"{about}-1", f"{about}-2"]}
    return base | {"preferences": [{"choice": f"{about}-1"}]} | more


def bring(workspace: Workspace, raw: bytes, kind: str = "prompts", **more: Any) -> Import:
    source = start_import(
        workspace=workspace,
        collection="faq",
        kind=ImportKind(kind),
        filename="file.jsonl",
        stream=io.BytesIO(raw),
        **more,
    )
    execute(source.job.uid)
    source.refresh_from_db()
    source.job.refresh_from_db()
    assert source.job.trace == ""
    return source


def counts(source: Import) -> tuple[int, int, int, int]:
    found = summary_of(source)
    return found["rows"], found["new"], found["unchanged"], found["rejected"]


def test_a_file_of_prompts_is_stored_row_by_row(acme: Workspace, alice: Member) -> None:
    source = bring(acme, jsonl(prompt("p1"), prompt("p2")), by=alice)

    assert counts(source) == (2, 2, 0, 0)
    assert summary_of(source)["format"] == "evalhub"
    assert set(Prompt.objects.values_list("external_id", flat=True)) == {"p1", "p2"}
    assert Completion.objects.count() == 6
    assert News.objects.filter(topic="import.ended", subject_uid=source.uid).exists()


def test_the_same_file_again_changes_nothing(acme: Workspace) -> None:
    raw = jsonl(prompt("p1"), prompt("p2"))
    bring(acme, raw)

    again = bring(acme, raw)

    assert counts(again) == (2, 0, 2, 0)
    assert Prompt.objects.count() == 2


def test_a_changed_row_under_the_same_id_is_rejected_with_the_remedy(acme: Workspace) -> None:
    bring(acme, jsonl(prompt("p1")))

    again = bring(acme, jsonl(prompt("p1", reference="New"), prompt("p2")))

    assert counts(again) == (2, 1, 0, 1)
    row = RejectedRow.objects.get()
    assert (row.line, row.field) == (1, "reference")
    assert "new id" in row.reason


def test_judgments_become_one_closed_campaign_of_imported_members(acme: Workspace) -> None:
    bring(acme, jsonl(prompt("p1"), prompt("p2")))
    ratings = [
        {"response": "p2-1", "criterion": "factuality", "value": 4},
        {"response": "p2-1", "criterion": "safety", "value": None},
    ]
    rows = [
        judgment("j1", annotator="ann-7", at="2026-01-02T03:04:05Z", source="human"),
        judgment("j2", preferences=[{"choice": "p1-2", "strength": 3}]),
        judgment("j3", "p2", preferences=[], ratings=ratings),
        judgment("j4", "p2", preferences=[{"choice": "both_bad"}], critique="No"),
    ]

    source = bring(acme, jsonl(*rows), "judgments")

    assert counts(source) == (4, 4, 0, 0)
    campaign = Campaign.objects.get()
    assert summary_of(source)["campaigns"] == [str(campaign.uid)]
    assert (campaign.origin, campaign.state, campaign.type) == ("imported", "closed", "comparison")
    people = Judgment.objects.order_by("external_id").values_list("member__pseudonym", "source")
    assert list(people)[:2] == [("ann-7 (imported)", "human"), ("unknown (imported)", "imported")]
    margins = Preference.objects.order_by("judgment__external_id")
    assert list(margins.values_list("margin", "both_bad")) == [(1, False), (-3, False), (0, True)]
    stored = Rating.objects.order_by("pk").values_list("criterion__slug", "value", "reason")
    assert list(stored) == [("factuality", 4, ""), ("safety", None, "not_given")]
    assert not Member.objects.filter(kind="imported").exclude(user=None).exists()


def test_judgments_again_are_unchanged_or_rejected_when_they_changed(acme: Workspace) -> None:
    bring(acme, jsonl(prompt("p1")))
    bring(acme, jsonl(judgment("j1"), judgment("j2")), "judgments")

    again = bring(acme, jsonl(judgment("j1"), judgment("j2", critique="Other")), "judgments")

    assert counts(again) == (2, 0, 1, 1)
    assert Campaign.objects.count() == 1  # none for an import that brings nothing new
    assert RejectedRow.objects.get().field == "id"


@pytest.mark.parametrize(
    ("more", "field", "says"),
    [
        ({"prompt": "nope"}, "prompt", "Import prompts first"),
        ({"responses": ["p1-1", "nope"]}, "responses[1]", "Import its completions first"),
        ({"rubric": "nope"}, "rubric", "Publish one"),
        (
            {"ratings": [{"response": "p1-1", "criterion": "charm", "value": 1}]},
            "ratings[0].criterion",
            "factuality",
        ),
        (
            {"ratings": [{"response": "p1-1", "criterion": "safety", "value": 9}]},
            "ratings[0].value",
            "1 to 5",
        ),
    ],
)
def test_a_judgment_that_names_what_is_not_here_is_rejected_with_the_remedy(
    acme: Workspace, more: dict[str, Any], field: str, says: str
) -> None:
    bring(acme, jsonl(prompt("p1")))

    source = bring(acme, jsonl(judgment("j1", **more), judgment("j2")), "judgments")

    assert counts(source) == (2, 1, 0, 1)
    row = RejectedRow.objects.get()
    assert row.field == field
    assert says in row.reason


def test_a_preference_file_brings_prompts_and_judgments(acme: Workspace) -> None:
    pairs = [
        {
            "conversations": [{"from": "human", "value": f"Why {n % 3}?"}],
            "chosen": {"from": "gpt", "value": f"Good {n % 3}"},
            "rejected": {"from": "gpt", "value": f"Bad {n % 3}"},
        }
        for n in range(4)
    ]

    source = bring(acme, json.dumps(pairs).encode(), "judgments")

    assert counts(source) == (4, 4, 0, 0)  # the fourth is the first once more, and counts
    assert summary_of(source)["prompts"] == {"new": 3, "unchanged": 1}
    good = [
        each.first.content if each.margin > 0 else each.second.content
        for each in Preference.objects.select_related("first", "second")
    ]
    assert all(text.startswith("Good") for text in good)


def test_a_tree_file_brings_prompts_in_one_group_and_rankings(acme: Workspace) -> None:
    def node(name: str, role: str, *replies: Any, **more: Any) -> dict[str, Any]:
        base = {"message_id": name, "role": role, "text": f"Text {name}"}
        return base | {"replies": list(replies)} | more

    deep = node("q2", "prompter", node("a3", "assistant"))
    root = node(
        "q1", "prompter", node("a1", "assistant", deep, rank=1), node("a2", "assistant", rank=0)
    )

    source = bring(acme, jsonl({"message_tree_id": "t", "prompt": root}), "judgments")

    assert counts(source) == (1, 1, 0, 0)
    assert Prompt.objects.values("group").distinct().count() == 1
    ranked = RankedCompletion.objects.order_by("tier").values_list("completion__external_id")
    assert [name for (name,) in ranked] == ["a2", "a1"]


def test_fields_that_mean_nothing_are_said_not_swallowed(acme: Workspace) -> None:
    source = bring(acme, jsonl(prompt("p1", colour="red"), prompt("p2", colour="blue")))

    assert summary_of(source)["ignored_fields"] == {"colour": 2}


def test_a_worker_that_dies_between_batches_loses_and_doubles_nothing(
    acme: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_jobs, "BATCH", 2)
    raw = jsonl(*(prompt(f"p{n}") for n in range(5)), {"id": "bad"})
    source = start_import(
        workspace=acme,
        collection="faq",
        kind=ImportKind.PROMPTS,
        filename="f",
        stream=io.BytesIO(raw),
    )

    class Dying:
        """A beat whose process goes in the middle of the second batch."""

        def __init__(self, beat: Any) -> None:
            self._beat, self._left = beat, 1

        def report(self, **_: Any) -> None:
            self._left -= 1
            if self._left < 0:
                raise SystemExit

        def fenced(self) -> Any:
            return self._beat.fenced()

    from evalhub.jobs.beat import Beat
    from evalhub.jobs.jobs import take

    job = take(source.job.uid)
    assert job
    with pytest.raises(SystemExit):
        import_jobs.read_import(job, Dying(Beat(job)))  # type: ignore[arg-type]  # looks like one
    Job.objects.filter(pk=job.pk).update(state="queued", lease_expires_at=None)

    execute(source.job.uid)

    source.refresh_from_db()
    assert counts(source) == (6, 5, 0, 1)
    assert Prompt.objects.count() == 5


def test_a_cancelled_import_stops_and_can_be_read_again(acme: Workspace) -> None:
    source = start_import(
        workspace=acme,
        collection="faq",
        kind=ImportKind.PROMPTS,
        filename="f",
        stream=io.BytesIO(jsonl(prompt("p1"))),
    )
    cancel_job(job=source.job, by=None)

    execute(source.job.uid)

    assert Prompt.objects.count() == 0
    assert counts(bring(acme, jsonl(prompt("p1")))) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("raw", "format"), [(b"", "auto"), (b"a,b\n1,2\n", "auto"), (b"{}", "csv"), (b"", "evalhub")]
)
def test_a_file_that_cannot_be_read_at_all_is_refused_at_once(
    acme: Workspace, raw: bytes, format: str
) -> None:
    with pytest.raises(UnreadableFile):
        bring(acme, raw, format=format)

    assert not Import.objects.exists()


def test_a_collection_with_a_bad_slug_is_refused(acme: Workspace) -> None:
    with pytest.raises(BadSlug):
        start_import(
            workspace=acme,
            collection="Ünï code",
            kind=ImportKind.PROMPTS,
            filename="f",
            stream=io.BytesIO(jsonl(prompt("p1"))),
        )


def test_another_workspace_with_the_same_ids_is_another_matter(
    acme: Workspace, elsewhere: Workspace
) -> None:
    for workspace in (acme, elsewhere):
        assert counts(bring(workspace, jsonl(prompt("p1")))) == (1, 1, 0, 0)
    source = bring(elsewhere, jsonl(judgment("j1")), "judgments")
    assert Judgment.objects.get().workspace == elsewhere
    assert counts(source)[1] == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_finds_no_formula_in_the_rejected_rows(acme: Workspace, start: str) -> None:
    source = bring(acme, jsonl(prompt("p1")))
    RejectedRow.objects.create(source=source, line=3, reason=f"{start}HYPERLINK(1)", excerpt="x")

    text = "".join(rejected_csv(source))

    assert f"'{start}HYPERLINK(1)" in text
    assert inert("plain") == "plain"


def test_after_a_large_import_plans_are_made_for_what_is_there(
    acme: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if autovacuum had looked before the rows were committed: the table counted as empty. Texts are not
    split into words for that.
    """
    monkeypatch.setattr(import_jobs, "MANY", 3)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE prompts_prompt")
        bring(acme, jsonl(*(prompt(f"p{n}") for n in range(3))))
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'prompts_prompt'")
        assert cursor.fetchone() == (3,)
        cursor.execute(
            "SELECT tablename FROM pg_stats WHERE tablename IN ('prompts_prompt', 'prompt_by_words')"
        )
        assert {name for (name,) in cursor.fetchall()} == {"prompts_prompt"}
