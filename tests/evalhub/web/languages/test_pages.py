"""An annotator who asks for German gets German: every page, whole."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.invitations import invite
from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, PayRate
from evalhub.gold.models import GoldVerdict
from evalhub.judgments.models import Judgment, PayRun
from tests.evalhub.web.languages.conftest import ASKS, Scene
from tests.evalhub.web.languages.page import left_out
from tests.factories import AssignmentFactory, GuidelinesFactory, JudgmentFactory

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
STATES = ("drafts", "submitted", "skipped", "returned", "questions")


def fields_of(html: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))


def html_of(answer: Any) -> str:  # what a test client answers has no type of its own
    return str(answer.content.decode())


def check_all(pages: list[Any]) -> None:
    """Each is a page, and nothing of its interface is left out."""
    for page in pages:
        html = re.sub(r'<p class="secret">.*?</p>|<time .*?</time>', "", html_of(page))
        assert "⟦" in html
        assert left_out(html) == [], page.request["PATH_INFO"]


def named_in_greek(member: Member) -> Member:
    member.pseudonym = "Όλγα"
    member.save()
    return member


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
def test_nothing_is_left_out_of_the_members(german: Client, scene: Scene, olga: Member) -> None:
    german.force_login(named_in_greek(olga).user)
    base = "/w/acme/members/"
    wrong = "1,2\n3@4.5,6\n"
    new = {"username": "1@2.34", "pseudonym": "Ζωή", "roles": "annotator"}
    pages = [
        german.get(f"{base}add/"),
        german.post(f"{base}add/", new),
        german.get(f"{base}roster/"),
        german.post(f"{base}roster/", {"text": wrong}),
        german.get(f"{base}{scene.bob.uid}/"),
    ]
    assert {page.status_code for page in pages} == {200}
    assert "⟦Die erste Zeile nennt die Spalten" in html_of(pages[3])
    check_all(pages)
    listed = html_of(german.get(base))
    listed = re.sub(r"<time .*?</time>", "", listed)
    named = r'<td data-label="⟦(Rollen|Meldet sich an als)⟧">.*?</td>|<th scope="row">.*?</th>'
    assert left_out(re.sub(named, "", listed)) == []


@pytest.mark.usefixtures("marked")
def test_nothing_is_left_out_of_pay(german: Client, scene: Scene, olga: Member) -> None:
    german.force_login(named_in_greek(olga).user)
    scene.bob.user.username = "βασίλης"
    scene.bob.user.save()
    campaign = scene.campaigns["comparison"]
    held = AssignmentFactory.create(task__campaign=campaign, member=scene.bob, state="submitted")
    JudgmentFactory.create(task=held.task, member=scene.bob, assignment=held)
    PayRate.objects.create(
        campaign=campaign,
        unit="task",
        amount=1,
        currency="EUR",
        since=LONG_AGO,
        created_by=olga,
    )
    Judgment.objects.update(created_at=LONG_AGO, judged_at=LONG_AGO)
    base = "/w/acme/"
    pages = [german.get(f"{base}pay/?begin=2020-01-01&end=2100-01-01")]
    german.post(f"{base}pay-runs/close/", {"end": "2026-01-31"})
    run = PayRun.objects.get()
    rest = ("pay/", f"pay-runs/{run.uid}/", "groups/", "groups/pay/", "limits/")
    check_all([*pages, *(german.get(f"{base}{part}") for part in rest)])


PARTS = (
    "", "edit/", "guidelines/edit/", "pace/", "price/", "alerts/", "disputes/", "consensus/",
    "exclusions/", "reviews/", "gold/", "expert/", "pilot/", "report-links/", "exports/",
)  # fmt: skip


@pytest.mark.usefixtures("marked")
def test_nothing_is_left_out_of_a_campaign_for_its_lead(
    german: Client, scene: Scene, alice: Member
) -> None:
    german.force_login(named_in_greek(alice).user)
    own = scene.desk("comparison", "")
    pages = [german.get(f"{own}{part}") for part in PARTS]
    pages += [german.get(f"/w/acme/{part}/") for part in ("campaigns", "flags", "reviews")]
    assert {page.status_code for page in pages} == {200}
    check_all(pages)


@pytest.mark.usefixtures("marked")
def test_the_check_finds_what_it_looks_for(bobs: Client, scene: Scene) -> None:
    scene.bob.workspace.name = "Acme"
    scene.bob.workspace.save()
    assert "Acme" in left_out(html_of(bobs.get("/w/acme/")))
