"""Three Rounds in a row on the demo model, judged by simulated members of known taste; then a planted bad adapter.

Few pairs are judged at first, and each Round adds those that were asked about its own answers.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file, save_file

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.services.campaigns import create_campaign, open_campaign
from evalhub.campaigns.services.tasks import add_tasks
from evalhub.common.files import file_store
from evalhub.datasets.models import DatasetBuild
from evalhub.demo import people
from evalhub.demo.campaigns import judge_and_close
from evalhub.demo.services import COLLECTION, POLICY, PROMPTS
from evalhub.demo.taste import STYLES, style_of
from evalhub.evaluation.models import Evaluation, Promotion
from evalhub.evaluation.services import evaluate_model, start_decision
from evalhub.imports.models import ImportKind
from evalhub.imports.services import start_import
from evalhub.loops.models import Loop, Round
from evalhub.loops.policy import read_policy
from evalhub.loops.services import create_loop, start_round
from evalhub.loops.turn import Turn
from evalhub.prompts.models import Collection, Prompt, Split
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import default_base_model
from evalhub.rubrics.services import default_rubric
from evalhub.runs.inputs import read_rows, store_rows
from evalhub.runs.models import Recipe
from evalhub.runs.outside import register_adapter
from evalhub.runs.services import start_run
from tests.evalhub.demo.scenes import done
from tests.evalhub.loops.scenes import turned, work_off

ROUNDS = 3
FIRST = 48  # prompts of the training split that are judged before the first Round
ANSWERS = 4  # to each held-out prompt, by the base and by each Round's model
GATE = {  # bolder than the usual one: there are 16 held-out pairs
    "must_beat": [{"metric": "preference_accuracy", "confidence": 0.8}],
}
LEARNING = {"epochs": 2.0, "batch_size": 8, "learning_rate": 7e-4, "evaluate_every": 12}
ALONE = {"threads": 1}  # other tests want the other core


@dataclass(frozen=True)
class Course:
    """win_rates: of the model in service against the base after each Round, by the taste itself."""

    win_rates: list[float]
    decisions: list[str]
    planted: Promotion


def three_rounds(seed: int) -> Course:
    """Needs a database; every run is a real one on the demo model."""
    workspace = people.settle(slug="demo")
    people.invite(workspace=workspace)
    alice, erin = (workspace.members.get(pseudonym=name) for name in ("alice", "erin"))
    base = default_base_model(workspace=workspace, by=alice)
    collection = _collection(alice)
    judges = people.simulated_members(workspace=workspace)
    _judged_at_first(collection, alice, judges, seed)
    learning = {**POLICY["dpo"], **LEARNING, **ALONE}
    loop = create_loop(
        workspace=workspace,
        slug="taste",
        name="Taste",
        base_model=base,
        collection=collection,
        rubric_version=default_rubric(workspace=workspace, by=alice),
        policy={**POLICY, "dpo": learning, "evaluate": ALONE, "gate": GATE, "seed": seed},
        by=erin,
    )
    won, decisions = [], []
    before = _styles(base, collection, erin, seed)
    for _ in range(ROUNDS):
        round_ = turned(start_round(loop=loop, by=erin))
        assert round_.state == "succeeded", [step.error for step in round_.steps.all()]
        assert round_.campaign is not None
        judge_and_close(round_.campaign, members=judges, by=alice, report=lambda told: None)
        loop.refresh_from_db()
        decisions.append(Turn(round_).promotion.decision)
        won.append(_win_rate(_styles(loop.incumbent or base, collection, erin, seed), before))
    return Course(won, decisions, _planted(loop, round_, erin))


def _collection(alice: Member) -> Collection:
    with PROMPTS.open("rb") as stream:
        source = start_import(
            workspace=alice.workspace,
            collection=COLLECTION,
            kind=ImportKind.PROMPTS,
            filename=PROMPTS.name,
            stream=stream,
            by=alice,
        )
    assert source.job is not None
    done(source.job)
    return source.collection


def _judged_at_first(
    collection: Collection, alice: Member, judges: list[Member], seed: int
) -> None:
    """All held-out prompts, so that Rounds can be told apart, and some of the others."""
    prompts = Prompt.objects.of_collection(collection).order_by("external_id")
    others = list(prompts.filter(group__split=Split.TRAIN))[seed::2][:FIRST]
    campaign = create_campaign(
        workspace=alice.workspace,
        title="At first",
        rubric_version=default_rubric(workspace=alice.workspace, by=alice),
        type=TaskType.COMPARISON,
        by=alice,
    )
    items = []
    for prompt in [*prompts.filter(group__split__in=[Split.TEST, Split.VALIDATION]), *others]:
        answers = sorted(prompt.completions.all(), key=lambda each: (len(each.content), each.pk))
        items.append((prompt, [answers[0], answers[-1]]))
    add_tasks(campaign=campaign, items=items, seed=seed)
    opened: Campaign = open_campaign(campaign=campaign, by=alice)
    judge_and_close(opened, members=judges, by=alice, report=lambda told: None)


def _win_rate(ours: dict[str, list[int]], theirs: dict[str, list[int]]) -> float:
    """How often our answer to a held-out prompt is of the better style, ties as half."""
    points = [
        1.0 if mine < other else 0.5 if mine == other else 0.0
        for prompt, said in ours.items()
        for mine in said
        for other in theirs[prompt]
    ]
    return sum(points) / len(points)


def _styles(
    model: LanguageModel, collection: Collection, erin: Member, seed: int
) -> dict[str, list[int]]:
    """By prompt, the place of each answer's style: 0 is the best."""
    prompts = Prompt.objects.of_collection(collection).filter(group__split=Split.TEST)
    run = start_run(
        workspace=erin.workspace,
        recipe=Recipe.GENERATE,
        model=model,
        inputs={"prompts": store_rows({"id": str(each.uid), "prompt": each.messages} for each in prompts)},
        options={"n": ANSWERS, "max_new_tokens": 96},
        seed=seed,
        by=erin,
        title="held out",
    )  # fmt: skip
    work_off()
    run.refresh_from_db()
    found: dict[str, list[int]] = {}
    for row in read_rows(run.artifacts["completions.jsonl"]["key"]):
        found.setdefault(row["prompt"], []).append(STYLES.index(style_of(row["content"])))
    return found


def _planted(loop: Loop, round_: Round, erin: Member) -> Promotion:
    """What the model in service has learnt, turned round: its B of each product BA negated."""
    assert loop.incumbent is not None
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name, file in loop.incumbent.facts["files"].items():
            with file_store().open(file["key"]) as stream:
                (folder / name).write_bytes(stream.read())
        weights = load_file(folder / "adapter_model.safetensors")
        turned_round = {name: -each if "lora_B" in name else each for name, each in weights.items()}
        save_file(turned_round, folder / "adapter_model.safetensors")
        bad = register_adapter(
            workspace=loop.workspace, folder=folder, base=loop.base_model, name="planted", by=erin
        ).model
    builds = Turn(round_).builds
    candidate, incumbent = (_measured(each, builds, loop, erin) for each in (bad, loop.incumbent))
    start_decision(
        candidate=candidate, incumbent=incumbent, gate=read_policy(loop.policy).gate, by=erin
    )
    work_off()
    return Promotion.objects.get(model=bad)


def _measured(
    model: LanguageModel, builds: list[DatasetBuild], loop: Loop, erin: Member
) -> Evaluation:
    evaluation = evaluate_model(
        workspace=loop.workspace,
        model=model,
        builds=builds,
        by=erin,
        options=read_policy(loop.policy).evaluate,
    )
    work_off()
    evaluation.refresh_from_db()
    return evaluation
