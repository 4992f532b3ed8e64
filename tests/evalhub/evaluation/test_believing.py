"""Which figures go with people: answers that were measured are found among those that people judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.evaluation.believing import belief_in
from evalhub.evaluation.models import Evaluation
from evalhub.jobs.models import Job
from evalhub.prompts.models import Completion, Prompt
from evalhub.runs.inputs import store_rows
from tests.evalhub.loops.scenes import work_off
from tests.factories import (
    CampaignFactory,
    CompletionFactory,
    CriterionFactory,
    EvaluationFactory,
    JudgmentFactory,
    LanguageModelFactory,
    PreferenceFactory,
    PromptFactory,
    RatingFactory,
    TaskFactory,
)

PROMPTS = 20


class Scene:
    """Two models that answered the same prompts, measured; the first one's answers have the better ROUGE-1
    and are as long as the other's."""

    def __init__(self, erin: Member) -> None:
        self.workspace = erin.workspace
        self.prompts = [PromptFactory.create(collection__workspace=erin.workspace) for _ in range(PROMPTS)]  # fmt: skip
        self.good, self.poor = (self._measured(name, rouge) for name, rouge in (("good", 0.8), ("poor", 0.3)))  # fmt: skip
        self.campaign = CampaignFactory.create(workspace=erin.workspace)

    def _measured(self, name: str, rouge: float) -> Evaluation:
        model = LanguageModelFactory.create(workspace=self.workspace, name=name)
        asked = [{"id": str(at), "group": str(each.group.uid), "prompt": each.messages} for at, each in enumerate(self.prompts)]  # fmt: skip
        said = [
            {"id": row["id"], "group": row["group"], "content": f"{name} {row['id']}", "tokens": 5, "finish": "stop",
             "rouge1": rouge + int(row["id"]) / 100}
            for row in asked
        ]  # fmt: skip
        evaluation: Evaluation = EvaluationFactory.create(
            workspace=self.workspace,
            model=model,
            metrics={"rouge1": {"n": PROMPTS}},
            run__job__state="succeeded",
            run__job__ended_at=timezone.now(),
        )
        evaluation.run.spec = {"options": {}, "inputs": {"prompts": _file(asked)}}
        evaluation.run.artifacts = {"predictions.jsonl": _file(said)}
        evaluation.run.save()
        return evaluation

    def answers(self) -> Iterator[tuple[Prompt, Completion, Completion]]:
        """As a trial has them: of both models, to each prompt."""
        for at, prompt in enumerate(self.prompts):
            both = [
                CompletionFactory.create(
                    prompt=prompt, generation__model=each.model, content=f"{each.model} {at}"
                )
                for each in (self.good, self.poor)
            ]
            yield prompt, both[0], both[1]

    def prefer(self, *, margin: int, source: str = "human") -> None:
        """One vote on each prompt; above 0 for the answer with the better ROUGE-1."""
        for prompt, good, poor in self.answers():
            task = TaskFactory.create(
                campaign=self.campaign, prompt=prompt, completions=[good, poor]
            )
            judgment = JudgmentFactory.create(task=task, source=source)
            PreferenceFactory.create(judgment=judgment, first=good, second=poor, margin=margin)


@pytest.fixture
def scene(erin: Member) -> Scene:
    return Scene(erin)


def _file(rows: list[dict[str, Any]]) -> dict[str, str]:
    key, sha256 = store_rows(rows)
    return {"key": key, "sha256": sha256}


def told(scene: Scene, figure: str) -> dict[str, Any]:
    found = belief_in(scene.workspace)
    return next(each for each in found["figures"] if each["name"] == figure)


def test_a_figure_that_people_agree_with(scene: Scene) -> None:
    scene.prefer(margin=2)
    pairs = told(scene, "rouge1")["pairs"]
    assert (pairs["value"], pairs["n"]) == (1.0, PROMPTS)
    assert pairs["low"] == pytest.approx(20 / (20 + 1.96**2), abs=1e-4)  # Wilson's, all of 20
    assert told(scene, "length")["pairs"]["value"] == 0.5  # equal lengths tell nothing


def test_a_figure_that_people_disagree_with(scene: Scene) -> None:
    scene.prefer(margin=-1)
    assert told(scene, "rouge1")["pairs"]["value"] == 0.0


def test_ties_are_counted_and_say_nothing(scene: Scene) -> None:
    scene.prefer(margin=0)
    found = belief_in(scene.workspace)
    assert (found["pairs"], found["ties"]) == (0, PROMPTS)
    assert told(scene, "rouge1")["pairs"] == {"value": None, "low": None, "high": None, "n": 0}


def test_simulated_votes_are_no_peoples(scene: Scene) -> None:
    scene.prefer(margin=2, source="simulated")
    assert belief_in(scene.workspace)["pairs"] == 0


def test_other_text_than_was_measured_is_another_answer(scene: Scene) -> None:
    scene.prefer(margin=2)
    changed = Completion.objects.filter(generation__model=scene.poor.model).first()
    assert changed is not None
    Completion.objects.filter(pk=changed.pk).update(content="poor, and more")
    assert belief_in(scene.workspace)["pairs"] == PROMPTS - 1


def test_ratings_of_the_same_answers_by_rank(scene: Scene) -> None:
    """People rate the good answers 5 and the poor ones 1 to 3, the more the better their ROUGE-1."""
    criterion = CriterionFactory.create(version=scene.campaign.rubric_version)
    for at, (prompt, good, poor) in enumerate(scene.answers()):
        task = TaskFactory.create(campaign=scene.campaign, prompt=prompt, completions=[good, poor])
        judgment = JudgmentFactory.create(task=task)
        for completion, value in ((good, 5), (poor, 1 + at // 7)):
            RatingFactory.create(judgment=judgment, completion=completion, criterion=criterion, value=value)  # fmt: skip
    ratings = told(scene, "rouge1")["ratings"]
    assert ratings["n"] == 2 * PROMPTS
    assert 0.8 < ratings["low"] <= ratings["value"] <= 1
    assert told(scene, "length")["ratings"]["value"] is None  # it never differs


def test_erin_works_it_out_on_the_page_and_by_api(
    scene: Scene, erin: Member, client: Client
) -> None:
    scene.prefer(margin=2)
    client.force_login(erin.user)
    address = "/w/acme/comparisons/believe/"
    assert "Not worked out yet" in client.get(address).content.decode()
    for _ in range(2):  # asked twice before it is done: one job
        assert client.post(address).status_code == 302
    assert Job.objects.filter(kind="evaluation.believe").count() == 1
    work_off()
    page = client.get(address).content.decode()
    assert "ROUGE-1 goes with people" in page
    assert "100 %" in page
    told = client.get("/api/v1/comparisons/believe?workspace=acme").json()
    assert (told["state"], told["result"]["pairs"]) == ("succeeded", PROMPTS)


def test_annotators_neither_read_nor_start_it(bob: Member, client: Client) -> None:
    client.force_login(bob.user)
    assert client.get("/w/acme/comparisons/believe/").status_code == 403
    answer = client.post("/api/v1/comparisons/believe?workspace=acme")
    assert answer.status_code == 403
    assert not Job.objects.exists()
