"""Forgetting a person: nothing that they wrote, and nothing that names them, is left anywhere."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from evalhub.accounts.choices import MemberKind
from evalhub.accounts.models import Identity, Member
from evalhub.audit.models import Entry
from evalhub.audit.services import record
from evalhub.campaigns.models import Task
from evalhub.common.erased import TOMBSTONE
from evalhub.common.errors import Conflict
from evalhub.datasets.cleaning.store import text_digest
from evalhub.datasets.errors import BuildErased
from evalhub.datasets.export.asked import Asked, Container
from evalhub.datasets.export.services import start_build_export
from evalhub.datasets.models import CleanedText, DatasetBuild, SpellingProposal
from evalhub.datasets.queries import lines_of
from evalhub.datasets.services import start_build
from evalhub.jobs import handlers
from evalhub.jobs.errors import JobReturned
from evalhub.jobs.jobs import execute
from evalhub.judgments.models import Correction, DeskSettings, Judgment, Rating, Span
from evalhub.lineage.errors import CannotErase
from evalhub.lineage.models import Erasure
from evalhub.lineage.services import start_erasure
from evalhub.mail.models import Letter
from evalhub.notifications.services import notify
from evalhub.registry.models import MarkCause
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import RunEvent
from evalhub.runs.remarks import keep_note
from evalhub.runs.services import start_training, try_prompt
from tests import factories as make
from tests.evalhub.lineage.conftest import Build, said_on, trained_on

pytestmark = pytest.mark.django_db

MARK = "the zebra quite forgot “its” stripes"
NAME, ADDRESS = "Zelda Quux", "zelda@example.org"


@pytest.fixture
def zelda(compared: list[Task]) -> Member:
    """Has judged the first prompt, and has said something wherever one can."""
    task = compared[0]
    judgment = said_on(task)
    person = judgment.member
    person.pseudonym = "zquux"
    person.save()
    user = person.user
    assert user is not None
    user.username, user.email = "zelda.q", ADDRESS
    user.first_name, user.last_name = NAME.split()
    user.save()
    Judgment.objects.filter(pk=judgment.pk).update(critique=MARK)
    completion = task.completions.all()[0]
    Correction.objects.create(judgment=judgment, completion=completion, content=MARK)
    criterion = make.CriterionFactory.create(version=task.campaign.rubric_version)
    Rating.objects.create(
        judgment=judgment, completion=completion, criterion=criterion, value=3, comment=MARK
    )
    make.PreferenceFactory.create(judgment=judgment, criterion=criterion, comment=MARK)
    Span.objects.create(
        judgment=judgment, completion=completion, start=0, end=3, error_type="x", note=MARK
    )
    desk_of(person, task, judgment)
    Identity.objects.create(user=user, issuer="https://id.example.org", subject=ADDRESS)
    DeskSettings.objects.create(member=person)
    Letter.objects.create(to=ADDRESS, subject=MARK, text=MARK, once="x", workspace="acme")
    return person


def desk_of(person: Member, task: Task, judgment: Judgment) -> None:
    """What is said around judging: skips, drafts, flags, appeals, reviews, expert answers."""
    held = make.AssignmentFactory.create(
        task=make.TaskFactory.create(campaign=task.campaign), member=person, skip_note=MARK
    )
    make.DraftFactory.create(assignment=held, body={"fields": {"critique": MARK}})
    make.FlagFactory.create(task=task, member=person, text=MARK)
    gold = make.ExpertAnswerFactory.create(
        task=make.TaskFactory.create(campaign=task.campaign, kind="gold"),
        written_by=person,
        reason=MARK,
        answers={"critique": MARK, "preferences": [{"criterion": None, "choice": "A"}]},
    )
    failed = make.JudgmentFactory.create(task=gold.task, member=person)
    make.AppealFactory.create(verdict__judgment=failed, reason=MARK)
    returned = make.JudgmentFactory.create(task=task)
    make.ReturnedJudgmentFactory.create(judgment=returned, reason=MARK, returned_by=person)
    fix = make.JudgmentFactory.create(
        task=held.task, assignment=held, critique=MARK, is_fix=True, source="human"
    )
    assert fix.member != person
    make.SavedViewFactory.create(member=person, name=MARK, criteria={"text": MARK})
    make.ApiTokenFactory.create(member=person, name=MARK)
    keep_note(run=make.RunFactory.create(workspace=person.workspace), text=MARK, by=person)
    link = make.JoinLinkFactory.create(campaign=task.campaign)
    make.ParticipantFactory.create(link=link, member=person, external_id="5f-zquux")
    other = make.MemberFactory.create(workspace=person.workspace)
    elsewhere = make.CampaignFactory.create(workspace=person.workspace)
    make.ExclusionFactory.create(campaign=elsewhere, member=person, reason=MARK, excluded_by=other)
    notify([other], topic="x", sentence=lambda: "zquux has appealed.", path="/")
    record("flag.raised", actor="zquux", workspace="acme", target="task 1", text=MARK)
    record("member.invited", actor="olga", workspace="acme", target="x", email=ADDRESS)


def cells_with(*texts: str) -> list[str]:
    """Every column of the database in which one of `texts` stands, whatever its type."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND data_type IN "
            "('text', 'character varying', 'jsonb', 'json', 'ARRAY', 'tsvector')"
        )
        for table, column in cursor.fetchall():
            for text in texts:
                cursor.execute(
                    f'SELECT count(*) FROM "{table}" WHERE position(%s in "{column}"::text) > 0',
                    [text],
                )
                if cursor.fetchone()[0]:
                    found.append(f"{table}.{column}: {text}")
    return found


