"""A Loop can be mended, and a Round that failed goes on by what it says now."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.accounts.services import create_token
from evalhub.audit.models import Entry
from evalhub.evaluation.figures import OF_LABELS, OF_REWARDS
from evalhub.evaluation.probes import PROBED, carries
from evalhub.loops.asking import NextCampaign, Pay
from evalhub.loops.conditions import Schedule, Start
from evalhub.loops.errors import BadPolicy, RoundRunning
from evalhub.loops.gate_form import metrics_of
from evalhub.loops.models import Loop, Round
from evalhub.loops.policy import Policy, read_policy, stored
from evalhub.loops.searching import Search
from evalhub.loops.services import edit_loop, resume_round, start_round
from evalhub.loops.settings_form import (
    BETWEEN,
    UNASKED,
    LoopSettingsForm,
    NewLoopForm,
    values_of,
)
from evalhub.runs.models import Run
from tests.evalhub.loops.scenes import a_loop, turned
from tests.evalhub.runs.scenes import built, without_torch
from tests.factories import CollectionFactory, CriterionFactory


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


@pytest.fixture
def loop(erin: Member, tmp_path: Path) -> Loop:
    return a_loop(erin, tmp_path, evaluate={"max_new_tokens": 24})


@pytest.fixture
def failed(loop: Loop, erin: Member, monkeypatch: pytest.MonkeyPatch) -> Round:
    """A Round whose answers left nothing to compare: its message says to change the policy."""
    from evalhub.loops import choosing

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(choosing, "shapes_of", lambda *_, **__: iter(()))
        round_ = turned(start_round(loop=loop, by=erin))
    assert round_.state == "failed"
    return round_


def page(client: Client, name: str, *args: object) -> str:
    return client.get(reverse(name, args=["acme", *args])).content.decode()


def test_a_failed_round_goes_on_by_the_loops_present_policy(failed: Round, erin: Member) -> None:
    loop = failed.loop
    before = failed.policy
    edit_loop(loop=loop, by=erin, policy=before | {"campaign": {"overlap": 2}})
    round_ = turned(resume_round(round_=failed, by=erin))

    assert round_.state == "succeeded"
    assert round_.campaign is not None
    assert round_.campaign.overlap == 2
    steps = {step.kind: step.policy["campaign"]["overlap"] for step in round_.steps.all()}
    assert (steps["generate"], steps["campaign"]) == (1, 2)
    resumed = Entry.objects.get(verb="round.resumed")
    assert resumed.details["policy"] == "campaign.overlap: 1, now 2"


def test_the_page_says_by_which_policy_it_would_go_on_and_went_on(
    failed: Round, erin: Member, client: Client
) -> None:
    client.force_login(erin.user)
    assert "present policy" not in page(client, "loops:round", failed.uid)
    assert reverse("loops:edit", args=["acme", failed.loop.uid]) in page(
        client, "loops:round", failed.uid
    )
    edit_loop(loop=failed.loop, by=erin, policy=failed.policy | {"campaign": {"overlap": 2}})
    assert "present policy: campaign.overlap: 1, now 2" in page(client, "loops:round", failed.uid)

    turned(resume_round(round_=failed, by=erin))
    told = page(client, "loops:round", failed.uid)
    assert "From here on by the Loop’s newer policy: campaign.overlap: 1, now 2" in told


def test_what_is_measured_stays_comparable_whatever_the_policy_says_now(
    loop: Loop, erin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The baseline was read with 24 tokens; the candidate must be, too."""
    from tests.null_trainer import RECIPES

    def fail(*_: object) -> dict[str, float]:
        raise ValueError("not today")

    with monkeypatch.context() as meanwhile:
        meanwhile.setitem(RECIPES, "dpo", fail)
        round_ = turned(start_round(loop=loop, by=erin))
    assert round_.steps.get(kind="train").state == "failed"

    edit_loop(loop=loop, by=erin, policy=round_.policy | {"evaluate": {"max_new_tokens": 48}})
    assert turned(resume_round(round_=round_, by=erin)).state == "succeeded"
    lengths = {
        run.spec["options"]["max_new_tokens"] for run in Run.objects.filter(recipe="evaluate")
    }
    assert lengths == {24}


