"""Signing in by an identity provider: who gets in, and what none may talk us into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.http import HttpResponse
from django.test import Client

from evalhub.accounts import invitations
from evalhub.accounts.errors import InvitationOver
from evalhub.accounts.models import Identity, Member, User, Workspace
from evalhub.accounts.roster import apply_roster, plan_roster
from evalhub.audit.models import Entry
from evalhub.common.errors import Conflict
from evalhub.common.identity_provider import IdentityProvider, Joining
from tests.factories import UserFactory
from tests.identity_provider import CLIENT, CODE, SECRET, SpokenProvider, spoken_provider

ZOE = {"sub": "zoe-1", "email": "zoe@x.org", "email_verified": True}


@pytest.fixture(scope="module")
def _spoken() -> Iterator[SpokenProvider]:
    with spoken_provider() as provider:
        yield provider


@pytest.fixture
def spoken(_spoken: SpokenProvider, settings: Any) -> SpokenProvider:
    _spoken.claims, _spoken.user_info, _spoken.algorithm = dict(ZOE), {}, "RS256"
    _spoken.published, _spoken.announced_issuer = _spoken.key, _spoken.issuer
    settings.EVALHUB_OIDC = IdentityProvider(_spoken.issuer, CLIENT, SECRET, "Acme ID")
    return _spoken


@pytest.fixture
def zoe(acme: Workspace) -> Member:
    """Invited under her address; she has no password."""
    return invitations.invite(
        workspace=acme, username="zoe", email="Zoe@x.org", roles=["annotator"]
    ).member


def go_and_return(
    client: Client, spoken: SpokenProvider, *, then: str = "", **sent: str
) -> HttpResponse:
    """What a browser does: to the provider with our question, and back with its answer."""
    away = client.get("/sign-in/oidc/", {"next": then})
    assert away.status_code == 302
    question = {
        name: value[0] for name, value in parse_qs(urlsplit(away.headers["Location"]).query).items()
    }
    assert question["code_challenge_method"] == "S256"
    assert question["redirect_uri"] == "http://testserver/sign-in/oidc/callback/"
    assert set(question["scope"].split()) == {"openid", "profile", "email"}
    spoken.challenge = question["code_challenge"]
    spoken.claims.setdefault("nonce", question["nonce"])
    answer = {"code": CODE, "state": question["state"]} | sent
    return client.get("/sign-in/oidc/callback/", answer)  # type: ignore[return-value]  # a view's


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_whoever_was_invited_takes_the_account_over_and_comes_again(
    client: Client, spoken: SpokenProvider, zoe: Member
) -> None:
    first = go_and_return(client, spoken, then="/w/acme/my-work/")
    assert first.headers["Location"] == "/w/acme/my-work/"
    assert is_signed_in(client)
    assert client.get("/w/acme/").status_code == 200
    client.post("/sign-out/")
    spoken.claims = ZOE | {"email": "married@x.org"}  # the subject counts, not the address
    assert go_and_return(client, spoken).headers["Location"] == "/"
    assert is_signed_in(client)
    assert Identity.objects.get().user == zoe.user
    verbs = Entry.objects.filter(workspace="acme", verb__startswith="account.")
    assert sorted(verbs.values_list("verb", flat=True)) == [
        "account.linked",
        "account.signed_in",
        "account.signed_in",
    ]


@pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example/", "javascript:x"])
def test_the_way_back_stays_on_this_host(
    client: Client, spoken: SpokenProvider, zoe: Member, there: str
) -> None:
    assert go_and_return(client, spoken, then=there).headers["Location"] == "/"


@pytest.mark.parametrize(
    ("wrong", "sent"),
    [
        ({}, {"state": "forged"}),
        ({"nonce": "of another sign-in"}, {}),
        ({"nonce": None}, {}),
        ({"iss": "http://127.0.0.1:1"}, {}),
        ({"aud": "another-client"}, {}),
        ({"exp": 1}, {}),
        ({"sub": ""}, {}),
        ({}, {"code": "stolen"}),
        ({}, {"error": "access_denied"}),
    ],
)
def test_what_does_not_answer_our_question_is_refused(
    client: Client, spoken: SpokenProvider, zoe: Member, wrong: dict[str, Any], sent: dict[str, str]
) -> None:
    spoken.claims |= wrong
    answer = go_and_return(client, spoken, **sent)
    assert answer.status_code == 403
    assert "did not work" in answer.content.decode()
    assert not is_signed_in(client)


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_a_token_without_a_public_signature_is_refused(
    client: Client, spoken: SpokenProvider, zoe: Member, algorithm: str
) -> None:
    spoken.algorithm = algorithm
    assert go_and_return(client, spoken).status_code == 403
    assert not is_signed_in(client)


def test_a_token_signed_with_another_key_is_refused(
    client: Client, spoken: SpokenProvider, zoe: Member
) -> None:
    spoken.published = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert go_and_return(client, spoken).status_code == 403


def test_an_answer_opens_once_and_only_in_the_browser_that_asked(
    client: Client, spoken: SpokenProvider, zoe: Member
) -> None:
    away = client.get("/sign-in/oidc/")
    question = parse_qs(urlsplit(away.headers["Location"]).query)
    spoken.challenge = question["code_challenge"][0]
    spoken.claims["nonce"] = question["nonce"][0]
    answer = {"code": CODE, "state": question["state"][0]}
    assert Client().get("/sign-in/oidc/callback/", answer).status_code == 403
    assert client.get("/sign-in/oidc/callback/", answer).status_code == 302
    client.post("/sign-out/")
    assert client.get("/sign-in/oidc/callback/", answer).status_code == 403


def test_nobody_adds_to_the_question_that_is_sent(
    client: Client, spoken: SpokenProvider, db: None
) -> None:
    more = {"auth_params": "nonce=mine&prompt=none", "scope": "admin", "process": "connect"}
    asked = client.get("/sign-in/oidc/", more).headers["Location"]
    assert "mine" not in asked
    assert "admin" not in asked


def test_a_provider_that_calls_itself_otherwise_is_not_asked(
    client: Client, spoken: SpokenProvider
) -> None:
    spoken.announced_issuer = "https://login.example"
    assert client.get("/sign-in/oidc/").status_code == 403


def test_a_provider_that_is_away_is_no_failure_of_ours(
    client: Client, spoken: SpokenProvider, settings: Any
) -> None:
    settings.EVALHUB_OIDC = replace(settings.EVALHUB_OIDC, issuer="http://127.0.0.1:1")
    answer = client.get("/sign-in/oidc/")
    assert answer.status_code == 403
    assert "Signing in with Acme ID did not work." in answer.content.decode()


@pytest.mark.parametrize("verified", [False, None, "false", 0])
def test_an_address_that_nobody_confirmed_links_nothing(
    client: Client, spoken: SpokenProvider, zoe: Member, verified: object
) -> None:
    spoken.claims["email_verified"] = verified
    answer = go_and_return(client, spoken)
    assert "does not say that your e-mail address is yours" in answer.content.decode()
    assert not Identity.objects.exists()


def test_an_account_with_a_password_is_never_linked_by_its_address(
    client: Client, spoken: SpokenProvider, acme: Workspace
) -> None:
    """Whoever writes a list of members can write any address into it."""
    UserFactory.create(username="ann", email="zoe@x.org")
    answer = go_and_return(client, spoken)
    assert "sign in with the password" in answer.content.decode()
    assert not is_signed_in(client)


def test_a_stranger_is_refused_and_told_what_to_do(
    client: Client, spoken: SpokenProvider, acme: Workspace
) -> None:
    answer = go_and_return(client, spoken)
    assert "Nobody has invited zoe@x.org." in answer.content.decode()
    assert not User.objects.exists()


def test_a_stranger_joins_where_the_instance_says_so(
    client: Client, spoken: SpokenProvider, acme: Workspace, settings: Any
) -> None:
    settings.EVALHUB_OIDC = replace(settings.EVALHUB_OIDC, joining=Joining("acme", "annotator"))
    assert go_and_return(client, spoken).status_code == 302
    member = Member.objects.get(user__username="zoe@x.org")
    assert member.roles == ["annotator"]
    assert "zoe" not in member.pseudonym


def test_only_addresses_of_the_domains_enter_whoever_is_linked(
    client: Client, spoken: SpokenProvider, zoe: Member, settings: Any
) -> None:
    go_and_return(client, spoken)
    client.logout()
    settings.EVALHUB_OIDC = replace(settings.EVALHUB_OIDC, domains=("y.org",))
    spoken.claims = ZOE | {"email": "zoe@x.org"}
    assert "Only addresses of y.org" in go_and_return(client, spoken).content.decode()
    spoken.claims = ZOE | {"email": "zoe@evil-y.org"}
    assert go_and_return(client, spoken).status_code == 403


def test_a_closed_account_stays_closed(client: Client, spoken: SpokenProvider, zoe: Member) -> None:
    go_and_return(client, spoken)
    client.logout()
    User.objects.update(is_active=False)
    spoken.claims = dict(ZOE)
    assert "This account is closed." in go_and_return(client, spoken).content.decode()
    assert not is_signed_in(client)


def test_an_address_that_was_given_to_another_person_opens_nothing(
    client: Client, spoken: SpokenProvider, zoe: Member
) -> None:
    go_and_return(client, spoken)
    client.logout()
    spoken.claims = ZOE | {"sub": "zoe-2"}
    assert go_and_return(client, spoken).status_code == 403
    assert not is_signed_in(client)


def test_no_link_sets_a_password_beside_a_provider(
    client: Client, spoken: SpokenProvider, zoe: Member, olga: Member
) -> None:
    """Else the owner of one workspace could make a password for a linked account."""
    link = invitations.invite_again(member=zoe, by=olga).path
    assert link is not None
    go_and_return(client, spoken)
    with pytest.raises(Conflict, match="identity provider"):
        invitations.invite_again(member=zoe, by=olga)
    name, token = link.strip("/").split("/")[1:]
    with pytest.raises(InvitationOver):
        invitations.invited_user(name, token)


def test_what_the_id_token_leaves_out_comes_from_the_user_information(
    client: Client, spoken: SpokenProvider, zoe: Member
) -> None:
    spoken.user_info, spoken.claims = ZOE, {"sub": "zoe-1"}
    assert go_and_return(client, spoken).status_code == 302


def test_user_information_about_somebody_else_is_refused(
    client: Client, spoken: SpokenProvider, zoe: Member
) -> None:
    spoken.user_info, spoken.claims = ZOE, {"sub": "mallory"}
    assert go_and_return(client, spoken).status_code == 403


def test_people_of_a_list_are_invited_by_their_address(
    client: Client, spoken: SpokenProvider, acme: Workspace, olga: Member
) -> None:
    text = "email\nzoe@x.org\n"
    digest = plan_roster(workspace=acme, text=text).digest
    apply_roster(workspace=acme, text=text, digest=digest, by=olga)
    assert go_and_return(client, spoken).status_code == 302
    assert Identity.objects.get().user.username == "zoe@x.org"


def test_where_it_is_the_only_way_passwords_open_nothing(
    client: Client,
    spoken: SpokenProvider,
    acme: Workspace,
    bob: Member,
    olga: Member,
    zoe: Member,
    settings: Any,
) -> None:
    settings.EVALHUB_OIDC = replace(settings.EVALHUB_OIDC, is_only_way=True)
    settings.EVALHUB_OPEN_SIGN_UP = True
    page = client.get("/sign-in/").content.decode()
    assert "Sign in with Acme ID" in page
    assert "password" not in page
    said = client.post("/sign-in/", {"username": "bob", "password": "pw-for-tests"})
    assert "Passwords are not used here." in said.content.decode()
    assert not is_signed_in(client)
    assert client.get("/sign-up/").status_code == 404
    link = invitations.invite_again(member=zoe, by=bob).path
    assert link is not None
    assert (
        client.post(link, {"password": "long-enough-to-be-one"}).headers["Location"] == "/sign-in/"
    )
    invited = {"username": "max", "email": "max@x.org", "roles": ["annotator"]}
    client.force_login(olga.user)  # type: ignore[arg-type]  # the cast have accounts
    done = client.post("/w/acme/members/add/", invited).content.decode()
    assert "They sign in with Acme ID" in done
    assert "/invitation/" not in done
    listed = "email\nmia@x.org\n"
    digest = plan_roster(workspace=acme, text=listed).digest
    done = client.post(
        "/w/acme/members/roster/", {"text": listed, "apply": digest}
    ).content.decode()
    assert "signs in with Acme ID" in done
    assert "/invitation/" not in done
    client.force_login(bob.user)  # type: ignore[arg-type]  # the cast have accounts
    assert client.get("/profile/password/").status_code == 404
    assert "/profile/password/" not in client.get("/profile/").content.decode()


def test_without_a_provider_none_of_it_is_there(client: Client, db: None) -> None:
    assert client.get("/sign-in/oidc/").status_code == 404
    assert client.get("/sign-in/oidc/callback/").status_code == 404
    assert "Sign in with" not in client.get("/sign-in/").content.decode()