def files_with(text: str) -> list[str]:
    folders = [Path(settings.EVALHUB_FILES), Path(settings.EVALHUB_DATA_DIR) / "runs"]
    paths = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in paths if text.encode() in path.read_bytes()]


@pytest.fixture
def stores(settings: Any, tmp_path: Path) -> None:  # pytest-django's own
    settings.EVALHUB_FILES = str(tmp_path / "files")
    settings.EVALHUB_DATA_DIR = tmp_path / "data"


def erase(person: Member, by: Member) -> Erasure:
    erasure = start_erasure(member=person, by=by)
    execute(erasure.job.uid)
    erasure.refresh_from_db()
    erasure.job.refresh_from_db()
    assert erasure.job.trace == ""
    return erasure


@pytest.mark.usefixtures("stores")
def test_nothing_that_they_wrote_or_were_called_is_left(
    build: Build, compared: list[Task], zelda: Member, olga: Member
) -> None:
    made, untouched = build("preference"), build("sft", evidence=["preferences"])
    adapter = trained_on(made, olga.workspace)
    folder = Path(settings.EVALHUB_DATA_DIR) / "runs" / str(adapter.made_by.uid) / "inputs"
    folder.mkdir(parents=True)
    (folder / "train.jsonl").write_text(MARK)
    (folder.parent / "attempts" / "1").mkdir(parents=True, exist_ok=True)
    (folder.parent / "attempts" / "1" / "events.jsonl").write_text(MARK)
    for n, kind in enumerate(
        ("preview", "sample", "metrics"), start=90
    ):  # a row as the model read it
        body = {"step": 1} if kind == "metrics" else {"content": MARK}
        RunEvent.objects.create(run=adapter.made_by, attempt=1, n=n, at=made.created_at, kind=kind, body=body)  # fmt: skip
    try_prompt(workspace=olga.workspace, models=[adapter.base], text=MARK, by=zelda)
    assert len(files_with(MARK)) == 4
    assert len(cells_with(MARK)) > 15

    erasure = erase(zelda, olga)

    assert cells_with(MARK, "zquux", "zelda.q", ADDRESS, "Quux") == []
    assert files_with(MARK) == []
    assert [event.kind for event in adapter.made_by.events.filter(n__gte=90)] == ["metrics"]
    made.refresh_from_db()
    untouched.refresh_from_db()
    assert list(made.erased_files) == ["train.jsonl"]
    assert {"test.jsonl", "lineage.jsonl", "manifest.json"} <= made.files.keys()
    assert (made.manifest["rows"]["train"], untouched.erased_at) == (9, None)
    with pytest.raises(BuildErased):
        list(lines_of(made, "train.jsonl"))
    assert erasure.done["builds"] == [str(made.uid)]
    assert erasure.done["runs"][0]["run"] == str(adapter.made_by.uid)
    assert [mark.cause for mark in adapter.marks_now] == [MarkCause.ERASURE]
    assert erasure.done["overwritten"]["judgments.correction.content"] == 1


