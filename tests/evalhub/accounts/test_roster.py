"""Many members from a list: previewed, then done whole or not at all."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from evalhub.accounts.errors import RosterChanged, RosterFaulty
from evalhub.accounts.models import Member, User, Workspace
from evalhub.accounts.roster import apply_roster, plan_roster
from evalhub.accounts.roster_file import read_roster
from evalhub.audit.models import Entry
from evalhub.common.errors import Conflict
from tests.factories import MemberFactory, UserFactory

HEAD = "email,pseudonym,roles,languages,groups,qualifications\n"
URL = "/w/acme/members/roster/"


@pytest.fixture
def owner(client: Client, olga: Member) -> Client:
    client.force_login(olga.user)
    return client


def faults(text: str) -> list[tuple[int, str]]:
    return [(fault.line, fault.field) for fault in read_roster(text).faults]


def test_a_row_says_who_somebody_is_and_what_they_may_judge() -> None:
    [row] = read_roster(HEAD + 'Zoe@X.org,Z,"lead, annotator",de;EN,"  Night  shift",law\n').rows
    assert (row.line, row.email, row.pseudonym) == (2, "zoe@x.org", "Z")
    assert row.roles == ["annotator", "lead"]
    assert row.words == {
        "languages": ["de", "en"],
        "groups": ["night shift"],
        "qualifications": ["law"],
    }


@pytest.mark.parametrize(
    "text", ["\ufeffemail;roles\nzoe@x.org;lead", "E-Mail\trole\nzoe@x.org\tlead"]
)
def test_spreadsheets_write_it_in_their_own_ways(text: str) -> None:
    [row] = read_roster(text).rows
    assert (row.email, row.roles) == ("zoe@x.org", ["lead"])


def test_spaces_behind_commas_do_no_harm() -> None:
    [row] = read_roster('email, name, roles\nzoe@x.org, Zoe, "lead, annotator"').rows
    assert (row.pseudonym, row.roles) == ("Zoe", ["annotator", "lead"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, "email")]),
        ("pseudonym\nZ", [(1, "email")]),
        ("email,salary\nzoe@x.org,1", [(1, "salary")]),
        ("email,email\nzoe@x.org,zoe@x.org", [(1, "email")]),
        ("email\n", [(1, "")]),
        ("email\nzoe", [(2, "email")]),
        ("email\n<script>@x.org", [(2, "email")]),
        ("email,roles\nzoe@x.org,king", [(2, "roles")]),
        ("email,roles\nzoe@x.org,", [(2, "roles")]),
        ("email\n\nzoe@x.org\nZOE@x.org", [(4, "email")]),
        ("email,name\na@x.org,Z\nb@x.org,Z", [(3, "pseudonym")]),
        ("email,groups\na@x.org," + "x" * 51, [(2, "groups")]),
        ("email,groups\na@x.org,x,y", [(2, "")]),
        ('email,name\n"a@x.org","two\nlines"\nb,B', [(4, "email")]),
        ("email\n" + "".join(f"p{n}@x.org\n" for n in range(501)), [(502, "")]),
    ],
)
def test_what_is_wrong_is_named_by_line_and_field(
    text: str, expected: list[tuple[int, str]]
) -> None:
    assert faults(text) == expected


def test_a_preview_writes_nothing(acme: Workspace) -> None:
    plan = plan_roster(workspace=acme, text=HEAD + "zoe@x.org,Z,lead,,,\n")
    assert [(step.action, step.pseudonym, step.roles) for step in plan.steps] == [
        ("add", "Z", ["lead"])
    ]
    assert not acme.members.exists()
    assert not User.objects.exists()
    assert not Entry.objects.exists()


def test_a_pseudonym_nobody_chose_keeps_the_address_to_itself(acme: Workspace) -> None:
    [step] = plan_roster(workspace=acme, text="email\nzoe@x.org").steps
    assert re.fullmatch(r"person-[0-9a-f]{8}", step.pseudonym)
    assert plan_roster(workspace=acme, text="email\nzoe@x.org").steps == [step]


def apply(workspace: Workspace, text: str, by: Member) -> list[str | None]:
    digest = plan_roster(workspace=workspace, text=text).digest
    return [
        each.path for each in apply_roster(workspace=workspace, text=text, digest=digest, by=by)
    ]


def test_new_people_get_links_and_known_accounts_are_added(
    acme: Workspace, olga: Member, client: Client
) -> None:
    UserFactory.create(username="Max@x.org")
    text = HEAD + "zoe@x.org,Z,lead,de,night,law\nmax@x.org,M,annotator,,,\n"
    link, none = apply(acme, text, olga)
    assert none is None
    assert Member.objects.get(pseudonym="M").user == User.objects.get(username="Max@x.org")
    zoe = Member.objects.get(pseudonym="Z")
    assert (zoe.roles, zoe.languages, zoe.groups) == (["lead"], ["de"], ["night"])
    assert zoe.user is not None
    assert zoe.user.email == "zoe@x.org"
    assert link is not None
    assert client.get(link).status_code == 200
    verbs = Entry.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == [
        "member.added",
        "member.eligibility_set",
        "member.added",
        "members.imported",
    ]


def test_a_column_that_is_not_there_changes_nothing(acme: Workspace, olga: Member) -> None:
    zoe = MemberFactory.create(
        workspace=acme, user__username="zoe@x.org", roles=["lead"], languages=["de"], groups=["a"]
    )
    apply(acme, "email,groups\nzoe@x.org,b", olga)
    zoe.refresh_from_db()
    assert (zoe.roles, zoe.languages, zoe.groups) == (["lead"], ["de"], ["b"])
    [step] = plan_roster(workspace=acme, text="email,groups\nzoe@x.org,b").steps
    assert step.action == "same"


def test_pseudonyms_of_others_and_of_oneself_stay(acme: Workspace, bob: Member) -> None:
    MemberFactory.create(workspace=acme, user__username="zoe@x.org", pseudonym="Z")
    plan = plan_roster(workspace=acme, text="email,name\nzoe@x.org,Zed\nmax@x.org,bob")
    assert [(fault.line, fault.field) for fault in plan.faults] == [
        (2, "pseudonym"),
        (3, "pseudonym"),
    ]


def test_one_wrong_row_stops_all(acme: Workspace, olga: Member) -> None:
    text = "email\nzoe@x.org\nnobody"
    with pytest.raises(RosterFaulty):
        apply(acme, text, olga)
    assert list(acme.members.all()) == [olga]


def test_what_was_not_previewed_is_not_done(acme: Workspace, olga: Member) -> None:
    digest = plan_roster(workspace=acme, text="email\nzoe@x.org").digest
    for text in ("email\nmax@x.org", "email,roles\nzoe@x.org,owner"):
        with pytest.raises(RosterChanged):
            apply_roster(workspace=acme, text=text, digest=digest, by=olga)
    MemberFactory.create(workspace=acme, user__username="zoe@x.org")
    with pytest.raises(RosterChanged):
        apply_roster(workspace=acme, text="email\nzoe@x.org", digest=digest, by=olga)


def test_a_list_cannot_take_the_last_owner_away(acme: Workspace) -> None:
    owner = MemberFactory.create(workspace=acme, user__username="o@x.org", roles=["owner"])
    text = "email,roles\nzoe@x.org,lead\no@x.org,lead"
    with pytest.raises(Conflict):
        apply(acme, text, owner)
    owner.refresh_from_db()
    assert owner.roles == ["owner"]
    assert not User.objects.filter(username="zoe@x.org").exists()


def test_members_of_another_workspace_are_not_ours(
    acme: Workspace, elsewhere: Workspace, olga: Member
) -> None:
    theirs = MemberFactory.create(
        workspace=elsewhere, user__username="zoe@x.org", roles=["lead"], pseudonym="Hidden"
    )
    plan = plan_roster(workspace=acme, text="email\nzoe@x.org")
    assert plan.steps[0].action == "add"
    assert "Hidden" not in repr(plan)
    apply(acme, "email,roles\nzoe@x.org,annotator", olga)
    theirs.refresh_from_db()
    assert theirs.roles == ["lead"]


def test_olga_looks_and_then_does_it(owner: Client) -> None:
    upload = SimpleUploadedFile("people.csv", b"\xef\xbb\xbfemail;name\r\nzoe@x.org;<b>Z</b>\r\n")
    shown = owner.post(URL, {"file": upload}).content.decode()
    assert "&lt;b&gt;Z&lt;/b&gt;" in shown
    assert "<b>Z" not in shown
    assert not User.objects.filter(username="zoe@x.org").exists()
    [digest] = re.findall(r'name="apply" value="(\w+)"', shown)
    done = owner.post(URL, {"text": "email;name\r\nzoe@x.org;<b>Z</b>\r\n", "apply": digest})
    assert "/invitation/zoe@x.org/" in done.content.decode()
    assert "no-store" in done.headers["Cache-Control"]


def test_a_wrong_row_is_shown_with_its_remedy_and_nothing_to_press(owner: Client) -> None:
    shown = owner.post(URL, {"text": "email\nzoe@x.org\nnobody"}).content.decode()
    assert "Write one e-mail address" in shown
    assert 'name="apply"' not in shown


def test_an_old_preview_is_refused_and_shown_anew(owner: Client) -> None:
    shown = owner.post(URL, {"text": "email\nzoe@x.org", "apply": "0" * 64}).content.decode()
    assert "look once more" in shown
    assert 'name="apply"' in shown
    assert not User.objects.filter(username="zoe@x.org").exists()


@pytest.mark.parametrize("content", [b"email\nzo\xeb@x.org", b"email\x00", b"", b"x" * 1_000_001])
def test_a_file_that_is_no_text_is_said_at_the_form(owner: Client, content: bytes) -> None:
    upload = SimpleUploadedFile("people.csv", content)
    shown = owner.post(URL, {"file": upload})
    assert shown.status_code == 200
    assert 'name="apply"' not in shown.content.decode()


def test_nobody_but_an_owner_gets_there(client: Client, alice: Member) -> None:
    client.force_login(alice.user)
    assert client.get(URL).status_code == 403
    assert client.post(URL, {"text": "email\nzoe@x.org"}).status_code == 403
