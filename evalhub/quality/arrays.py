"""A campaign's answers as arrays, for statistics. Shapes: R answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from django.db import connection, transaction
from django.db.models import QuerySet
from numpy.typing import NDArray

from evalhub.campaigns.choices import Origin, TaskKind
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.quality.columns import columns_of
from evalhub.quality.models import excluded, withdrawn
from evalhub.registry.models import LanguageModel

Ints = NDArray[np.int64]

APART = (TaskKind.REPEAT, TaskKind.PRACTICE, TaskKind.QUALIFICATION)
# a second word of one person, no data, and an exam

_RATINGS = """
    SELECT r.id, r.criterion_id::bigint, t.prompt_id, coalesce(r.completion_id, 0),
           coalesce(r.turn, -1)::bigint, j.member_id, t.id, p.group_id, {day}, j.id,
           j.saw_proposal::int::bigint, coalesce(r.value, {missing})::bigint
    FROM judgments_rating r
    JOIN judgments_judgment j ON j.id = r.judgment_id
    JOIN campaigns_task t ON t.id = j.task_id
    JOIN prompts_prompt p ON p.id = t.prompt_id
    WHERE j.id IN ({judgments})
"""
_PREFERENCES = """
    SELECT r.id, r.id, coalesce(r.criterion_id, 0)::bigint, t.prompt_id, r.first_id, r.second_id,
           r.margin::bigint, r.both_bad::int::bigint,
           CASE WHEN shown.completion_id = r.first_id THEN 1
                WHEN shown.completion_id = r.second_id THEN -1 ELSE 0 END::bigint,
           j.member_id, t.id, p.group_id, {day}, j.id, j.saw_proposal::int::bigint
    FROM judgments_preference r
    JOIN judgments_judgment j ON j.id = r.judgment_id
    JOIN campaigns_task t ON t.id = j.task_id
    JOIN prompts_prompt p ON p.id = t.prompt_id
    LEFT JOIN campaigns_assignment a ON a.id = j.assignment_id
    LEFT JOIN campaigns_taskcompletion shown
      ON shown.task_id = t.id AND shown.place = a.permutation[1]
    WHERE j.id IN ({judgments})
"""
_RANKINGS = """
    SELECT r.id, s.id, 0::bigint, t.prompt_id, r.completion_id, s.completion_id,
           sign(s.tier - r.tier)::bigint, 0::bigint, 0::bigint, j.member_id, t.id, p.group_id,
           {day}, j.id, j.saw_proposal::int::bigint
    FROM judgments_rankedcompletion r
    JOIN judgments_rankedcompletion s
      ON s.judgment_id = r.judgment_id AND s.completion_id > r.completion_id
    JOIN judgments_judgment j ON j.id = r.judgment_id
    JOIN campaigns_task t ON t.id = j.task_id
    JOIN prompts_prompt p ON p.id = t.prompt_id
    WHERE j.id IN ({judgments})
"""
_MODELS = """
    SELECT DISTINCT c.completion_id,
           CASE WHEN x.written_by_id IS NULL THEN g.model_id ELSE 0 END
    FROM campaigns_taskcompletion c
    JOIN campaigns_task t ON t.id = c.task_id
    JOIN prompts_completion x ON x.id = c.completion_id
    JOIN prompts_generation g ON g.id = x.generation_id
    WHERE t.campaign_id = %s ORDER BY 1
"""
_LENGTHS = """
    SELECT x.id, length(x.content)::bigint
    FROM prompts_completion x
    WHERE x.id IN (SELECT c.completion_id FROM campaigns_taskcompletion c
                   JOIN campaigns_task t ON t.id = c.task_id WHERE t.campaign_id = %s)
    ORDER BY 1
"""
_MISSING = -(2**40)
_ABOUT = (
    "member",
    "task",
    "group",
    "day",
    "judgment",
    "saw_proposal",
)  # of ratings and preferences
_RATED = ("criterion", "prompt", "completion", "turn", *_ABOUT)
MANY = 50_000  # judgments of a campaign
_DAY = "floor(extract(epoch FROM j.judged_at) / 86400)::bigint"  # since 1970, UTC


@dataclass(frozen=True)
class Rows:
    """Columns of the same length; whoever shares them writes into none."""

    saw_proposal: Ints  # 1: the judgment confirmed what a rule or a model proposed

    def where(self, wanted_R: NDArray[np.bool_]) -> Self:
        """Some of the rows; where those are all, itself and no copy."""
        if wanted_R.all():
            return self
        columns = {each.name: getattr(self, each.name)[wanted_R] for each in fields(self)}
        return type(self)(**columns)

    def unprompted(self) -> Self:
        """As `unprompted_in` would have read them."""
        return self.where(self.saw_proposal == 0)


@dataclass(frozen=True)
class Ratings(Rows):
    """`value` is NaN where somebody could not tell; `completion` 0 means the prompt alone; `day` counts
    from 1970.
    """

    criterion: Ints
    prompt: Ints
    completion: Ints
    turn: Ints
    member: Ints
    task: Ints
    group: Ints
    day: Ints
    judgment: Ints
    value: NDArray[np.float64]


@dataclass(frozen=True)
class Preferences(Rows):
    """`margin` above 0 is towards `first`, which has the lower key; `criterion` 0 means overall.

    `place` is 1 when `first` stood first on the page, -1 when it stood second, 0 when nobody knows.
    """

    criterion: Ints
    prompt: Ints
    first: Ints
    second: Ints
    margin: Ints
    both_bad: Ints
    place: Ints
    member: Ints
    task: Ints
    group: Ints
    day: Ints
    judgment: Ints


def said_in(campaign: Campaign) -> QuerySet[Judgment]:
    """What people themselves said last, a reviewer's fix left out, and whoever was excluded, what is withdrawn.

    Of a judge model's own campaign, what the model said: nobody else says anything there.
    """
    mine = Judgment.objects.filter(campaign=campaign)
    return usable(mine.said_by_models() if campaign.origin == Origin.MODEL else mine.own_words())


def said_in_any(campaigns: QuerySet[Campaign]) -> QuerySet[Judgment]:
    """The same of people in several campaigns."""
    return usable(Judgment.objects.filter(campaign__in=campaigns).own_words())


def usable(rows: QuerySet[Judgment]) -> QuerySet[Judgment]:
    """Of what people said, what figures are made of: no exams, nobody excluded, nothing withdrawn."""
    rows = rows.exclude(task__kind__in=APART)
    return rows.filter(~excluded()).filter(~withdrawn())


def unprompted_in(campaign: Campaign) -> QuerySet[Judgment]:
    """The same without what was confirmed from a proposal: such a word agrees with a rule's."""
    return said_in(campaign).filter(saw_proposal=False)


