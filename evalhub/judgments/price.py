"""What a campaign will take, by what like ones took: judgments, hours, cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from django.db import connection
from django.db.models import Avg, F
from django.db.models.functions import Length

from evalhub.campaigns.choices import PayUnit, TaskType
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.choices import Source
from evalhub.judgments.disagreeing import questions_of
from evalhub.judgments.models import FILLS_A_PLACE
from evalhub.stats.growing import Grown, forecast_growth
from evalhub.stats.planning import (
    Forecast,
    forecast_time,
    intraclass,
    prompts_needed,
    smallest_difference,
    variance_of_preference,
)

MS_PER_HOUR = 3_600_000
EVERY = tuple(Source.values)
CAMPAIGNS, EACH = 20, 500  # of the newest like campaigns, and of the newest judgments of each
MOST_FOLLOWED = 2000  # of these judgments, when it is foretold how tasks grow
LETTERS_A_MINUTE = 1200  # read with care, about 200 words
GUESSED_TIES, GUESSED_CORRELATION, GUESSED_VARIANCE, GUESSED_START_MS = 0.2, 0.3, 1.0, 15_000

_HISTORY = f"""
    SELECT j.id, j.member_id, j.task_id, j.active_ms,
           (SELECT p.margin FROM judgments_preference p
            WHERE p.judgment_id = j.id AND p.criterion_id IS NULL),
           (SELECT avg(1 + 4.0 * (r.value - k.low) / (k.high - k.low)) FROM judgments_rating r
            JOIN rubrics_criterion k ON k.id = r.criterion_id
            WHERE r.judgment_id = j.id AND r.turn IS NULL AND r.value IS NOT NULL
              AND k.kind IN ('scale', 'yes_no'))
    FROM unnest(%s::bigint[]) AS c (id)
    CROSS JOIN LATERAL (
        SELECT * FROM judgments_judgment
        WHERE campaign_id = c.id AND source = ANY(%s) AND {FILLS_A_PLACE}
        ORDER BY id DESC LIMIT %s
    ) j
