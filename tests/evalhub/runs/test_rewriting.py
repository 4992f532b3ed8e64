"""Prompts written anew by a model: in their parents' groups, and only what will do."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from evalhub.accounts.models import Member
from evalhub.jobs.jobs import execute
from evalhub.prompts.errors import BadSlug
from evalhub.prompts.models import Collection, Prompt, PromptGroup
from evalhub.prompts.services.collections import set_licence, set_red_team
from evalhub.registry.models import LanguageModel
from evalhub.runs import execution
from evalhub.runs.errors import BadSpec
from evalhub.runs.models import Rewriting
from evalhub.runs.rewriting.asking import Answer, fit, whole
from evalhub.runs.rewriting.services import rewritable, start_rewriting
from tests import null_trainer
from tests.evalhub.runs.scenes import base_model, without_torch
from tests.factories import CollectionFactory, PromptFactory, PromptGroupFactory
from training.artifacts import write_rows
from training.contract import RunSpec

pytestmark = pytest.mark.django_db

TEXTS = [
    "How do I bake bread without an oven?",
    "Which tree gives the hardest wood of all?",
    "Who wrote the first novel about whales?",
]
Back = dict[str, Any]


@pytest.fixture
def faq(erin: Member) -> Collection:
    """Three prompts for training; one each that is measured on."""
    collection = CollectionFactory.create(workspace=erin.workspace, slug="faq", name="FAQ")
    for text in TEXTS:
        _prompt(collection, text, "train")
    _prompt(collection, "What is measured here, and why?", "test")
    _prompt(collection, "What is watched here, and by whom?", "validation")
    return collection


def _prompt(collection: Collection, text: str, split: str) -> Prompt:
    group = PromptGroupFactory.create(workspace=collection.workspace, split=split)
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": text}]
    return PromptFactory.create(
        collection=collection, group=group, messages=messages, slices={"language": "en"}
    )


@pytest.fixture
def model(erin: Member, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModel:
    without_torch(monkeypatch)
    return base_model(erin.workspace, tmp_path)


def says(monkeypatch: pytest.MonkeyPatch, answer: Any) -> list[str]:
    """Let the trainer say `answer(text)`; return what it was asked, as it comes."""
    heard: list[str] = []

    def generate(spec: RunSpec, run_dir: Path, artifacts: Path) -> dict[str, float]:
        rows = []
        for row in null_trainer.rows_of(spec, run_dir, "prompts"):
            asked = row["prompt"][-1]["content"]
            heard.append(asked)
            told = {"content": answer(asked), "tokens": 2, "finish": "stop"}
            rows.append({"prompt": row["id"], "index": 0} | told)
        write_rows(artifacts / "completions.jsonl", rows)
        return {"completions": float(len(rows))}

    monkeypatch.setitem(null_trainer.RECIPES, "generate", generate)
    return heard


def last_line(text: str) -> str:
    return text.rsplit("\n\n", 1)[-1]


def done(rewriting: Rewriting) -> Rewriting:
    execute(rewriting.last_run.job.uid)
    return Rewriting.objects.get(pk=rewriting.pk)


def test_paraphrases_are_prompts_in_their_parents_groups(
    erin: Member, faq: Collection, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_licence(collection=faq, licence="cc-by-4.0", by=erin)
    set_red_team(collection=faq, is_red_team=True)
    heard = says(monkeypatch, lambda asked: f"Tell me, please: {last_line(asked)}")

    made = done(start_rewriting(collection=faq, model=model, way="paraphrase", by=erin))

    assert (made.made, made.dropped) == (3, {})
    assert len(heard) == 3
    assert all("in other words" in each for each in heard)
    target = made.target
    assert (target.slug, target.name) == ("faq-paraphrased", "FAQ paraphrased")
    assert (target.licence, target.is_red_team) == ("cc-by-4.0", True)
    for prompt in target.prompts.select_related("parent", "group"):
        assert prompt.parent is not None
        assert prompt.group_id == prompt.parent.group_id
        assert prompt.group.split == "train"
        assert prompt.slices == {"language": "en"}
        assert prompt.messages[0] == prompt.parent.messages[0]
        assert prompt.last_turn == f"Tell me, please: {prompt.parent.last_turn}"
        assert prompt.reference is None
    assert PromptGroup.objects.filter(merged_into__isnull=False).count() == 0


def test_there_and_back_are_two_runs(
    erin: Member, faq: Collection, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = says(
        monkeypatch,
        lambda asked: (
            f"auf Deutsch {last_line(asked)}"
            if "into German" in asked
            else last_line(asked).replace("auf Deutsch", "In English again:")
        ),
    )

    halfway = done(
        start_rewriting(
            collection=faq,
            model=model,
            way="back_translation",
            language="en",
            through="de",
            by=erin,
        )
    )
    assert halfway.made is None
    assert halfway.second is not None
    execute(halfway.first.job.uid)  # a message delivered twice starts nothing more
    made = done(halfway)

    assert made.made == 3
    assert len(heard) == 6
    assert made.target.slug == "faq-translated-back"
    [one] = made.target.prompts.filter(parent__messages__1__content=TEXTS[0])
    assert one.last_turn == f"In English again: {TEXTS[0]}"


def test_what_will_not_do_is_dropped_and_counted(
    erin: Member, faq: Collection, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {
        TEXTS[0]: TEXTS[0].upper(),  # the same, whatever its case
        TEXTS[1]: "What is measured here, and why?",  # a test prompt, word for word
        TEXTS[2]: "Whose was the earliest book on whales?",
    }
    says(monkeypatch, lambda asked: said[last_line(asked)])

    made = done(start_rewriting(collection=faq, model=model, way="paraphrase", by=erin))

    assert (made.made, made.dropped) == (1, {"same": 1, "near_another": 1})
    assert PromptGroup.objects.exclude(merged_into=None).count() == 0
    assert Prompt.objects.filter(group__split="none").count() == 0


def test_each_fault_of_an_answer_has_its_count() -> None:
    uid = uuid4()
    texts: dict[UUID, str] = {uid: "A prompt."}
    answers = [
        Answer(uid, 0, "", "stop"),
        Answer(uid, 1, "A whole", "length"),
        Answer(uid, 2, "x" * 99, "stop"),
        Answer(uid, 3, "a  PROMPT.", "stop"),
        Answer(uid, 4, "Another.", "stop"),
        Answer(uid, 5, "another.", "stop"),
    ]
    dropped: Counter[str] = Counter()

    assert fit(answers, texts, dropped) == [answers[4]]
    assert dropped == {"empty": 1, "truncated": 1, "too_long": 1, "same": 2}
    assert whole(answers[3:5], texts, Counter()) == answers[3:5]


def test_only_prompts_for_training_that_people_brought_are_written_anew(faq: Collection) -> None:
    train = Prompt.objects.filter(group__split="train").order_by("pk")
    tool = PromptFactory.create(
        collection=faq, group=train[0].group, messages=[{"role": "tool", "content": "42"}]
    )
    child = PromptFactory.create(collection=faq, group=train[0].group, parent=train[0])

    drawn = rewritable(faq, most=100, seed=0)

    assert [each.last_turn for each in drawn] == TEXTS
    assert not {tool.pk, child.pk} & {each.pk for each in drawn}
    assert rewritable(faq, most=2, seed=1) == rewritable(faq, most=2, seed=1)


def test_what_means_nothing_is_refused(erin: Member, faq: Collection, model: LanguageModel) -> None:
    empty = CollectionFactory.create(workspace=erin.workspace)
    other = CollectionFactory.create(workspace=erin.workspace, slug="faq-paraphrased")
    PromptFactory.create(collection=other)

    with pytest.raises(BadSpec, match="two languages"):
        start_rewriting(collection=faq, model=model, way="back_translation", language="en")
    with pytest.raises(BadSpec, match="no prompt for training"):
        start_rewriting(collection=empty, model=model, way="paraphrase")
    with pytest.raises(BadSlug, match="holds other prompts"):
        start_rewriting(collection=faq, model=model, way="paraphrase")
    assert not Rewriting.objects.exists()


def test_page_and_api_start_it_and_tell_of_it(
    client: Client, erin: Member, faq: Collection, model: LanguageModel
) -> None:
    client.force_login(erin.user)
    path = "/w/acme/collections/faq/rewrite/"
    form = {"model": str(model.uid), "way": "paraphrase", "each": 1, "most": 5, "seed": 0}

    wrong = client.post(path, form | {"way": "back_translation", "max_new_tokens": 64})
    right = client.post(path, form | {"max_new_tokens": 64})
    [rewriting] = Rewriting.objects.all()
    waiting = client.get(path).text
    done(rewriting)
    after = client.get(path, headers={"HX-Request": "true"}).text
    body = {"collection": "faq", "model": model.name, "way": "paraphrase", "workspace": "acme"}
    posted = client.post("/api/v1/rewritings", json.dumps(body), "application/json")
    listed = client.get("/api/v1/rewritings?workspace=acme").json()

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert "Name two languages" in wrong.text
    assert "every 2s" in waiting
    assert "every 2s" not in after
    assert posted.status_code == 202
    assert [each["made"] for each in listed["results"]] == [None, rewriting_made(rewriting)]
    assert client.get("/w/acme/collections/faq/").text.count("rewrite/") == 1


def rewriting_made(rewriting: Rewriting) -> int | None:
    return Rewriting.objects.get(pk=rewriting.pk).made


def test_the_command_follows_both_runs(
    faq: Collection,
    model: LanguageModel,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    says(monkeypatch, lambda asked: f"So: {last_line(asked)}")
    how = ["--workspace=acme", "--collection=faq", f"--model={model.name}", "--json"]

    call_command("rewrite_prompts", *how, "--way=back_translation", "--language=en", "--through=fr")
    with pytest.raises(CommandError, match="no collection"):
        call_command("rewrite_prompts", *how, "--way=paraphrase", "--collection=nowhere")

    told = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert (told["made"], told["state"], len(told["runs"])) == (3, "succeeded", 2)
    assert execution.Trainer is null_trainer.NullTrainer