def test_a_running_round_keeps_its_policy_and_its_collection(loop: Loop, erin: Member) -> None:
    round_ = start_round(loop=loop, by=erin)
    edit_loop(loop=loop, by=erin, policy={"chain": "sft"}, name="Other")
    with pytest.raises(RoundRunning):
        edit_loop(loop=loop, by=erin, collection=CollectionFactory.create(workspace=loop.workspace))
    turned(round_)
    assert Run.objects.filter(recipe="dpo").exists()


def test_an_edit_is_in_the_audit_log_and_nothing_is_not(loop: Loop, erin: Member) -> None:
    edit_loop(loop=loop, by=erin, name=loop.name, policy=loop.policy)
    assert not Entry.objects.filter(verb="loop.edited").exists()
    edit_loop(loop=loop, by=erin, policy=loop.policy | {"seed": 5})
    entry = Entry.objects.get(verb="loop.edited")
    assert (entry.actor, entry.details) == ("erin", {"policy": "seed: 0, now 5"})


def test_the_form_shows_what_is_and_keeps_what_is_sent(
    loop: Loop, erin: Member, client: Client
) -> None:
    client.force_login(erin.user)
    shown = page(client, "loops:policy", loop.uid)
    assert f'value="{loop.collection.uid}" selected' in shown
    assert "max_new_tokens&quot;: 24" in shown
    form = {
        "name": "Renamed",
        "collection": loop.collection.uid,
        "rubric_version": loop.rubric_version.uid,
        "policy": '{"generate": {"temperature": -1}}',
    }
    address = reverse("loops:policy", args=["acme", loop.uid])
    told = client.post(address, form).content.decode()
    assert "generate.temperature is -1.0, but must be 0 or more" in told
    assert client.post(address, form | {"policy": '{"seed": 7}'}).status_code == 302
    loop.refresh_from_db()
    assert (loop.name, loop.policy["seed"], loop.policy["evaluate"]) == ("Renamed", 7, {})


def test_a_loop_with_a_policy_of_yesterday_can_still_be_mended(
    loop: Loop, erin: Member, client: Client
) -> None:
    Loop.objects.update(policy=loop.policy | {"gone": 1})
    client.force_login(erin.user)
    assert "gone" in page(client, "loops:detail", loop.uid)
    assert "gone" in page(client, "loops:policy", loop.uid)
    answer = client.get(reverse("loops:edit", args=["acme", loop.uid]))
    assert answer.url == reverse("loops:policy", args=["acme", loop.uid])