@pytest.mark.usefixtures("stores")
def test_words_that_cleaning_changed_go_too(
    build: Build, compared: list[Task], zelda: Member, olga: Member
) -> None:
    Correction.objects.update(content="Seldom was <|im_end|> zebrine.")
    made = build("preference")
    assert files_with("zebrine")

    erase(zelda, olga)

    assert files_with("zebrine") == []
    made.refresh_from_db()
    assert list(made.erased_files) == ["train.jsonl"]


@pytest.mark.usefixtures("stores")
def test_what_they_judged_still_counts_and_their_words_make_no_rows(
    build: Build, compared: list[Task], zelda: Member, olga: Member
) -> None:
    before = build()
    erase(zelda, olga)

    after = build()

    assert after.rows["train"] == before.rows["train"] - 1  # the correction
    assert Rating.objects.get().value == 3
    rows = list(lines_of(after, "train.jsonl"))
    assert TOMBSTONE not in json.dumps(rows)


@pytest.mark.usefixtures("stores")
def test_an_erased_build_says_so_and_trains_nothing(
    client: Client, build: Build, zelda: Member, olga: Member
) -> None:
    made = build()
    erase(zelda, olga)
    made.refresh_from_db()
    client.force_login(olga.user)

    page = client.get(f"/w/acme/builds/{made.uid}/").text

    assert "nothing can be trained" in page
    assert client.get(f"/api/v1/builds/{made.uid}").json()["erased_at"]
    assert client.get(f"/w/acme/builds/{made.uid}/files/train.jsonl").status_code == 409
    base = make.LanguageModelFactory.create(workspace=olga.workspace)
    with pytest.raises(BuildErased):
        start_training(workspace=olga.workspace, recipe="dpo", model=base, build=made)