"""  # noqa: S608  constants only


@dataclass(frozen=True)
class Assumptions:
    """What a forecast goes by; `judgments` is how many say so, 0 for a guess of ours."""

    source: str  # "campaign", "rubric", "type" or "guess"
    judgments: int
    ms_each: float
    ties: float  # of comparisons: the share that are ties
    correlation: float  # of two judgments of one task
    variance: float  # of one judgment: a win counts 1, a tie ½; ratings on a scale from 1 to 5
    guessed: tuple[str, ...] = ()  # those of the figures above that nothing has shown yet


@dataclass(frozen=True)
class History:
    """What like campaigns, or this one, have shown so far."""

    assumed: Assumptions
    times: list[np.ndarray[tuple[int], np.dtype[np.float64]]]  # of each annotator, milliseconds
    correlation: float | None  # as seen; None: no two judgments of a task, or all say the same
    judged: dict[
        int, tuple[int, float | None]
    ]  # by judgment: its task, and the value of what it says


class Rate(NamedTuple):
    """What work costs: so much for each active hour, or for each task that somebody judged."""

    amount: float
    unit: PayUnit = PayUnit.HOUR

    def of(self, *, judgments: float, hours: float) -> float:
        """0.25 for each task: 100 judgments cost 25, however long they take."""
        return self.amount * (judgments if self.unit == PayUnit.TASK else hours)


@dataclass(frozen=True)
class Bill:
    """So many judgments, the hours they take and what these cost; the ends hold 9 times in 10."""

    judgments: int
    hours: float
    hours_low: float | None
    hours_high: float | None
    rate: Rate
    grown: Grown | None = None  # how many it may be, where tasks grow while people disagree

    @property
    def cost(self) -> float:
        return self.rate.of(judgments=self.judgments, hours=self.hours)

    @property
    def cost_low(self) -> float | None:
        """None: nobody can tell, or it costs exactly that, as so many tasks at so much each do."""
        return self._end(self.hours_low, self.grown.low if self.grown else None)

    @property
    def cost_high(self) -> float | None:
        return self._end(self.hours_high, self.grown.high if self.grown else None)

    def _end(self, hours: float | None, judgments: float | None) -> float | None:
        known = judgments if self.rate.unit == PayUnit.TASK else hours
        if known is None:
            return None
        return self.rate.of(judgments=judgments or 0, hours=hours or 0)


@dataclass(frozen=True)
class Price:
    planned: Bill  # the campaign as it is
    shows: float | None  # the smallest difference that it shows
    needed: Bill | None  # for the difference that is wanted; None where the type compares nothing
    prompts: int | None


def history_of(campaign: Campaign) -> History:
    """By campaigns of the workspace on the same rubric, else of the same type, else a guess."""
    like = Campaign.objects.filter(workspace=campaign.workspace_id, type=campaign.type)
    like = like.exclude(pk=campaign.pk).order_by("-pk")
    for source, rows in (
        ("rubric", like.filter(rubric_version=campaign.rubric_version_id)),
        ("type", like),
    ):
        found = _seen(list(rows.values_list("pk", flat=True)[:CAMPAIGNS]), source, campaign)
        if found.assumed.judgments:
            return found
    return _seen([], "guess", campaign)


def seen_in(campaign: Campaign, sources: Sequence[str] = EVERY) -> History:
    """What came so far in the campaign itself, from these sources; no judgments: nothing."""
    return _seen([campaign.pk], "campaign", campaign, sources)


def growth_of(campaign: Campaign, history: History, *, tasks: int) -> Grown | None:
    """The judgments of `tasks` that are still to come where they grow while people disagree.

    Returns:
        None where they do not grow, or nothing like it was judged here.
    """
    if not tasks or (campaign.most_overlap or 0) <= campaign.overlap:
        return None
    rows = sorted(history.judged)[-MOST_FOLLOWED:]
    values = [history.judged[pk][1] for pk in rows]
    told = [float("nan") if value is None else value for value in values]
    is_told = history.correlation == history.assumed.correlation and None not in values
    return forecast_growth(
        questions_of(rows),
        [history.judged[pk][0] for pk in rows],
        told,
        tasks=tasks,
        overlap=campaign.overlap,
        most=campaign.most_overlap or 0,
        correlation=None if is_told else history.assumed.correlation,
        guess=GUESSED_CORRELATION,
    )


def price_of(
    campaign: Campaign,
    history: History,
    *,
    judgments: int,
    difference: float,
    overlap: int,
    people: int | None,
    rate: Rate,
    grown: Grown | None = None,
) -> Price:
    """What the campaign's `judgments` take, and how many would show `difference`.

    Args:
        grown: how many they may become, where tasks grow while people disagree.
        difference: of the win rate from ½, or of two mean scores on a scale from 1 to 5.
    """
    assumed = history.assumed
    variance = _variance(campaign, assumed)
    planned = bill(history, judgments, people=people, rate=rate)
    if grown is not None:
        planned = _grown(history, grown, people=people, rate=rate)
    if variance is None:
        return Price(planned, None, None, None)
    models = 2 if campaign.type == TaskType.RATING else 1  # a rating judges one of the two
    prompts = prompts_needed(difference, variance, overlap=overlap, correlation=assumed.correlation)
    shows = smallest_difference(
        judgments // (overlap * models),
        variance,
        overlap=overlap,
        correlation=assumed.correlation,
    )
    needed = bill(history, prompts * overlap * models, people=people, rate=rate)
    return Price(planned, shows, needed, prompts)


def bill(history: History, judgments: int, *, people: int | None, rate: Rate) -> Bill:
    """The hours by `forecast_time`, moved to the time that is assumed for one judgment."""
    ms = judgments * history.assumed.ms_each
    told = forecast_time(history.times, judgments, people=people) or Forecast(ms, None, None)
    moved = ms / told.value if told.value else 0.0
    low, high = (
        None if end is None else end * moved / MS_PER_HOUR for end in (told.low, told.high)
    )
    return Bill(judgments, ms / MS_PER_HOUR, low, high, rate)


def _grown(history: History, grown: Grown, *, people: int | None, rate: Rate) -> Bill:
    """With the hours of the fewest at the lower end, and of the most at the upper."""
    value, low, high = (
        bill(history, round(count), people=people, rate=rate)
        for count in (grown.value, grown.low, grown.high)
    )
    return replace(value, hours_low=low.hours_low, hours_high=high.hours_high, grown=grown)


def assuming(
    history: History,
    *,
    ms_each: float | None = None,
    ties: float | None = None,
    correlation: float | None = None,
) -> History:
    """The same history with what somebody knows better."""
    assumed = history.assumed
    better = replace(
        assumed,
        ms_each=assumed.ms_each if ms_each is None else ms_each,
        ties=assumed.ties if ties is None else ties,
        correlation=assumed.correlation if correlation is None else correlation,
    )
    given = {"ms_each": ms_each, "ties": ties, "correlation": correlation}
    guessed = tuple(name for name in assumed.guessed if given.get(name) is None)
    return replace(history, assumed=replace(better, guessed=guessed))


def _variance(campaign: Campaign, assumed: Assumptions) -> float | None:
    if campaign.type == TaskType.COMPARISON:
        return variance_of_preference(assumed.ties)
    if campaign.type == TaskType.RATING:  # of the difference of two models' ratings
        return 2 * assumed.variance
    return None


def _seen(
    campaigns: list[int], source: str, campaign: Campaign, sources: Sequence[str] = EVERY
) -> History:
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [campaigns, list(sources), EACH])
        rows = cursor.fetchall()
    times: dict[int, list[float]] = defaultdict(list)
    tasks, values, margins = [], [], []
    judged: dict[int, tuple[int, float | None]] = {}
    for pk, member, task, active_ms, margin, score in rows:
        if active_ms is not None:
            times[member].append(active_ms)
        value = score if margin is None else (margin > 0) + 0.5 * (margin == 0)
        judged[pk] = task, None if value is None else float(value)
        if value is not None:
            tasks.append(task)
            values.append(float(value))
        if margin is not None:
            margins.append(margin)
    timed = [each for member in times.values() for each in member]
    correlation = intraclass(tasks, values)
    shown = {"ms_each": timed, "ties": margins, "variance": values[1:]}
    guessed = [name for name, seen in shown.items() if not seen]
    assumed = Assumptions(
        source=source,
        judgments=len(rows),
        ms_each=float(np.mean(timed)) if timed else _reading_time(campaign),
        ties=margins.count(0) / len(margins) if margins else GUESSED_TIES,
        correlation=GUESSED_CORRELATION if correlation is None else correlation,
        variance=float(np.var(values)) if len(values) > 1 else GUESSED_VARIANCE,
        guessed=(*guessed, *(["correlation"] if correlation is None else [])),
    )
    known = [np.array(each, dtype=float) for each in times.values()]
    return History(assumed, known, correlation, judged)


def _reading_time(campaign: Campaign) -> float:
    """Milliseconds to read a task's texts with care, and some to decide; by its first tasks."""
    tasks = Task.objects.filter(campaign=campaign.pk).order_by("pk")[:50].values("pk")
    letters = Task.completions.through.objects.filter(task__in=tasks).aggregate(
        mean=Avg(Length(F("completion__content")))
    )["mean"]
    count = {TaskType.COMPARISON: 2, TaskType.RANKING: 4}.get(TaskType(campaign.type), 1)
    return GUESSED_START_MS + 60_000 * count * float(letters or 500) / LETTERS_A_MINUTE
