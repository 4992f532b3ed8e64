"""Under which criterion an answer counts that was given under an earlier version."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from evalhub.rubrics.models import Carrying, CarryRule, Criterion, RubricVersion


class Decision(NamedTuple):
    """What becomes of earlier answers; `is_said` is false where no lead has said anything."""

    rule: Carrying
    values: dict[int, int]  # of a map
    is_said: bool


class Carried(NamedTuple):
    """The later criterion that answers count under, and each one's value there."""

    criterion: Criterion
    values: dict[int, int] | None  # None: as they are

    def value(self, earlier: int) -> int | None:
        """None where it does not count."""
        return earlier if self.values is None else self.values.get(earlier)


CarriedOver = dict[int, Carried | None]  # by the earlier criterion's key; None: answers stay behind


def is_same_question(earlier: Criterion, later: Criterion) -> bool:
    """Whether name, question, scale and anchors are the same to the letter."""
    return _asked(earlier) == _asked(later)


def _asked(each: Criterion) -> tuple[object, ...]:
    return (each.name, each.question, each.kind, each.low, each.high, each.anchors)


def has_same_scale(earlier: Criterion, later: Criterion) -> bool:
    return (earlier.kind, earlier.low, earlier.high) == (later.kind, later.low, later.high)


def decision_on(earlier: Criterion, later: Criterion, rules: Iterable[CarryRule]) -> Decision:
    """The newest of `rules` for `later`; without one, keep what is unchanged and ask the rest again."""
    said = [rule for rule in rules if rule.criterion_id == later.pk]
    if not said:
        same = is_same_question(earlier, later)
        return Decision(Carrying.KEEP if same else Carrying.AGAIN, {}, is_said=False)
    newest = max(said, key=lambda rule: rule.pk)
    values = {int(value): to for value, to in newest.values.items()}
    return Decision(Carrying(newest.rule), values, is_said=True)


def carried_over(versions: Iterable[int], *, at: datetime) -> CarriedOver:
    """Where answers under `versions` count: for each rubric, under the newest of them.

    Args:
        versions: keys; answers were given under each.
        at: rules that were made later are not read.

    Returns:
        An entry for each criterion of a version that has a newer one among `versions`.
    """
    by_rubric: dict[int, list[int]] = {}
    rows = RubricVersion.objects.filter(pk__in=list(versions))
    for rubric, number in rows.order_by("rubric_id", "number").values_list("rubric_id", "number"):
        by_rubric.setdefault(rubric, []).append(number)
    found: CarriedOver = {}
    for rubric, numbers in by_rubric.items():
        if len(numbers) > 1:
            found |= _in_rubric(rubric, numbers[0], numbers[-1], at)
    return found


def carried_from_trial(tried: Iterable[int], shown: int, *, at: datetime) -> CarriedOver:
    """Where answers count that were given under another wording than a campaign's own, `shown`.

    By the rules between the two, whichever is the newer: what is kept from one to the other is kept
    from the other to the one. What is mapped leads one way, so answers stay behind that would go back.

    Args:
        tried: keys of the other wordings, of the same rubric.
    """
    found: CarriedOver = {}
    own = {each.slug: each for each in Criterion.objects.filter(version=shown)}
    for version in tried:
        carried = carried_over([version, shown], at=at)
        for criterion in Criterion.objects.filter(version=version):
            if criterion.pk in carried:
                found[criterion.pk] = carried[criterion.pk]
                continue
            target = own.get(criterion.slug)
            end = carried.get(target.pk) if target else None
            is_kept = end is not None and end.values is None
            found[criterion.pk] = Carried(target, None) if target and is_kept else None
    return found


def carried_on(end: Carried | None, onwards: CarriedOver) -> Carried | None:
    """Where answers come to that count under `end`, if that is carried on itself."""
    if end is None or end.criterion.pk not in onwards:
        return end
    last = onwards[end.criterion.pk]
    if last is None or end.values is None:
        return last
    values = {value: last.value(to) for value, to in end.values.items()}
    return Carried(last.criterion, {value: to for value, to in values.items() if to is not None})


def _in_rubric(rubric: int, first: int, last: int, at: datetime) -> CarriedOver:
    """From the last version back to the first: each step leads to where the next one ends."""
    criteria = Criterion.objects.filter(
        version__rubric=rubric, version__number__range=(first, last)
    ).select_related("version")
    rules = list(CarryRule.objects.filter(criterion__in=criteria, created_at__lte=at))
    by_number: dict[int, dict[str, Criterion]] = {}
    for each in criteria.order_by("version__number", "position", "pk"):
        by_number.setdefault(each.version.number, {})[each.slug] = each
    found: CarriedOver = {}
    for number in range(last - 1, first - 1, -1):
        later_ones = by_number.get(number + 1, {})
        for slug, earlier in by_number.get(number, {}).items():
            later = later_ones.get(slug)
            found[earlier.pk] = _step(earlier, later, rules, found) if later else None
    return found


def _step(
    earlier: Criterion, later: Criterion, rules: list[CarryRule], onwards: CarriedOver
) -> Carried | None:
    decision = decision_on(earlier, later, rules)
    if decision.rule == Carrying.AGAIN:
        return None
    values = None if decision.rule == Carrying.KEEP else decision.values
    return carried_on(Carried(later, values), onwards)