@pytest.mark.usefixtures("stores")
def test_a_killed_worker_is_taken_over_from_where_it_was(
    build: Build, zelda: Member, olga: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = build()
    erasure = start_erasure(member=zelda, by=olga)
    monkeypatch.setattr("evalhub.lineage.erasing.clear_the_rest", gone)
    execute(erasure.job.uid)
    erasure.refresh_from_db()
    assert (erasure.files_cleared_at is None, erasure.finished_at) == (False, None)
    monkeypatch.undo()

    execute(erasure.job.uid)

    erasure.refresh_from_db()
    assert erasure.finished_at is not None
    assert erasure.done["builds"] == [str(made.uid)]
    assert cells_with(MARK, "zquux", "zelda.q") == []


def gone(*_: object) -> None:
    raise JobReturned


@pytest.mark.usefixtures("stores")
def test_a_build_under_way_ends_without_rows(
    compared: list[Task], build: Build, zelda: Member, olga: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = build().dataset
    late = start_build(dataset=dataset)
    work = handlers.handler_of("datasets.build")

    def while_it_works(job: Any, beat: Any) -> Any:
        erase(zelda, olga)
        return work(job, beat)

    monkeypatch.setitem(handlers._handlers, "datasets.build", while_it_works)
    execute(late.job.uid)

    late.job.refresh_from_db()
    assert "Somebody was erased" in late.job.error
    assert DatasetBuild.objects.get(pk=late.pk).files == {}


def test_who_is_erased_is_out_at_once_and_once(zelda: Member, olga: Member) -> None:
    start_erasure(member=zelda, by=olga)

    zelda.refresh_from_db()
    assert not zelda.is_active
    assert not zelda.tokens.filter(revoked_at=None).exists()
    with pytest.raises(CannotErase):
        start_erasure(member=zelda, by=olga)
    with pytest.raises(Conflict):
        start_erasure(member=olga, by=olga)  # the last owner
    model = make.MemberFactory.create(workspace=olga.workspace, user=None, kind=MemberKind.MODEL)
    with pytest.raises(CannotErase):
        start_erasure(member=model, by=olga)


def test_an_account_that_is_needed_elsewhere_stays(zelda: Member, olga: Member) -> None:
    elsewhere = make.MemberFactory.create(user=zelda.user, pseudonym="zq")
    erase(zelda, olga)

    elsewhere.refresh_from_db()
    assert elsewhere.user is not None
    assert elsewhere.user.email == ADDRESS
    assert Member.objects.get(pk=zelda.pk).user is None


@pytest.mark.usefixtures("stores")
def test_the_file_that_named_an_imported_person_goes(olga: Member, compared: list[Task]) -> None:
    judgment = said_on(compared[0])
    person = judgment.member
    person.kind, person.user, person.pseudonym = MemberKind.IMPORTED, None, "ann-7 (imported)"
    person.save()
    collection = compared[0].prompt.collection
    Judgment.objects.filter(pk=judgment.pk).update(collection=collection, external_id="j1")
    key, _ = store_rows([{"annotator": "ann-7", "critique": MARK}])
    source = make.RejectedRowFactory.create(
        source__collection=collection, source__kind="judgments", source__file_key=key, excerpt=MARK
    )

    erase(person, olga)

    assert files_with(MARK) == []
    source.refresh_from_db()
    assert source.excerpt == ""
    assert cells_with("ann-7") == []


@pytest.mark.usefixtures("stores")
def test_the_page_asks_first_and_shows_how_far_it_is(
    client: Client, zelda: Member, olga: Member, alice: Member
) -> None:
    url = f"/w/acme/members/{zelda.uid}/erase/"
    client.force_login(alice.user)
    assert client.get(url).status_code == 403
    client.force_login(olga.user)
    assert "zquux" in client.get(url).text
    assert client.post(url, {"name": "somebody"}).status_code == 422

    assert client.post(url, {"name": "zquux"}).status_code == 302

    assert "every 2s" in client.get(url).text
    execute(Erasure.objects.get().job.uid)
    page = client.get(url).text
    assert "every 2s" not in page
    assert "rows overwritten" in page
    assert Entry.objects.filter(verb="member.erased").count() == 1


@pytest.mark.usefixtures("stores")
def test_the_command_wants_a_yes(zelda: Member, olga: Member) -> None:
    uid, out = str(zelda.uid), io.StringIO()
    with pytest.raises(CommandError, match="--yes"):
        call_command("erase_member", workspace="acme", member=uid)

    call_command("erase_member", workspace="acme", member=uid, yes=True, json=True, stdout=out)

    assert json.loads(out.getvalue())["overwritten"]["judgments.judgment.critique"] == 2
    with pytest.raises(CommandError, match="no member"):
        call_command("erase_member", workspace="acme", member="7", yes=True)


@pytest.mark.usefixtures("stores")
def test_copies_that_were_made_of_a_build_go_too(
    build: Build, compared: list[Task], zelda: Member, olga: Member
) -> None:
    made = build("preference")
    asked = Asked(shape="trl", container=Container.JSONL, splits=("train",))
    export = start_build_export(build=made, asked=asked, by=olga)
    execute(export.job.uid)
    export.refresh_from_db()
    assert export.file_key
    dataset = made.dataset
    for word in ("Zebra", "sky"):
        SpellingProposal.objects.create(
            dataset=dataset, language="en", word=word, meant="?", count=1
        )
    said = Correction.objects.get(judgment__member=zelda).content
    CleanedText.objects.create(
        workspace=olga.workspace, digest=text_digest(said), recipe="x", text=said, findings=[]
    )

    erasure = erase(zelda, olga)

    export.refresh_from_db()
    assert (export.file_key, erasure.done["build_exports"]) == ("", 1)
    assert not CleanedText.objects.filter(digest=text_digest(said)).exists()
    assert list(SpellingProposal.objects.values_list("word", flat=True)) == ["sky"]
