"""Who may do what, and what a token is."""

from __future__ import annotations

import pytest

from evalhub.accounts.access import access_member
from evalhub.accounts.acting import acting_by_digest
from evalhub.accounts.errors import NameTaken
from evalhub.accounts.models import ApiToken, Member
from evalhub.accounts.services import (
    add_member,
    create_token,
    create_workspace,
    imported_member,
    revoke_token,
    set_active,
    set_roles,
)
from evalhub.audit.models import Entry
from evalhub.common.canonical import sha256_of
from evalhub.common.errors import Conflict, Forbidden, NotFound

pytestmark = pytest.mark.django_db


def test_a_strangers_workspace_and_an_absent_one_answer_the_same(
    charlie: Member, bob: Member
) -> None:
    assert charlie.user is not None
    with pytest.raises(NotFound) as hidden:
        access_member(charlie.user, "acme", to="view")
    with pytest.raises(NotFound) as absent:
        access_member(charlie.user, "no-such", to="view")
    assert str(hidden.value) == str(absent.value)


def test_a_role_opens_what_it_is_for(alice: Member, bob: Member) -> None:
    assert alice.user is not None
    assert bob.user is not None
    assert access_member(alice.user, "acme", to="lead") == alice
    with pytest.raises(Forbidden, match="lead"):
        access_member(bob.user, "acme", to="lead")


def test_an_owner_may_do_everything(olga: Member) -> None:
    assert olga.user is not None
    for act in ("view", "judge", "watch", "lead", "engineer", "own"):
        assert access_member(olga.user, "acme", to=act) == olga


def test_a_demotion_counts_on_the_next_request(alice: Member, olga: Member) -> None:
    assert alice.user is not None
    set_roles(member=alice, roles=["annotator"], by=olga)
    with pytest.raises(Forbidden):
        access_member(alice.user, "acme", to="lead")
    assert Entry.objects.get(verb="member.roles_set").details == {
        "before": ["lead"],
        "after": ["annotator"],
    }


def test_the_last_owner_stays(olga: Member) -> None:
    with pytest.raises(Conflict):
        set_roles(member=olga, roles=["lead"], by=olga)
    with pytest.raises(Conflict):
        set_active(member=olga, active=False, by=olga)
    olga.refresh_from_db()
    assert olga.roles == ["owner"]
    assert olga.is_active


def test_a_tokens_text_is_stored_nowhere(bob: Member) -> None:
    made = create_token(member=bob, name="laptop")
    stored = str(list(ApiToken.objects.values())) + str(list(Entry.objects.values()))
    assert made.text not in stored
    acting = acting_by_digest(sha256_of(made.text))
    assert acting is not None
    assert acting.member_id == bob.pk


def test_a_revoked_token_opens_nothing(bob: Member) -> None:
    made = create_token(member=bob, name="laptop")
    revoke_token(token=made.token, by=bob)
    assert acting_by_digest(sha256_of(made.text)) is None


def test_a_deactivated_members_token_opens_nothing(bob: Member, olga: Member) -> None:
    made = create_token(member=bob, name="laptop")
    set_active(member=bob, active=False, by=olga)
    assert acting_by_digest(sha256_of(made.text)) is None


def test_names_are_taken_once(bob: Member) -> None:
    with pytest.raises(NameTaken):
        create_workspace(slug="acme", name="Another")
    with pytest.raises(NameTaken):
        add_member(workspace=bob.workspace, pseudonym="bob", roles=["annotator"])


def test_a_person_named_in_a_file_is_one_member_who_cannot_sign_in(bob: Member) -> None:
    first = imported_member(workspace=bob.workspace, name="ann-7")
    assert imported_member(workspace=bob.workspace, name="ann-7") == first
    assert first.user is None
