"""A workspace full of comparisons for load generators: 100,000 tasks in seconds, by COPY."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from hashlib import sha256
from random import Random

from django.db import connection, transaction
from django.utils import timezone
from psycopg.conninfo import make_conninfo

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Workspace
from evalhub.accounts.services import add_member, create_token
from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import BAND, Campaign, Task, TaskCompletion
from evalhub.campaigns.services.campaigns import create_campaign, open_campaign
from evalhub.common.copying import copy_in, keys_for
from evalhub.prompts.models import (
    Collection,
    Completion,
    Generation,
    Prompt,
    PromptGroup,
    Split,
)
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.registry.services import found_workspace
from evalhub.rubrics.models import Criterion, Rubric, RubricVersion

CRITERIA = ("factuality", "helpfulness")
TEXT = (
    "the sky looks blue because short waves of light are scattered more than long ones and "
    "people ask for reasons answers sources numbers examples limits and a short clear summary"
)
SENTENCE, PROMPT, RESPONSE = 10, 10, 15  # words, sentences, sentences
SENTENCES = 2000


@dataclass(frozen=True)
class Seeded:
    workspace: str
    campaign: str
    criteria: list[str]
    tokens: list[str]
    dsn: str

    def as_json(self) -> str:
        return json.dumps(asdict(self))


@transaction.atomic
def seed_bench(
    *, tasks: int, annotators: int, overlap: int, hand: int = 2, seed: int = 1
) -> Seeded:
    """Make a workspace with one open campaign of `tasks` comparisons and a token per annotator.

    Each task is a prompt of 100 words with two responses of 150. The two criteria are not
    required, so that a submit may carry any ratings beside its preference.
    """
    chance = Random(seed)  # noqa: S311  texts and order of a benchmark
    slug = f"bench-{secrets.token_hex(4)}"
    workspace = found_workspace(slug=slug, name="Benchmark")
    tokens = [
        create_token(
            member=add_member(
                workspace=workspace, pseudonym=f"annotator-{nth}", roles=[Role.ANNOTATOR]
            ),
            name="bench",
        ).text
        for nth in range(annotators)
    ]
    campaign = create_campaign(
        workspace=workspace,
        title="Benchmark",
        rubric_version=_rubric(workspace),
        type=TaskType.COMPARISON,
        overlap=overlap,
        hand_size=hand,
        by=None,
    )
    _fill(campaign, tasks, chance)
    open_campaign(campaign=campaign, by=None)
    return Seeded(slug, str(campaign.uid), list(CRITERIA), tokens, _dsn())


def _rubric(workspace: Workspace) -> RubricVersion:
    rubric = Rubric.objects.create(workspace=workspace, slug="bench", name="Benchmark")
    version = RubricVersion.objects.create(rubric=rubric, number=1, published_at=timezone.now())
    for position, slug in enumerate(CRITERIA):
        Criterion.objects.create(
            version=version,
            slug=slug,
            name=slug.capitalize(),
            question=f"How is its {slug}?",
            position=position,
            required=False,
        )
    return version


def _fill(campaign: Campaign, tasks: int, chance: Random) -> None:
    workspace = campaign.workspace
    collection = Collection.objects.create(workspace=workspace, slug="bench", name="Benchmark")
    group = PromptGroup.objects.create(workspace=workspace, split=Split.TRAIN)
    generations = [
        Generation.objects.create(
            workspace=workspace,
            model=LanguageModel.objects.create(
                workspace=workspace, name=f"model {name}", kind=ModelKind.EXTERNAL
            ),
        )
        for name in ("one", "two")
    ]
    words = TEXT.split()
    sentences = [
        " ".join(chance.choices(words, k=SENTENCE)).capitalize() + "." for _ in range(SENTENCES)
    ]

    def text(length: int) -> str:
        return " ".join(chance.choices(sentences, k=length))

    prompts, tasks_ = keys_for(Prompt, tasks), keys_for(Task, tasks)
    responses = keys_for(Completion, 2 * tasks)
    places = campaign.overlap
    copy_in(
        Prompt,
        ["id", "workspace_id", "collection_id", "group_id", "external_id", "messages",
         "fingerprint"],
        (
            (key, workspace.pk, collection.pk, group.pk, f"p{key}",
             [{"role": "user", "content": text(PROMPT)}], sha256(b"%d" % key).hexdigest())
            for key in prompts
        ),
    )  # fmt: skip
    copy_in(
        Completion,
        ["id", "workspace_id", "prompt_id", "generation_id", "external_id", "content", "finish"],
        (
            (key, workspace.pk, prompts[nth // 2], generations[nth % 2].pk, f"c{key}",
             text(RESPONSE), "stop")
            for nth, key in enumerate(responses)
        ),
    )  # fmt: skip
    copy_in(
        Task,
        ["id", "campaign_id", "prompt_id", "lot", "overlap", "open_places"],
        (
            (key, campaign.pk, prompt, chance.randrange(BAND), places, places)
            for key, prompt in zip(tasks_, prompts, strict=True)
        ),
    )
    copy_in(
        TaskCompletion,
        ["task_id", "completion_id", "place"],
        ((tasks_[nth // 2], key, nth % 2) for nth, key in enumerate(responses)),
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _dsn() -> str:
    known = connection.get_connection_params()
    names = ("host", "port", "user", "password", "dbname")
    return make_conninfo(**{name: known[name] for name in names if known.get(name)})
