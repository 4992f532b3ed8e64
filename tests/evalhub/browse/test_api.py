"""The rows of Browse for programs: the page's filters, and its walk."""

from __future__ import annotations

from base64 import b64encode

from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from tests import factories as make
from tests.evalhub.browse.scenes import judged, signed_in, task


def test_the_filters_of_the_page_find_the_same_rows(
    client: Client, campaign: Campaign, alice: Member
) -> None:
    blue, red = task(campaign, "Why is the sky blue?"), task(campaign, "Why is Mars red?")
    said = judged(blue, is_extra=True)
    judged(red)
    api = signed_in(client, alice)
    asked = {
        "prompts": {"text": "blue"},
        "tasks": {"text": "blue", "campaign": str(campaign.uid)},
        "judgments": {"mark": "extra"},
    }
    wanted = {"prompts": blue.prompt, "tasks": blue, "judgments": said}
    for kind, filters in asked.items():
        told = api.get(f"/api/v1/browse/{kind}", filters).json()
        assert [row["uid"] for row in told["results"]] == [str(wanted[kind].uid)], kind
        assert (told["count"], told["next"]) == (1, None)
    row = api.get("/api/v1/browse/judgments", asked["judgments"]).json()["results"][0]
    assert (row["annotator"], row["marks"]) == (said.member.pseudonym, ["extra"])


def test_a_completion_names_its_model(client: Client, alice: Member) -> None:
    made = make.CompletionFactory.create(prompt__collection__workspace=alice.workspace)
    api = signed_in(client, alice)
    asked = {"model": str(made.generation.model.uid)}
    (row,) = api.get("/api/v1/browse/completions", asked).json()["results"]
    assert (row["uid"], row["model"]) == (str(made.uid), made.generation.model.name)


def test_a_walk_meets_every_row_once(client: Client, campaign: Campaign, alice: Member) -> None:
    made = [str(task(campaign).uid) for _ in range(5)]
    api, found, url = signed_in(client, alice), [], "/api/v1/browse/tasks?state=open&limit=2"
    while url:
        told = api.get(url).json()
        found += [row["uid"] for row in told["results"]]
        url = told["next"]
    assert found == made[::-1]
    for cursor in ("x", b64encode(f"p={campaign.uid}".encode()).decode()):
        told = api.get("/api/v1/browse/tasks", {"cursor": cursor})
        assert (told.status_code, told.json()["code"]) == (404, "not_found")


def test_a_filter_that_is_none_is_refused_and_not_left_out(client: Client, alice: Member) -> None:
    api = signed_in(client, alice)
    for asked in ("colour=blue", "archived=perhaps", "slice=de", "collection=none-such"):
        told = api.get(f"/api/v1/browse/prompts?{asked}")
        assert told.status_code == 400
        assert told.json()["code"] == "invalid"
        assert list(told.json()["fields"]) == [asked.partition("=")[0]]


def test_who_reviews_sees_no_models(client: Client, alice: Member) -> None:
    rita = make.MemberFactory.create(workspace=alice.workspace, roles=["reviewer"])
    assert signed_in(client, rita).get("/api/v1/browse/prompts").status_code == 403
