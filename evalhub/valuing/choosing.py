"""Which of many possible tasks are worth asking, where not all can be asked: by lot, or by decision value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.campaigns.selection import Keys
from evalhub.prompts.models import Prompt
from evalhub.stats.lots import spread_lot
from evalhub.valuing.choices import Aim
from evalhub.valuing.knowledge import MOST_TASKS, Asked, answers_of, heard_for

Beat = Callable[[], object]


@dataclass(frozen=True)
class Chosen:
    """`shapes` of the tasks to be made; the first `by_lot` of them a lot chose."""

    shapes: list[Keys]
    by_lot: int


def chosen_by_lot(shapes: Sequence[Keys], *, most: int, seed: int) -> list[Keys]:
    """All shapes of at most `most` prompts, drawn by lot and spread over slices."""
    prompts = list(dict.fromkeys(prompt for prompt, _ in shapes))
    strata = _strata(prompts)
    places = spread_lot([strata[each] for each in prompts], most=most, seed=seed)
    drawn = {prompts[place] for place in places}
    return [each for each in shapes if each[0] in drawn]


def chosen_by_value(
    shapes: Sequence[Keys],
    *,
    campaign: Campaign,
    most: int,
    by_lot: int,
    threshold: float,
    seed: int,
    beat: Beat,
) -> Chosen:
    """At most `most` of them: a share by lot, the others those likeliest to change a decision.

    A rating stands for itself; of the comparisons and rankings of one prompt one is taken. The lot
    is drawn first and among all, so that figures of its share are of all that could be asked.

    Args:
        by_lot: percent of the tasks.
        threshold: points from which a rated answer is good enough; of ratings alone.
    """
    from evalhub.valuing.decisions import field_of

    type_ = TaskType(campaign.type)
    groups = _groups(shapes, type_)
    members: dict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    lots = _lots(shapes, members, most=-(-min(most, len(members)) * by_lot // 100), seed=seed)
    taken = {groups[place] for place in lots}
    wanted = min(most, len(members)) - len(lots)
    rest = _thinned(
        {group: places for group, places in members.items() if group not in taken},
        most=max(MOST_TASKS, wanted), seed=seed,
    )  # fmt: skip
    asked = [Asked(place, tuple(shapes[place][1])) for place in rest]
    heard = heard_for(campaign)
    answers = answers_of(heard.answers.union(*(each.answers for each in asked)))
    field = field_of(type_, answers, heard, threshold=threshold)
    places = field.choose(
        asked,
        groups=[groups[place] for place in rest],
        aim=Aim.BOTH,
        most=wanted,
        seed=seed,
        beat=beat,
    )
    valued = [rest[place] for place in places]
    return Chosen([shapes[place] for place in [*lots, *valued]], len(lots))


def _groups(shapes: Sequence[Keys], type_: TaskType) -> list[int]:
    """Of each shape: of those of one group one alone is asked."""
    if type_ == TaskType.RATING:
        return list(range(len(shapes)))
    return [prompt for prompt, _ in shapes]


def _lots(
    shapes: Sequence[Keys], members: dict[int, list[int]], *, most: int, seed: int
) -> list[int]:
    """Places of `most` shapes, one of a group, spread over the slices of their prompts."""
    chance = Random(seed)  # noqa: S311  no secret
    firsts = [places[0] for places in members.values()]
    strata = _strata(shapes[place][0] for place in firsts)
    drawn = spread_lot([strata[shapes[place][0]] for place in firsts], most=most, seed=seed)
    each = list(members.values())
    return [chance.choice(each[place]) for place in drawn]


def _thinned(members: dict[int, list[int]], *, most: int, seed: int) -> list[int]:
    """Places that are valued, some of as many groups as can be, by lot where there are more than `most`."""
    chance = Random(seed)  # noqa: S311  as above
    groups = chance.sample(list(members.values()), len(members))
    each = max(1, most // max(1, len(groups)))
    kept = [chance.sample(places, min(each, len(places))) for places in groups]
    return sorted([place for places in kept for place in places][:most])


def _strata(prompts: Iterable[int]) -> dict[int, tuple[str, ...]]:
    rows = Prompt.objects.filter(pk__in=set(prompts)).values_list("pk", "slices")
    return {
        key: tuple(sorted(f"{name}={value}" for name, value in slices.items()))
        for key, slices in rows
    }