def test_the_api_changes_the_fields_that_are_given(
    loop: Loop, erin: Member, bob: Member, client: Client
) -> None:
    headers = {"authorization": f"Bearer {create_token(member=erin, name='api').text}"}
    address = f"/api/v1/loops/{loop.uid}"
    body = {"policy": {"generate": {"temperature": 0.5}, "evaluate": None}}
    answer = client.patch(address, body, content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    policy = answer.json()["policy"]
    assert (policy["generate"]["temperature"], policy["generate"]["n"]) == (0.5, 2)
    assert policy["evaluate"] == {}
    assert client.get(address, headers=headers).json() == answer.json()

    bad = {"policy": {"generate": {"temperature": -1}}}
    refused = client.patch(address, bad, content_type="application/json", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_policy")
    assert "generate.temperature" in refused.json()["detail"]

    annotator = {"authorization": f"Bearer {create_token(member=bob, name='api').text}"}
    assert (
        client.patch(address, body, content_type="application/json", headers=annotator).status_code
        == 403
    )


def test_a_loop_that_cannot_be_followed_stops_a_resume_with_the_reason(
    failed: Round, erin: Member
) -> None:
    Loop.objects.update(policy=failed.policy | {"seed": "x"})
    with pytest.raises(BadPolicy, match="seed"):
        resume_round(round_=failed, by=erin)
    failed.refresh_from_db()
    assert failed.state == "failed"


def as_posted(form: LoopSettingsForm) -> dict[str, object]:
    """What a browser would send of a form that nobody changed."""
    sent: dict[str, object] = {}
    rows = form.gate.rows.values()
    parts = [
        form,
        form.gate.trial,
        *(part for each in rows for part in (each.management_form, *each)),
    ]
    for field in (field for part in parts for field in part):
        value = field.value()
        if isinstance(value, bool):
            sent |= {field.html_name: "on"} if value else {}
        elif value is not None:
            sent[field.html_name] = getattr(value, "uid", value)
    return sent


def test_the_form_saved_as_it_is_changes_nothing(loop: Loop, olga: Member, bob: Member) -> None:
    policy = {
        "start": {"when": "all", "judgments": 9, "schedule": {"weekdays": ["mon"], "at": "07:30"}},
        "campaign": {
            "people": [str(bob.uid)],
            "groups": ["nurses"],
            "pay": {"amount": "0.25", "currency": "EUR", "budget": "50.00"},
        },
        "chain": "sft,kto",
        "search": {"recipe": "kto", "space": {"epochs": {"choices": [1, 2]}}},
        "dpo": {"epochs": 2.0},
        "kto": {"beta": 0.2},
        "generate": {"temperatures": [0.4, 1.0], "top_ps": [0.9]},
        "evaluate": {"max_new_tokens": 24},
        "gate": {
            "must_beat": [],
            "not_worse": [
                {
                    "metric": "perplexity",
                    "than": "baseline",
                    "margin": 0.05,
                    "relative": True,
                    "shown_by": "estimate",
                },
                {"metric": "plugin_kindness", "slice": "language=de", "confidence": 0.9},
                {"metric": "loss", "probe": str(built(loop.workspace, "sft").uid), "margin": 0.1},
            ],
            "trial": {
                "prompts": 300,
                "votes": 2,
                "most_unsafe_flags": 0,
                "accepts_simulated": True,
            },
            "vetoes": [{"criterion": "safety", "least": 3}],
            "fewest_groups": 8,
        },
    }
    CriterionFactory.create(version=loop.rubric_version, slug="safety")
    edit_loop(loop=loop, by=olga, policy=policy)
    loop.refresh_from_db()
    first = values_of(loop)
    shown = LoopSettingsForm(workspace=loop.workspace, initial=first)
    sent = LoopSettingsForm(as_posted(shown), workspace=loop.workspace, initial=first)
    assert sent.is_valid(), sent.errors
    assert stored(read_policy(sent.policy(loop.policy))) == loop.policy


def test_the_form_sets_the_gate_row_by_row(loop: Loop, olga: Member, client: Client) -> None:
    """The second condition goes, a third comes in the empty row, and people decide."""
    client.force_login(olga.user)
    address = reverse("loops:edit", args=["acme", loop.uid])
    sent = as_posted(LoopSettingsForm(workspace=loop.workspace, initial=values_of(loop)))
    assert sent["not_worse-0-metric"] == "preference_accuracy"
    sent |= {
        "must_beat-0-margin": "0.02", "not_worse-1-metric": "", "not_worse-2-metric": "refusal_rate",
        "trial-is_held": "on", "trial-margin": "0.1",
    }  # fmt: skip
    told = client.post(address, sent).content.decode()
    assert "The gate cannot be used as it stands" in told
    assert (
        "refusal_rate is not one of the available choices" in told
    )  # nobody knows which way is better

    answer = client.post(
        address, sent | {"not_worse-2-metric": "rouge1", "not_worse-2-margin": "0.01"}
    )
    assert answer.status_code == 302, answer.content.decode()
    loop.refresh_from_db()
    gate = loop.policy["gate"]
    assert [each["margin"] for each in gate["must_beat"]] == [0.02]
    assert [(each["metric"], each["shown_by"]) for each in gate["not_worse"]] == [
        ("preference_accuracy", "doubt"), ("rouge1", "interval"),
    ]  # fmt: skip
    assert (gate["trial"]["margin"], gate["trial"]["prompts"], gate["fewest_groups"]) == (
        0.1,
        240,
        5,
    )

    shown = page(client, "loops:edit", loop.uid)
    assert 'aria-label="By more than"' in shown
    sent = as_posted(LoopSettingsForm(workspace=loop.workspace, initial=values_of(loop)))
    del sent["trial-is_held"]
    assert client.post(address, sent).status_code == 302
    loop.refresh_from_db()
    assert loop.policy["gate"]["trial"] is None
    told = client.post(address, sent | {"must_beat-0-metric": ""}).content.decode()
    assert "must_beat is empty and there is no trial" in told


def test_the_form_sets_each_part_and_leaves_out_what_is_empty(
    loop: Loop, olga: Member, client: Client
) -> None:
    client.force_login(olga.user)
    address = reverse("loops:edit", args=["acme", loop.uid])
    sent = as_posted(LoopSettingsForm(workspace=loop.workspace, initial=values_of(loop)))
    sent |= {
        "start__when": "any", "start__judgments": "200", "start__schedule__every_days": "7",
        "start__schedule__zone": "Europe/Berlin", "start__schedule__at": "05:45",
        "campaign__pay__amount": "0.2", "campaign__pay__currency": "EUR", "pause__gold": "80",
        "sft": "", "dpo": "",
    }  # fmt: skip
    answer = client.post(address, sent)
    assert answer.status_code == 302, answer.content.decode()
    loop.refresh_from_db()
    start = loop.policy["start"]
    assert (start["when"], start["judgments"], start["agreement"]) == ("any", 200, None)
    assert start["schedule"] == {
        "every_days": 7, "at": "05:45", "zone": "Europe/Berlin", "weekdays": [],
    }  # fmt: skip
    assert loop.policy["campaign"]["pay"]["amount"] == "0.2"
    assert (loop.policy["pause"]["gold"], loop.policy["search"]) == (80.0, None)
    assert loop.policy["evaluate"] == {"max_new_tokens": 24}, "what the form has no field for"
    told = Entry.objects.get(verb="loop.edited").details["policy"]
    assert "start.judgments: None, now 200" in told
    assert "start.judgments: None, now 200" in page(client, "loops:detail", loop.uid)

    told = client.post(address, sent | {"start__judgments": "", "start__schedule__every_days": ""})
    assert "nothing is waited for" in told.content.decode()


def test_the_form_offers_no_figure_that_no_set_of_a_round_gives(erin: Member) -> None:
    """Saving would refuse it: of labels and of rewards a model that writes has none."""
    offered = {name for name, _ in metrics_of(erin.workspace)}
    assert {"preference_accuracy", "perplexity"} <= offered
    assert not {name for name in offered if not carries(PROBED, name)}
    assert not offered & {*OF_LABELS, *OF_REWARDS}


def new_loop(erin: Member, loop: Loop) -> dict[str, object]:
    """What a browser sends of the form of a new Loop in which only what must be filled in is."""
    return as_posted(NewLoopForm(workspace=erin.workspace)) | {
        "name": "Second", "slug": "second", "base_model": loop.base_model.uid,
        "collection": loop.collection.uid, "rubric_version": loop.rubric_version.uid,
    }  # fmt: skip


def test_a_new_loop_of_the_form_as_it_opens_has_the_default_policy(
    loop: Loop, erin: Member, client: Client
) -> None:
    client.force_login(erin.user)
    shown = page(client, "loops:new")
    assert 'name="policy"' not in shown
    assert all(name in shown for name in UNASKED)

    answer = client.post(reverse("loops:new", args=["acme"]), new_loop(erin, loop))
    assert answer.status_code == 302, answer.content.decode()
    made = Loop.objects.get(slug="second")
    assert made.policy == stored(read_policy({}))
    assert (made.base_model, made.kept_by) == (loop.base_model, erin)


@pytest.mark.parametrize("type_", ["rating", "ranking"])
def test_the_form_of_a_new_loop_says_what_each_round_does(
    loop: Loop, erin: Member, client: Client, type_: str
) -> None:
    client.force_login(erin.user)
    sent = new_loop(erin, loop) | {
        "chain": "sft,dpo", "sft": '{"epochs": 3.0}', "generate__n": "4", "campaign__type": type_,
        "pause__agreement": "0.6", "must_beat-0-margin": "0.02", "trial-is_held": "on",
    }  # fmt: skip
    answer = client.post(reverse("loops:new", args=["acme"]), sent)
    assert answer.status_code == 302, answer.content.decode()
    policy = read_policy(Loop.objects.get(slug="second").policy)
    assert (policy.chain, policy.sft, policy.generate.n) == ("sft,dpo", {"epochs": 3.0}, 4)
    assert (policy.campaign.type, policy.pause.agreement) == (type_, 0.6)
    assert (policy.gate.must_beat[0].margin, policy.gate.trial is not None) == (0.02, True)


@pytest.mark.parametrize(
    ("field", "given", "told", "place"),
    [
        ("sft", "{epochs: 3}", "Enter a valid JSON.", "sft"),
        ("dpo", '{"epoch": 3}', "dpo: unknown field epoch", "dpo"),
        ("dpo", '{"epochs": -3}', "dpo.epochs is -3", "dpo"),
        ("generate__n", "0", "greater than or equal to 1", "generate__n"),
        ("generate__n", "1", "set generate.n to 2 or more", "generate__n"),
        ("start__when", "any", "nothing is waited for", "start__when"),
        ("train__label", "GPU 1", "lower-case", "train__label"),
        ("must_beat-0-confidence", "2", "The gate cannot be used as it stands", "__all__"),
        ("slug", "main", "choose another slug", "__all__"),
    ],
)
def test_bad_input_names_its_field_and_makes_no_loop(
    loop: Loop, erin: Member, client: Client, field: str, given: str, told: str, place: str
) -> None:
    client.force_login(erin.user)
    sent = new_loop(erin, loop) | {field: loop.slug if field == "slug" else given}
    answer = client.post(reverse("loops:new", args=["acme"]), sent)
    assert answer.status_code == 200
    assert told in html.unescape(answer.content.decode())
    assert list(answer.context["form"].errors) == [place]
    assert Loop.objects.count() == 1


def test_what_a_policy_may_say_and_no_field_asks_for_is_named() -> None:
    """A field that is added to the policy gets one in the form, or its name among those told there."""
    said = {name.replace(BETWEEN, ".") for name in LoopSettingsForm.base_fields}
    whole = Policy(start=Start(schedule=Schedule()), search=Search("dpo", {}))
    whole = msgspec.structs.replace(
        whole, campaign=NextCampaign(pay=Pay("1", "EUR")), sft={}, dpo={}, kto={}
    )
    known = {name for name in _places(whole) if not name.startswith("gate.")}
    assert known - said == set(UNASKED)


def _places(part: msgspec.Struct) -> Iterator[str]:
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if isinstance(value, msgspec.Struct):
            yield from (f"{name}.{inner}" for inner in _places(value))
        else:
            yield name


def test_the_form_of_a_loop_names_what_it_keeps_without_a_field(
    loop: Loop, erin: Member, client: Client
) -> None:
    client.force_login(erin.user)
    assert "evaluate.max_new_tokens: 24" in page(client, "loops:edit", loop.uid)
    edit_loop(loop=loop, by=erin, policy={})
    assert "kept as it is" not in page(client, "loops:edit", loop.uid)
