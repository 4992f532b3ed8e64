"""What a new campaign takes its tasks from: some prompts, some models' answers, met by a design."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby, islice, starmap
from random import Random

from django.db.models import QuerySet
from django.db.models.functions import MD5
from django.utils.translation import gettext_lazy

from evalhub.campaigns.choices import COMPLETIONS_PER_TASK, Design, TaskType
from evalhub.campaigns.designs import Answer, chosen
from evalhub.campaigns.errors import UnfitTask
from evalhub.campaigns.scoring import scores_of
from evalhub.prompts.models import Collection, Completion, Prompt
from evalhub.prompts.queries import newest_scorer, prompts_within, scores_by
from evalhub.registry.models import LanguageModel

BATCH = 1000
LOOKED_AT = 2000  # prompts, by which the size of a campaign is told before it is made
OF_ANOTHER_WORKSPACE = gettext_lazy("The prompt belongs to another workspace.")

Keys = tuple[int, Sequence[int]]  # a prompt and its completions


@dataclass(frozen=True)
class Size:
    prompts: int
    tasks: int
    is_exact: bool


@dataclass(frozen=True)
class Selection:
    """Completions by `models` to prompts of `collection`; prompts alone where the type takes none."""

    collection: Collection
    models: Sequence[LanguageModel] = ()
    slices: Sequence[str] = ()  # "language=de": of one key any value, of several keys each
    sample: int | None = None  # so many prompts, drawn by lot; None: all
    design: Design = Design.FIRST_TWO
    against: LanguageModel | None = None
    seed: int = field(default=0, kw_only=True)  # of the sample and of pairs drawn by lot

    def prompts(self) -> QuerySet[Prompt]:
        return prompts_within(
            self.collection, slices=self.slices, sample=self.sample, seed=self.seed
        )

    def shapes(self, type_: TaskType) -> Iterator[Keys]:
        """What each task is made of, prompt by prompt."""
        prompts = self.prompts()
        if COMPLETIONS_PER_TASK[type_] == (0, 0):
            keys = prompts.order_by("pk").values_list("pk", flat=True)
            return ((key, ()) for key in keys.iterator(chunk_size=BATCH))
        completions = Completion.objects.filter(
            workspace=self.collection.workspace_id,
            prompt__in=prompts.values("pk"),
            generation__model__in=[*self.models, *([self.against] if self.against else [])],
        )
        return shapes_of(
            completions,
            type_,
            workspace=self.collection.workspace_id,
            design=self.design,
            against=self.against.pk if self.against else None,
            seed=self.seed,
        )

    def size(self, type_: TaskType) -> Size:
        """How many tasks it makes; of a large one, as some of its prompts tell."""
        prompts = self.prompts().count()
        if prompts <= LOOKED_AT:
            return Size(prompts, sum(1 for _ in self.shapes(type_)), is_exact=True)
        part = replace(self, sample=LOOKED_AT)
        tasks = sum(1 for _ in part.shapes(type_))
        return Size(prompts, round(tasks * prompts / LOOKED_AT), is_exact=False)


def shapes_of(
    completions: QuerySet[Completion],
    type_: TaskType,
    *,
    workspace: int,
    design: Design,
    against: int | None = None,
    seed: int | None = None,
) -> Iterator[Keys]:
    """The sets of completions that make a task each, read a batch at a time.

    Raises:
        UnfitTask: a prompt of another workspace is among them.
    """
    chance = Random(seed)  # noqa: S311  no secret
    told = completions.annotate(digest=MD5("content")).order_by("prompt_id", "pk")
    columns = ("pk", "prompt_id", "prompt__workspace_id", "generation__model_id", "digest")
    stored = told.values_list(*columns).iterator(chunk_size=BATCH)
    rows: Iterator[Answer] = starmap(Answer, stored)
    if type_ == TaskType.COMPARISON and design == Design.NEAREST:
        rows = _scored(rows, scores_of)
    if type_ == TaskType.COMPARISON and design == Design.SCORED:
        rows = _scored(rows, partial(scores_by, newest_scorer(completions)))
    for prompt, group in groupby(rows, key=lambda row: row.prompt):
        answers = list(group)
        if answers[0].workspace != workspace:
            raise UnfitTask(str(OF_ANOTHER_WORKSPACE))
        for met in chosen(type_, answers, design=design, against=against, chance=chance):
            yield prompt, [answer.pk for answer in met]


def _scored(
    rows: Iterator[Answer], scores_of: Callable[[Iterable[int]], Mapping[int, float]]
) -> Iterator[Answer]:
    while batch := list(islice(rows, BATCH)):
        scores = scores_of(row.pk for row in batch)
        yield from (row._replace(score=scores.get(row.pk)) for row in batch)
