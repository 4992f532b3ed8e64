"""README's own sequence: a workspace, judgments from a file, a Round; nothing else is set up."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member, Workspace
from evalhub.loops.models import Loop, Round
from tests.evalhub.loops.scenes import judged_collection, turned
from tests.evalhub.runs.scenes import without_torch
from tests.factories import CollectionFactory


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


def said(command: str, *arguments: str) -> str:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


def pairs(folder: Path) -> str:
    """Enough pairs that each split gets some, in a common form of preference data."""
    rows = [
        {
            "conversations": [{"from": "human", "value": f"What does word {n} of {n * 7} mean?"}],
            "chosen": {"from": "gpt", "value": f"It means {n}."},
            "rejected": {"from": "gpt", "value": f"No idea about {n}."},
        }
        for n in range(120)
    ]
    file = folder / "pairs.json"
    file.write_text(json.dumps(rows))
    return str(file)


@pytest.mark.django_db
def test_a_fresh_workspace_turns(tmp_path: Path) -> None:
    said("add_workspace", "fresh", "--owner", "olga")
    said("import_judgments", pairs(tmp_path), "--workspace=fresh", "--collection=pairs")
    report = json.loads(said("run_round", "--workspace=fresh", "--json"))

    round_ = turned(Round.objects.get(uid=report["round"]))
    assert round_.state == "succeeded", [step.error for step in round_.steps.all()]
    loop = round_.loop
    assert (loop.slug, loop.collection.slug, loop.base_model.name) == (
        "default", "pairs", "demo-model",
    )  # fmt: skip
    assert loop.rubric_version.rubric.slug == "default"


@pytest.mark.django_db
def test_the_second_round_is_of_the_same_loop(tmp_path: Path) -> None:
    said("add_workspace", "fresh", "--owner", "olga")
    judged_collection(Workspace.objects.get())
    for _ in range(2):
        said("run_round", "--workspace=fresh")
        turned(Round.objects.latest("pk"))
    assert [each.number for each in Loop.objects.get().rounds.order_by("pk")] == [1, 2]


def test_a_workspace_that_is_not_there_is_named(acme: Workspace) -> None:
    with pytest.raises(CommandError, match="There is no workspace “acmee”; there are: acme"):
        said("run_round", "--workspace=acmee")


def test_without_prompts_the_remedy_is_the_import(acme: Workspace) -> None:
    with pytest.raises(CommandError, match="import_judgments FILE --workspace acme"):
        said("run_round", "--workspace=acme")
    assert not Loop.objects.exists()


def test_with_several_collections_one_must_be_named(acme: Workspace) -> None:
    for slug in ("faq", "mail"):
        CollectionFactory.create(workspace=acme, slug=slug)
    with pytest.raises(CommandError, match=r"\(faq, mail\).*add_loop"):
        said("run_round", "--workspace=acme")

    said("add_loop", "letters", "--workspace=acme", "--collection=mail")
    said("add_loop", "questions", "--workspace=acme", "--collection=faq", '--policy={"seed": 3}')
    assert Loop.objects.get(slug="questions").policy["seed"] == 3
    with pytest.raises(CommandError, match="name one of them: letters, questions"):
        said("run_round", "--workspace=acme")
    with pytest.raises(CommandError, match="has no Loop “x”; it has: letters, questions"):
        said("run_round", "--workspace=acme", "--loop=x")


def test_the_page_without_loops_sets_one_up(client: Client, erin: Member) -> None:
    judged_collection(erin.workspace)
    client.force_login(erin.user)
    address = reverse("loops:default", args=["acme"])
    assert address in client.get(reverse("loops:list", args=["acme"])).content.decode()
    answer = client.post(address)
    assert answer.headers["Location"] == reverse(
        "loops:detail", args=["acme", Loop.objects.get().uid]
    )
    assert "Start a Round" in client.get(answer.headers["Location"]).content.decode()
