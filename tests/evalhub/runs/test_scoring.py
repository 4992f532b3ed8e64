"""Scores of a reward model: given once to each answer, compared within a prompt, never a judgment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.jobs.jobs import execute
from evalhub.prompts.models import Collection, Completion, Score
from evalhub.prompts.services.scored import record_scores
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.runs.errors import BadSpec
from evalhub.runs.models import Run
from evalhub.runs.scoring.queries import authors_by
from evalhub.runs.scoring.services import start_scoring
from tests import null_trainer
from tests.evalhub.runs.scenes import base_model, without_torch
from tests.factories import (
    CollectionFactory,
    CompletionFactory,
    GenerationFactory,
    PromptFactory,
)
from training.artifacts import write_rows
from training.contract import RunSpec

pytestmark = pytest.mark.django_db


@pytest.fixture
def reward(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    """A reward model whose score is the length of the answer."""
    without_torch(monkeypatch)

    def score(spec: RunSpec, run_dir: Path, artifacts: Path) -> dict[str, float]:
        rows = null_trainer.rows_of(spec, run_dir, "completions")
        scores = [{"id": row["id"], "score": float(len(row["completion"][-1]["content"]))} for row in rows]  # fmt: skip
        write_rows(artifacts / "scores.jsonl", scores)
        return {"scores": float(len(scores))}

    monkeypatch.setitem(null_trainer.RECIPES, "score", score)
    return LanguageModel.objects.create(
        workspace=erin.workspace,
        name="judge-1",
        kind=ModelKind.REWARD,
        parent=base_model(erin.workspace, tmp_path),
        facts={"files": {}},
    )


@pytest.fixture
def faq(erin: Member) -> Collection:
    """Three prompts: long against short, two of the same length, and one answer alone."""
    collection = CollectionFactory.create(workspace=erin.workspace, slug="faq", name="FAQ")
    long, short = (
        GenerationFactory.create(workspace=erin.workspace, model__name=name)
        for name in ("long", "short")
    )
    for texts in (("Very long.", "No."), ("Yes!", "Well"), ("Alone.",)):
        prompt = PromptFactory.create(collection=collection)
        for generation, text in zip((long, short), texts, strict=False):
            CompletionFactory.create(prompt=prompt, generation=generation, content=text)
    return collection


def scored(collection: Collection, model: LanguageModel, by: Member) -> Run:
    run = start_scoring(collection=collection, model=model, by=by)
    execute(run.job.uid)
    run.job.refresh_from_db()
    return run


def test_each_answer_is_scored_once_and_new_ones_later(
    erin: Member, faq: Collection, reward: LanguageModel
) -> None:
    first = scored(faq, reward, erin)
    with pytest.raises(BadSpec, match="nothing is left"):
        start_scoring(collection=faq, model=reward, by=erin)
    CompletionFactory.create(prompt=PromptFactory.create(collection=faq), content="New")
    second = scored(faq, reward, erin)

    assert first.job.result["scores"] == 5
    assert second.job.result["scores"] == 1
    assert Score.objects.by_model(reward).count() == 6
    assert Score.objects.get(completion__content="New").value == 3.0


def test_scores_that_are_stored_again_change_nothing(
    erin: Member, faq: Collection, reward: LanguageModel
) -> None:
    run = scored(faq, reward, erin)
    other = dict.fromkeys(Completion.objects.values_list("uid", flat=True), 9.0)

    assert record_scores(model=reward, run_uid=run.uid, scores=other) == 0

    assert not Score.objects.filter(value=9.0).exists()


def test_people_s_own_answers_and_archived_prompts_are_not_read(
    erin: Member, faq: Collection, reward: LanguageModel
) -> None:
    Completion.objects.filter(content="No.").update(written_by=erin)
    faq.prompts.filter(completions__content="Alone.").update(archived_at=timezone.now())

    scored(faq, reward, erin)

    texts = set(Score.objects.values_list("completion__content", flat=True))
    assert texts == {"Very long.", "Yes!", "Well"}


def test_authors_are_compared_within_a_prompt(
    erin: Member, faq: Collection, reward: LanguageModel
) -> None:
    """10 against 3: 3.5 above and below their mean; 4 against 4: 0. Over two prompts 1.75, and both are
    the highest where they are even.
    """
    scored(faq, reward, erin)

    long, short = authors_by(reward, faq)

    assert (long.name, long.answers, long.compared, long.best, long.lead) == ("long", 3, 2, 2, 1.75)
    assert (short.name, short.answers, short.best, short.lead) == ("short", 2, 1, -1.75)


def test_only_a_reward_model_scores(erin: Member, faq: Collection, reward: LanguageModel) -> None:
    with pytest.raises(BadSpec, match="no reward model"):
        start_scoring(collection=faq, model=reward.base, by=erin)

    assert not Run.objects.exists()


def test_page_and_api_start_it_and_tell_of_it(
    client: Client, erin: Member, alice: Member, faq: Collection, reward: LanguageModel
) -> None:
    client.force_login(erin.user)
    path = "/w/acme/collections/faq/score/"
    asked = {"collection": "faq", "model": "judge-1", "workspace": "acme"}

    posted = client.post(path, {"model": str(reward.uid)})
    [run] = Run.objects.all()
    waiting = client.get(path).text
    execute(run.job.uid)
    after = client.get(path, headers={"HX-Request": "true"}).text
    again = client.post(path, {"model": str(reward.uid)})
    refused = client.post("/api/v1/scorings", json.dumps(asked), "application/json")
    told = client.get("/api/v1/scorings", asked).json()
    page = client.get(f"/w/acme/prompts/{faq.prompts.order_by('pk')[0].uid}/").text
    client.force_login(alice.user)

    assert posted.status_code == 302
    assert "every 2s" in waiting
    assert "every 2s" not in after
    assert "Who wrote better answers, by judge-1" in after
    assert (again.status_code, refused.status_code) == (422, 400)
    assert "nothing is left" in again.text
    assert "nothing is left" in refused.text
    assert told[0] == {"name": "long", "answers": 3, "compared": 2, "best": 2, "lead": 1.75}
    assert "10.00 by judge-1" in page
    assert client.get(path).status_code in (403, 404)


def test_the_command_follows_it(
    faq: Collection, reward: LanguageModel, capsys: pytest.CaptureFixture[str]
) -> None:
    how = ["--workspace=acme", "--model=judge-1", "--json"]

    call_command("score_collection", *how, "--collection=faq")
    with pytest.raises(CommandError, match="no collection"):
        call_command("score_collection", *how, "--collection=nowhere")

    told = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert (told["scores"], told["state"], told["model"]) == (5, "succeeded", "judge-1")
