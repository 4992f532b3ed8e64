"""Where functions vote: on the tasks of a campaign, or on the prompts of a collection."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from evalhub.campaigns.choices import TaskKind
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment, Rating
from evalhub.labelling.parameters import Parameters, models_of
from evalhub.labelling.voting import Material, votes_by
from evalhub.prompts.models import Collection as PromptCollection
from evalhub.prompts.models import Prompt, Score
from evalhub.rubrics.models import Criterion

READ_AT_ONCE = 1_000
SAMPLE = 300  # rows that a function is tried on while it is written
SHOWN = 5  # examples of them
_TRIED_FOR = 20  # texts on which a pattern may take too long before the trial stops


@dataclass(frozen=True)
class Ground:
    """Rows with a prompt each, and the judgments of people that tell what is right for a row."""

    rows: QuerySet[Task] | QuerySet[Prompt]
    to_prompt: str  # of a row: "prompt__" of a task, "" of a prompt
    lot: str  # the order of a sample
    judged: Q  # of judgments
    row_of: str  # of a judgment

    @property
    def _columns(self) -> tuple[str, ...]:
        return tuple(f"{self.to_prompt}{name}" for name in ("pk", "messages", "slices"))

    def materials(self, models: Collection[UUID] = ()) -> Iterator[tuple[int, Material]]:
        """Keys, rising, with what functions read; in batches, whatever the number of rows.

        Args:
            models: whose scores they read.
        """
        last = 0
        while True:
            rows = self.rows.filter(pk__gt=last).order_by("pk")
            found = list(rows.values_list("pk", *self._columns)[:READ_AT_ONCE])
            scores = scores_of([prompt for _, prompt, *_ in found], models)
            for key, prompt, messages, slices in found:
                yield key, Material(messages, slices, scores[prompt])
            if len(found) < READ_AT_ONCE:
                return
            last = found[-1][0]

    def sample(self, models: Collection[UUID] = ()) -> Iterator[Material]:
        """The same each time, as the lot drew it."""
        rows = self.rows.order_by(self.lot, "pk").values_list(*self._columns)[:SAMPLE]
        scores = scores_of([prompt for prompt, *_ in rows], models)
        for prompt, messages, slices in rows:
            yield Material(messages, slices, scores[prompt])

    def labels_by_people(self, criterion: Criterion) -> dict[int, int]:
        """What most people said, by the row's key: a tie is no label.

        Answers confirmed from a proposal are left out: they would measure a function by its own word.
        """
        said = Judgment.objects.counted().filter(
            self.judged, source=Source.HUMAN, saw_proposal=False, task__kind=TaskKind.NORMAL
        )
        rows = Rating.objects.filter(judgment__in=said, criterion=criterion, completion=None)
        counts: dict[int, Counter[int]] = {}
        for row, value in rows.values_list(f"judgment__{self.row_of}", "value").iterator():
            if value is not None:
                counts.setdefault(row, Counter())[value] += 1
        labels = {}
        for row, votes in counts.items():
            (value, most), *others = votes.most_common(2)
            if not others or others[0][1] < most:
                labels[row] = value
        return labels


def scores_of(
    prompts: Iterable[int], models: Collection[UUID]
) -> defaultdict[int, dict[UUID, list[float]]]:
    """What those models gave the answers to the prompts, by prompt and model."""
    found: defaultdict[int, dict[UUID, list[float]]] = defaultdict(dict)
    if models:
        scores = Score.objects.filter(completion__prompt__in=list(prompts), model__uid__in=models)
        told = scores.order_by("pk").values_list("completion__prompt", "model__uid", "value")
        for prompt, model, value in told:
            found[prompt].setdefault(model, []).append(value)
    return found


def tasks_of(campaign: Campaign) -> Ground:
    """Those whose answers are data: no gold, practice or trial."""
    rows = campaign.tasks.filter(kind=TaskKind.NORMAL)
    return Ground(rows, "prompt__", "lot", Q(campaign=campaign), "task")


def prompts_of(collection: PromptCollection) -> Ground:
    """Those in use; what people said of them in whichever campaign, under the same criterion."""
    return Ground(
        Prompt.objects.of_collection(collection).in_use(),
        "",
        "uid",
        Q(task__prompt__collection=collection),
        "task__prompt",
    )


@dataclass(frozen=True)
class Trial:
    """A function on a sample of the rows."""

    tasks: int
    votes: int
    gave_up: int  # texts on which its pattern took too long
    scored: int | None  # rows with a score of the model that it reads; None: it reads none
    examples: list[str]  # last turns on which it votes


def trial_of(ground: Ground, given: Parameters) -> Trial:
    """What a function would vote on."""
    votes, gave_up, seen, scored = 0, 0, 0, 0
    examples: list[str] = []
    voter, models = votes_by(given), models_of([given])
    for material in ground.sample(models):
        seen += 1
        scored += bool(material.scores)
        try:
            is_vote = voter(material)
        except TimeoutError:
            gave_up += 1
            if gave_up >= _TRIED_FOR:
                break
            continue
        votes += is_vote
        if is_vote and len(examples) < SHOWN:
            examples.append(_last_turn(material.messages))
    return Trial(seen, votes, gave_up, scored if models else None, examples)


def _last_turn(messages: list[dict[str, Any]]) -> str:
    return str(messages[-1].get("content") or "") if messages else ""
