"""An annotator who asks for German gets German: every page, whole."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.invitations import invite
from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.gold.models import GoldVerdict
from tests.evalhub.web.languages.conftest import ASKS, Scene
from tests.evalhub.web.languages.page import left_out
from tests.factories import GuidelinesFactory

pytestmark = pytest.mark.django_db
STATES = ("drafts", "submitted", "skipped", "returned", "questions")


def fields_of(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))


def html_of(answer: Any) -> str:  # what a test client answers has no type of its own
    return str(answer.content.decode())


def check_all(pages: list[Any]) -> None:
    """Each is a page, and nothing of its interface is left out."""
    for page in pages:
        html = re.sub(r'<p class="secret">.*?</p>', "", html_of(page))
        assert "⟦" in html
        assert left_out(html) == [], page.request["PATH_INFO"]


@pytest.fixture
def bobs(german: Client, scene: Scene) -> Client:
    german.force_login(scene.bob.user)
    return german


# By the browser's wish, or one's own


def test_the_browser_says_which_language(german: Client, bob: Member) -> None:
    page = html_of(german.get("/sign-in/"))
    assert '<html lang="de">' in page
    assert ">Anmelden</button>" in page
    assert "Benutzername" in page
    german.force_login(bob.user)
    home = html_of(german.get("/w/acme/"))
    assert "Noch nichts zu beurteilen" in home
    assert "Meine Arbeit" in home
    missing = html_of(german.get("/w/acme/nothing/"))
    assert "Nicht gefunden" in missing
    assert "Zur Startseite" in missing


def test_ones_own_choice_counts_more_than_the_browsers(client: Client, bob: Member) -> None:
    client.force_login(bob.user)
    assert '<html lang="en">' in html_of(client.get("/profile/"))
    client.post("/profile/language/", {"language": "de", "next": "/profile/"})
    assert client.cookies["django_language"]["max-age"] == 365 * 24 * 3600
    page = html_of(client.get("/profile/"))
    assert '<html lang="de">' in page
    assert "Passwort ändern" in page


def test_plurals_decimals_and_dates_are_german(bobs: Client) -> None:
    mine = html_of(bobs.get("/w/acme/my-work/"))
    assert "1,6 min" in mine
    assert "1 Angabe<" in mine
    assert re.search(r"\d Urteile<", mine)
    judged = html_of(bobs.get("/w/acme/my-work/submitted/"))
    assert re.search(r">\d{1,2}\. \w{3} \d{4}, \d\d:\d\d</time>", judged)


def test_an_error_says_what_is_missing_in_german(bobs: Client, scene: Scene) -> None:
    url = scene.desk("ranking")
    answer = bobs.post(url, fields_of(html_of(bobs.get(url))) | {"rank.A": "1"})
    assert answer.status_code == 422
    assert "Bewerten Sie Κριτήριο 0 von Antwort A; das ist nötig." in html_of(answer)
    Campaign.objects.update(state="paused")
    assert "pausiert; dort gibt es jetzt nichts zu beurteilen." in html_of(bobs.get(url))


def test_an_english_client_of_the_api_reads_english(client: Client, bob: Member) -> None:
    client.force_login(bob.user)
    assert client.get("/w/acme/members/").status_code == 403
    answer = client.post("/api/v1/campaigns/2f6f4a3e-6b0f-4b43-9a0a-0d3a1d0f4c11/claim")
    assert answer.json()["detail"] == "No such campaign."


def test_the_kept_form_is_kept_for_each_language(bobs: Client, scene: Scene) -> None:
    url = scene.desk("label", "judge/next/")
    german = html_of(bobs.get(url))
    english = html_of(bobs.get(url, headers={"accept-language": "en"}))
    assert "Absenden und weiter" in german
    assert "weiß nicht" in german
    assert "Submit and next" in english
    assert "can’t tell" in english


# Nothing left out: each text that gettext gave stands in ⟦ ⟧, and all data is Greek


@pytest.mark.usefixtures("marked")
def test_nothing_is_left_out_before_one_is_in(
    german: Client, bob: Member, settings: Any
) -> None:  # `Any`: pytest-django's settings
    settings.EVALHUB_OPEN_SIGN_UP = True
    invited = invite(workspace=bob.workspace, username="βάσω", roles=["annotator"])
    wrong = {"username": "β", "password": "β", "name": "", "slug": "Β!"}
    pages = [
        german.get("/sign-in/"),
        german.post("/sign-in/", wrong),
        german.get("/sign-up/"),
        german.post("/sign-up/", wrong),
        german.get(invited.path or ""),
        german.post(invited.path or "", {"password": "12345"}),
        german.get(reverse("invitation", args=["β", "β"])),
        german.get("/nowhere/"),
    ]
    settings.EVALHUB_OPEN_SIGN_UP = False
    pages += [german.get("/sign-up/"), german.get("/sign-in/")]
    check_all(pages)


@pytest.mark.usefixtures("marked")
def test_nothing_is_left_out_of_home_and_profile(bobs: Client, scene: Scene) -> None:
    scene.bob.user.username = "βασίλης"
    scene.bob.user.save()
    version = scene.campaigns["rating"].rubric_version
    pages = [
        bobs.get("/?choose=1"),
        bobs.get("/w/acme/"),
        bobs.get("/profile/"),
        bobs.post("/profile/", {"timezone": "Europe/Berlin"}, follow=True),
        bobs.post("/profile/password/", {"current": "β", "password": "β"}),
        bobs.get("/w/acme/tokens/"),
        bobs.post("/w/acme/tokens/", {"name": "Όνομα"}),
        bobs.get(f"/w/acme/rubrics/{version.uid}/"),
        bobs.get("/w/acme/members/"),
        bobs.get("/w/elsewhere/"),
    ]
    check_all(pages)


@pytest.mark.usefixtures("marked")
def test_nothing_is_left_out_of_my_work(bobs: Client, scene: Scene) -> None:
    look = f"/w/acme/judgments/{scene.judgment.uid}/"
    work = "/w/acme/my-work/"
    pages = [
        bobs.get(work),
        *(bobs.get(f"{work}{state}/") for state in STATES),
        *(bobs.get(f"{work}{state}/?q=β") for state in STATES),
        bobs.get(f"{work}calibration/"),
        bobs.get(f"{work}qualifications/"),
        bobs.get(f"{work}verdicts/{GoldVerdict.objects.get().uid}/appeal/"),
        bobs.get(f"{work}corrections/"),
        bobs.get(f"{work}keys/"),
        bobs.post(f"{work}keys/", {"preset": "evalhub", "key_skip": "1"}),
        bobs.post(f"{work}keys/", {"preset": "evalhub"}, follow=True),
        bobs.get(look),
        bobs.get(f"{work}judgments/{scene.judgment.uid}/revise/"),
    ]
    assert {page.status_code for page in pages} == {200, 422}
    assert "⟦Neben der Musterlösung⟧" in html_of(pages[-2])
    check_all(pages)


@pytest.mark.usefixtures("marked")
@pytest.mark.parametrize("type_", ASKS)
def test_nothing_is_left_out_of_the_desk(bobs: Client, scene: Scene, type_: str) -> None:
    url = scene.desk(type_)
    whole = bobs.get(url)
    pages = [
        whole,
        bobs.get(f"{url}next/"),
        bobs.post(url, fields_of(html_of(whole)) | {"critique": "Ναι."}),
        bobs.get(scene.desk(type_, "guidelines/")),
    ]
    Campaign.objects.update(state="paused")
    pages.append(bobs.get(url))
    Campaign.objects.update(state="open")
    GuidelinesFactory.create(campaign=scene.campaigns[type_], content="Ναι.", consent="Ναι.")
    pages += [bobs.get(url), bobs.get(f"{url}next/")]
    assert {page.status_code for page in pages} <= {200, 422}
    assert "⟦Überspringen⟧" in html_of(whole)
    check_all(pages)


@pytest.mark.usefixtures("marked")
def test_nothing_is_left_out_of_practice(bobs: Client, scene: Scene) -> None:
    url = scene.desk("comparison", "practice/")
    form = html_of(bobs.get(url))
    answers = dict.fromkeys(re.findall(r'name="((?:rating|preference)[^"]*)"', form), "1")
    answers |= {name: "A1" for name in answers if name.startswith("preference")}
    told = bobs.post(url, answers)
    assert "⟦Neben der Musterlösung⟧" in html_of(told)
    check_all([bobs.get(url), bobs.post(url, {}), told, bobs.get(f"{url}?n=9")])


@pytest.mark.usefixtures("marked")
def test_the_check_finds_what_it_looks_for(bobs: Client, scene: Scene) -> None:
    scene.bob.workspace.name = "Acme"
    scene.bob.workspace.save()
    assert "Acme" in left_out(html_of(bobs.get("/w/acme/")))
