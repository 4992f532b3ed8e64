"""Cross-site request forgery: another site's form, sent with our reader's cookies."""

from __future__ import annotations

from django.conf import settings
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from evalhub.accounts.models import Member
from tests.security.routes import all_routes
from tests.security.world import World

REFUSED, WRONG_TYPE = {403, 405}, 415
FORM = encode_multipart(BOUNDARY, {"name": "x"})


def test_no_post_with_a_session_is_taken_without_its_csrf_token(world: World, olga: Member) -> None:
    """Pages and API alike: a session comes along by itself, a bearer token does not."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    assert olga.user is not None
    client.force_login(olga.user)
    taken = []
    for route in all_routes():
        url = next(route.urls(world))
        for send in (client.post, client.put, client.patch, client.delete):
            as_json = send(url, {"name": "x"}, content_type="application/json").status_code
            as_form = client.generic(
                send.__name__.upper(), url, FORM, MULTIPART_CONTENT
            ).status_code
            if not {as_json, as_form} <= REFUSED | {WRONG_TYPE} or as_json == as_form == WRONG_TYPE:
                taken.append(f"{send.__name__} {url} -> {as_json}, {as_form}")
    assert taken == []


def test_the_session_cookie_is_kept_from_scripts_and_from_other_sites() -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"


def test_signing_in_never_leads_to_another_host(client: Client, olga: Member) -> None:
    """Open redirect: `next` is a path of ours or nothing."""
    assert olga.user is not None
    for target in ("https://evil.example/", "//evil.example/", "javascript:evil()", "\\\\evil"):
        body = {"username": olga.user.username, "password": "pw-for-tests", "next": target}
        answer = client.post("/sign-in/", body)
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/"
        client.logout()
