"""What is known when tasks are valued: those that nobody judged, what was said of others, the answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

from django.db.models import F, FloatField, QuerySet, Sum
from django.db.models.functions import Cast

from evalhub.campaigns.choices import TaskKind, TaskType
from evalhub.campaigns.models import Campaign, Task, TaskCompletion
from evalhub.judgments.models import Judgment, Preference, RankedCompletion, Rating
from evalhub.prompts.models import Completion, Score
from evalhub.quality.arrays import said_in_any
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import ScaleKind
from evalhub.valuing.answers import Answer

MOST_TASKS = 20_000  # that are valued together; more wait behind them
MOST_RANKED = 5_000  # of rankings, each of which tells of up to 28 pairs
MOST_JUDGMENTS = 20_000  # the newest
MOST_SLICES = 6  # in which models may differ
LEAST_SHARE = 0.05  # of the answers, for a slice
_AT_ONCE = 1000


@dataclass(frozen=True)
class Asked:
    """A task, or what may become one, and the keys of its completions in order."""

    key: int
    answers: tuple[int, ...]


@dataclass(frozen=True)
class Said:
    """`preferred` is 1 for the first, 0 for the second and one half for a tie.

    among: of so many answers that were ranked it is one pair.
    """

    first: int
    second: int
    preferred: float
    among: int = 2


@dataclass(frozen=True)
class Rated:
    """`points` of 1 to 5: the mean over the criteria, by their weights."""

    answer: int
    points: float


@dataclass(frozen=True)
class Heard:
    """What people said of answers, in `judgments` judgments; `last` is the key of the newest, 0 if there is none."""

    judgments: int
    last: int
    said: Sequence[Said] = ()
    rated: Sequence[Rated] = ()

    @property
    def answers(self) -> set[int]:
        pairs = {key for each in self.said for key in (each.first, each.second)}
        return pairs | {each.answer for each in self.rated}


def open_tasks(campaign: Campaign) -> tuple[list[Asked], int]:
    """Tasks that have a place left, in the order in which they stand, and how many stand beyond."""
    rows = Task.objects.filter(campaign=campaign, kind=TaskKind.NORMAL, is_reserved=False).open()
    most = MOST_RANKED if campaign.type == TaskType.RANKING else MOST_TASKS
    keys = list(rows.order_by("rank", "pk").values_list("pk", flat=True)[: most + 1])
    beyond = max(0, rows.count() - most) if len(keys) > most else 0
    answers: dict[int, list[int]] = defaultdict(list)
    for part in _in_parts(keys[:most]):
        placed = TaskCompletion.objects.filter(task__in=part).order_by("task", "place")
        for task, completion in placed.values_list("task_id", "completion_id"):
            answers[task].append(completion)
    return [Asked(key, tuple(answers[key])) for key in keys[:most]], beyond


def heard_for(campaign: Campaign) -> Heard:
    """What people said in this campaign and in all by the same rubric; the newest.

    For ratings the ratings; else overall preferences and each two of a ranking. As reports have it: without
    models, and without whoever or whatever is left out there.
    """
    alike = Campaign.objects.filter(
        workspace=campaign.workspace_id,
        rubric_version__rubric=campaign.rubric_version.rubric_id,
    )
    if campaign.type == TaskType.RATING:
        return _ratings(said_in_any(alike))
    types = (TaskType.COMPARISON, TaskType.RANKING)
    return _preferences(said_in_any(alike.filter(type__in=types)))


def _preferences(judgments: QuerySet[Judgment]) -> Heard:
    compared = Preference.objects.filter(judgment__in=judgments, criterion=None)
    columns = ("judgment_id", "first_id", "second_id", "margin")
    found: dict[int, list[Said]] = {
        key: [Said(first, second, 0.5 if margin == 0 else float(margin > 0))]
        for key, first, second, margin in compared.order_by("-judgment_id").values_list(*columns)[
            :MOST_JUDGMENTS
        ]
    }
    ranked = RankedCompletion.objects.filter(judgment__in=judgments)
    newest = ranked.order_by("-judgment_id").values("judgment_id").distinct()[:MOST_JUDGMENTS]
    tiers: dict[int, list[tuple[int, int]]] = defaultdict(list)
    rows = ranked.filter(judgment__in=[each["judgment_id"] for each in newest])
    for key, completion, tier in rows.order_by("judgment_id", "tier", "pk").values_list(
        "judgment_id", "completion_id", "tier"
    ):
        tiers[key].append((completion, tier))
    found |= {key: list(_implied(order)) for key, order in tiers.items()}
    keys = sorted(found, reverse=True)[:MOST_JUDGMENTS]
    said = [each for key in keys for each in found[key]]
    return Heard(len(keys), keys[0] if keys else 0, said=said)


def _implied(order: Sequence[tuple[int, int]]) -> Iterator[Said]:
    """Each two of a ranking, the better tier first."""
    for (one, tier), (other, lower) in combinations(order, 2):
        yield Said(one, other, 0.5 if tier == lower else 1.0, among=len(order))


def _ratings(judgments: QuerySet[Judgment]) -> Heard:
    low, high = F("criterion__low"), F("criterion__high")
    rows = Rating.objects.filter(
        judgment__in=judgments,
        turn=None,
        completion__isnull=False,
        value__isnull=False,
        criterion__kind__in=[ScaleKind.SCALE, ScaleKind.YES_NO],
        criterion__weight__gt=0,
    )
    share = Cast(F("value") - low, FloatField()) / (high - low)
    weighed = rows.values_list("judgment_id", "completion_id").annotate(
        points=1 + 4 * Sum(F("criterion__weight") * share) / Sum("criterion__weight")
    )
    newest = list(weighed.order_by("-judgment_id", "completion_id")[:MOST_JUDGMENTS])
    rated = [Rated(completion, points) for _, completion, points in newest]
    return Heard(len({key for key, *_ in newest}), newest[0][0] if newest else 0, rated=rated)


def answers_of(completions: Iterable[int]) -> dict[int, Answer]:
    """The answers by their keys."""
    scores: dict[int, dict[int, float]] = {}
    found: dict[int, Answer] = {}
    for part in _in_parts(sorted(set(completions))):
        for key, model, value in Score.objects.filter(completion__in=part).values_list(
            "completion_id", "model_id", "value"
        ):
            scores.setdefault(key, {})[model] = value
        rows = Completion.objects.filter(pk__in=part).order_by("pk")
        columns = ("pk", "content", "prompt__messages", "prompt__slices", "generation__model_id", "written_by_id")  # fmt: skip
        for key, text, messages, slices, model, person in rows.values_list(*columns):
            found[key] = Answer(
                prompt=messages[-1]["content"] if messages else "",
                text=text,
                model=model if person is None else 0,
                scores=scores.get(key, {}),
                slices=tuple(sorted(f"{name}={value}" for name, value in slices.items())),
            )
    return found


def large_slices(answers: Iterable[Answer]) -> list[str]:
    """Those that hold a twentieth of the answers or more and not all, the largest first."""
    counts = Counter[str]()
    total = 0
    for each in answers:
        counts.update(each.slices)
        total += 1
    fitting = [(-n, name) for name, n in counts.items() if LEAST_SHARE * total <= n < total]
    return [name for _, name in sorted(fitting)[:MOST_SLICES]]


def names_of(models: Sequence[int]) -> Mapping[int, str]:
    return dict(LanguageModel.objects.filter(pk__in=models).values_list("pk", "name"))


def _in_parts(keys: Iterable[int]) -> Iterator[list[int]]:
    rest = iter(keys)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
