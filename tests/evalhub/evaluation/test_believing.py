"""Which figures go with people: the very answers that people judged are measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.evaluation import judged_answers
from evalhub.evaluation.errors import NothingToMeasure
from evalhub.evaluation.services import start_belief
from evalhub.jobs import jobs
from evalhub.jobs.models import Job
from evalhub.lineage.services import start_erasure
from evalhub.prompts.models import Completion, Prompt
from evalhub.prompts.services.scored import record_scores
from evalhub.runs.inputs import read_rows
from evalhub.runs.models import Run
from tests.evalhub.loops.scenes import work_off
from tests.evalhub.runs.scenes import without_torch
from tests.factories import (
    CampaignFactory,
    CompletionFactory,
    CriterionFactory,
    JudgmentFactory,
    LanguageModelFactory,
    PreferenceFactory,
    PromptFactory,
    RatingFactory,
    TaskFactory,
)

PROMPTS = 20
WORDS = [f"w{at}" for at in range(100)]  # of each reference


def said(known: int) -> str:
    """A hundred words, so many of them the reference's."""
    return " ".join(WORDS[:known] + [f"x{at}" for at in range(100 - known)])


class Scene:
    """Two models that answered the same prompts; the first one's answers have more of the references' words
    and are as long as the other's."""

    def __init__(self, erin: Member) -> None:
        self.workspace = erin.workspace
        self.prompts = [PromptFactory.create(collection__workspace=erin.workspace, reference=" ".join(WORDS)) for _ in range(PROMPTS)]  # fmt: skip
        self.good, self.poor = (LanguageModelFactory.create(workspace=self.workspace, name=name) for name in ("good", "poor"))  # fmt: skip
        self.campaign = CampaignFactory.create(workspace=erin.workspace)

    def answers(self) -> Iterator[tuple[Prompt, Completion, Completion]]:
        """As a campaign has them: of both models, to each prompt."""
        for at, prompt in enumerate(self.prompts):
            both = [
                CompletionFactory.create(
                    prompt=prompt, generation__model=model, content=said(known + at), finish="stop"
                )
                for model, known in ((self.good, 80), (self.poor, 30))
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


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


@pytest.fixture
def scene(erin: Member) -> Scene:
    return Scene(erin)


def found(scene: Scene) -> dict[str, Any]:
    job = start_belief(workspace=scene.workspace)
    jobs.execute(job.uid)
    job.refresh_from_db()
    assert job.state == "succeeded", job.trace
    result: dict[str, Any] = job.result
    return result


def told(scene: Scene, figure: str) -> dict[str, Any]:
    return next(each for each in found(scene)["figures"] if each["name"] == figure)


def test_a_figure_that_people_agree_with(scene: Scene) -> None:
    scene.prefer(margin=2)
    pairs = told(scene, "rouge1")["pairs"]
    assert (pairs["value"], pairs["n"]) == (1.0, PROMPTS)
    assert pairs["low"] == pytest.approx(20 / (20 + 1.96**2), abs=1e-4)  # Wilson's, all of 20
    assert told(scene, "words")["pairs"]["value"] == 0.5  # equal lengths tell nothing


def test_a_figure_that_people_disagree_with(scene: Scene) -> None:
    scene.prefer(margin=-1)
    assert told(scene, "rouge1")["pairs"]["value"] == 0.0


def test_ties_are_counted_and_say_nothing(scene: Scene) -> None:
    scene.prefer(margin=0)
    result = found(scene)
    assert (result["pairs"], result["ties"]) == (0, PROMPTS)
    assert told(scene, "rouge1")["pairs"] == {"value": None, "low": None, "high": None, "n": 0}


def test_simulated_votes_are_no_peoples_nor_are_answers_that_members_wrote(
    scene: Scene, erin: Member
) -> None:
    scene.prefer(margin=2, source="simulated")
    with pytest.raises(NothingToMeasure, match="Open a campaign"):
        start_belief(workspace=scene.workspace)
    scene.prefer(margin=2)
    edited = Completion.objects.filter(generation__model=scene.poor).latest("pk")
    Completion.objects.filter(pk=edited.pk).update(written_by=erin)
    result = found(scene)
    assert (result["judged"], result["measured"], result["pairs"]) == (39, 39, PROMPTS - 1)


def test_it_says_how_many_answers_are_paired_with_no_figure(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest are measured; without a reference nothing is likened to one, and the rest is told."""
    scene.prefer(margin=2)
    Prompt.objects.filter(pk=scene.prompts[-1].pk).update(reference=None)
    monkeypatch.setattr(judged_answers, "MOST", 30)
    result = found(scene)
    assert (result["judged"], result["measured"], result["without_reference"]) == (40, 30, 2)
    by_name = {each["name"]: each["pairs"]["n"] for each in result["figures"]}
    assert (by_name["rouge1"], by_name["words"]) == (14, 15)


def test_rewards_are_figures_of_the_same_answers(scene: Scene) -> None:
    """A reward model that likes what people do not."""
    scene.prefer(margin=2)
    judge = LanguageModelFactory.create(workspace=scene.workspace, name="taste", kind="reward", parent=scene.good)  # fmt: skip
    uids = Completion.objects.filter(generation__model=scene.poor).values_list("uid", flat=True)
    others = Completion.objects.filter(generation__model=scene.good).values_list("uid", flat=True)
    run = LanguageModelFactory.create(workspace=scene.workspace).uid
    scores = dict.fromkeys(uids, 1.0) | dict.fromkeys(others, -1.0)
    record_scores(model=judge, run_uid=run, scores=scores)
    reward = told(scene, "reward by taste")
    assert (reward["label"], reward["better"]) == ("reward by taste", "higher")
    assert (reward["pairs"]["value"], reward["pairs"]["n"]) == (0.0, PROMPTS)


def test_the_answers_that_were_measured_go_with_whoever_is_erased(
    scene: Scene, olga: Member, bob: Member
) -> None:
    """A person's words that stand in a reference, as an import brings them."""
    scene.prefer(margin=2)
    words = "These are words that I wrote myself, in full."
    Prompt.objects.filter(pk=scene.prompts[0].pk).update(reference=words)
    judgment = JudgmentFactory.create(member=bob, task__campaign=scene.campaign, critique=words)
    assert judgment.critique == words
    found(scene)
    file = Run.objects.get().spec["inputs"]["answers"]
    assert any(row.get("reference") == words for row in read_rows(file["key"]))
    start_erasure(member=bob, by=olga)
    work_off()
    with pytest.raises(FileNotFoundError):
        list(read_rows(file["key"]))


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
    assert told(scene, "words")["ratings"]["value"] is None  # it never differs


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
    page = " ".join(client.get(address).content.decode().split())
    assert "ROUGE-1 goes with people" in page
    assert "40 of the 40 answers that people judged were measured." in page
    assert "100 %" in page
    told = client.get("/api/v1/comparisons/believe?workspace=acme").json()
    assert (told["state"], told["result"]["pairs"]) == ("succeeded", PROMPTS)


def test_before_anybody_judged_the_page_and_the_api_say_so(erin: Member, client: Client) -> None:
    client.force_login(erin.user)
    answer = client.post("/w/acme/comparisons/believe/", follow=True)
    assert "People have judged no answer by a model yet" in answer.content.decode()
    answer = client.post("/api/v1/comparisons/believe?workspace=acme")
    assert (answer.status_code, answer.json()["code"]) == (400, "nothing_to_measure")


def test_annotators_neither_read_nor_start_it(bob: Member, client: Client) -> None:
    client.force_login(bob.user)
    assert client.get("/w/acme/comparisons/believe/").status_code == 403
    answer = client.post("/api/v1/comparisons/believe?workspace=acme")
    assert answer.status_code == 403
    assert not Job.objects.exists()
