"""What is known when a campaign's tasks are valued: the pairs nobody judged, what was said of others, the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from evalhub.campaigns.choices import TaskKind, TaskType
from evalhub.campaigns.models import Campaign, Task, TaskCompletion
from evalhub.judgments.models import Preference
from evalhub.prompts.models import Completion, Score
from evalhub.quality.arrays import said_in_any
from evalhub.registry.models import LanguageModel
from evalhub.valuing.answers import Answer

MOST_TASKS = 20_000  # that are valued together; more wait behind them
MOST_JUDGMENTS = 20_000  # the newest
MOST_SLICES = 6  # in which models may differ
LEAST_SHARE = 0.05  # of the answers, for a slice
_AT_ONCE = 1000


@dataclass(frozen=True)
class Pair:
    """A task, or a judgment, and the keys of its two completions."""

    key: int
    first: int
    second: int


@dataclass(frozen=True)
class Said:
    """`preferred` is 1 for the first, 0 for the second and one half for a tie."""

    first: int
    second: int
    preferred: float


def open_pairs(campaign: Campaign) -> tuple[list[Pair], int]:
    """Comparisons that have a place left, in the order in which they stand, and how many stand beyond."""
    rows = Task.objects.filter(campaign=campaign, kind=TaskKind.NORMAL, is_reserved=False).open()
    keys = list(rows.order_by("rank", "pk").values_list("pk", flat=True)[: MOST_TASKS + 1])
    beyond = rows.count() - MOST_TASKS if len(keys) > MOST_TASKS else 0
    answers: dict[int, list[int]] = {}
    for part in _in_parts(keys[:MOST_TASKS]):
        placed = TaskCompletion.objects.filter(task__in=part).order_by("task", "place")
        for task, completion in placed.values_list("task_id", "completion_id"):
            answers.setdefault(task, []).append(completion)
    return [Pair(key, *answers[key]) for key in keys[:MOST_TASKS]], max(0, beyond)


def said_before(campaign: Campaign) -> tuple[list[Said], int]:
    """What people prefer overall, in this campaign and in all by the same rubric; the newest.

    As reports have it: without models, and without whoever or whatever is left out there.

    Returns:
        them, and the key of the newest judgment.
    """
    alike = Campaign.objects.filter(
        workspace=campaign.workspace_id,
        rubric_version__rubric=campaign.rubric_version.rubric_id,
        type=TaskType.COMPARISON,
    )
    rows = Preference.objects.filter(judgment__in=said_in_any(alike), criterion=None).order_by(
        "-judgment_id"
    )
    columns = ("judgment_id", "first_id", "second_id", "margin")
    newest = list(rows.values_list(*columns)[:MOST_JUDGMENTS])
    said = [
        Said(first, second, 0.5 if margin == 0 else float(margin > 0))
        for _, first, second, margin in newest
    ]
    return said, newest[0][0] if newest else 0


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
        for key, text, messages, slices, model in rows.values_list(
            "pk", "content", "prompt__messages", "prompt__slices", "generation__model_id"
        ):
            found[key] = Answer(
                prompt=messages[-1]["content"] if messages else "",
                text=text,
                model=model,
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