def ratings_of(
    campaign: Campaign, *, said: QuerySet[Judgment] | None = None, is_few: bool = False
) -> Ratings:
    """The ratings of `said`; None: of all that was said in the campaign."""
    statement = _RATINGS.replace("{missing}", str(_MISSING))
    columns = _in_order(columns_of_judgments(statement, campaign, 12, said, is_few=is_few), keys=1)
    given = columns[-1]
    value = np.where(given == _MISSING, np.nan, given.astype(float))
    return Ratings(**dict(zip(_RATED, columns[:-1], strict=True)), value=value)


def preferences_of(
    campaign: Campaign, *, said: QuerySet[Judgment] | None = None, is_few: bool = False
) -> Preferences:
    """Likewise; each two of a ranking are a preference."""
    compared, ranked = (
        _in_order(columns_of_judgments(statement, campaign, 15, said, is_few=is_few), keys=2)
        for statement in (_PREFERENCES, _RANKINGS)
    )
    criterion, prompt, one, two, margin, both_bad, place, *about = (
        np.concatenate(both) for both in zip(compared, ranked, strict=True)
    )
    turned = one > two
    sign = np.where(turned, -1, 1)
    return Preferences(
        criterion=criterion,
        prompt=prompt,
        first=np.where(turned, two, one),
        second=np.where(turned, one, two),
        margin=margin * sign,
        both_bad=both_bad,
        place=place * sign,
        **dict(zip(_ABOUT, about, strict=True)),
    )


def _in_order(columns: Sequence[Ints], *, keys: int) -> Sequence[Ints]:
    """The columns behind the first `keys`, which say what a row is, in the order of these.

    PostgreSQL gives rows in the order of its plan, which changes with its statistics; sums of floating
    numbers in another order differ in their last digit, and so would the digest of a report.
    """
    order = np.lexsort(columns[:keys][::-1])
    return [column[order] for column in columns[keys:]]


@dataclass(frozen=True)
class Models:
    """Which model wrote what was judged in a campaign."""

    names: list[str]  # in order
    uids: list[str]  # of the same
    completions: Ints  # keys, rising
    places: Ints  # of each one's model in `names`; -1 where a person wrote it

    def of(self, completion_R: Ints) -> Ints:
        """The models' places; -1 of what a person wrote, such as an edit, which is no model's."""
        return self.places[np.searchsorted(self.completions, completion_R)]


def models_of(campaign: Campaign) -> Models:
    completions, models = columns_of(_MODELS, [campaign.pk], 2)
    keys, nth = np.unique(models, return_inverse=True)
    known = LanguageModel.objects.in_bulk([pk for pk in keys.tolist() if pk])
    ordered = sorted(known, key=lambda pk: (known[pk].name, pk))
    place = np.array([ordered.index(pk) if pk else -1 for pk in keys.tolist()], dtype=np.int64)
    uids = [str(known[pk].uid) for pk in ordered]
    return Models([known[pk].name for pk in ordered], uids, completions, place[nth])


@dataclass(frozen=True)
class Lengths:
    """How long each completion of a campaign is, in characters: that holds in every script, and is soon counted."""

    completions: Ints  # keys, rising
    characters: Ints

    def of(self, completion_R: Ints) -> Ints:
        return self.characters[np.searchsorted(self.completions, completion_R)]


def lengths_of(campaign: Campaign) -> Lengths:
    return Lengths(*columns_of(_LENGTHS, [campaign.pk], 2))


def columns_of_judgments(
    statement: str,
    campaign: Campaign,
    width: int,
    said: QuerySet[Judgment] | None = None,
    *,
    is_few: bool = False,
) -> Sequence[Ints]:
    """The columns about `said`, None: all that was said: `{judgments}` and `{day}` are put in for it.

    Args:
        is_few: `said` names few of the campaign's judgments by their keys.
    """
    rows = said_in(campaign) if said is None else said
    chosen, values = rows.order_by().values("pk").query.sql_with_params()
    whole = statement.replace("{judgments}", chosen).replace("{day}", _DAY)
    if not is_few and _has_many(campaign):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_nestloop = off")
            found = columns_of(whole, values, width)
            cursor.execute("SET LOCAL enable_nestloop TO DEFAULT")  # where a caller's goes on
            return found
    return columns_of(whole, values, width)


def _has_many(campaign: Campaign) -> bool:
    """Whether most of its judgments are read sooner by reading whole tables. What leaves judgments out
    is for the planner a handful of conditions that hardly any row meets, so it would look for the rest
    of each row one by one.
    """
    keys = Judgment.objects.filter(campaign=campaign).order_by().values("pk")
    return keys[:MANY].count() == MANY
