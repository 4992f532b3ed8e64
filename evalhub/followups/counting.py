"""What became of each complaint, and of all; numpy and scipy, and in a worker."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from evalhub.campaigns.models import Campaign
from evalhub.followups.choices import Finding, Learnt
from evalhub.followups.models import Complaint, FollowUp
from evalhub.followups.rule import Found, Scale, is_low, on_criterion, overall
from evalhub.judgments.models import Judgment, Preference, RankedCompletion, Rating
from evalhub.prompts.grouping import root_of
from evalhub.quality.arrays import said_in_any
from evalhub.rubrics.models import Criterion, ScaleKind
from evalhub.stats.shares import estimate_of_shares

Beat = Callable[[], object]


@dataclass
class Said:
    """What one rater said of a task, by the keys of its answers."""

    ratings: dict[tuple[int, int], int] = field(default_factory=dict)  # by answer and criterion
    rank: dict[int, float] = field(default_factory=dict)  # lower is better


def judge_complaints(follow_up: FollowUp, complaints: Sequence[Complaint]) -> None:
    """Set `finding` and `found` of those that people were asked about; nobody counts on what they
    complained about themselves."""
    said = _said_on(follow_up)
    authors: defaultdict[int, set[int]] = defaultdict(set)
    for each in complaints:
        authors[each.old_id].add(each.judgment.member_id)
    scales = {
        each.pk: Scale(each.low, each.high)
        for each in follow_up.rubric_version.criteria.filter(kind=ScaleKind.SCALE)
    }
    for each in complaints:
        if each.task_id is None:
            continue
        others = [
            words for member, words in said[each.task_id] if member not in authors[each.old_id]
        ]
        found = _found(each, others, scales)
        if found is not None:
            each.finding = found.finding
            each.found = {"raters": found.raters} | found.figures


def _found(complaint: Complaint, said: list[Said], scales: dict[int, Scale]) -> Found | None:
    old, new = complaint.old_id, complaint.answer_id
    if new is None:
        return None
    if complaint.criterion_id is not None:
        return on_criterion(
            _both_rated(said, old, new, complaint.criterion_id), scales[complaint.criterion_id]
        )
    gains = _above(said, new, old)
    edit = complaint.edit_id
    against_edit = None if edit is None else _above(said, new, edit)
    return overall(gains, against_edit=against_edit, has_faults=_has_faults(said, new, scales))


def _both_rated(said: list[Said], old: int, new: int, criterion: int) -> list[tuple[int, int]]:
    return [
        (each.ratings[old, criterion], each.ratings[new, criterion])
        for each in said
        if (old, criterion) in each.ratings and (new, criterion) in each.ratings
    ]


def _above(said: list[Said], one: int, other: int) -> list[int]:
    """Of each rater who ranked both: 1 where `one` stands above the other."""
    ranks = [
        (each.rank[one], each.rank[other]) for each in said if {one, other} <= each.rank.keys()
    ]
    return [(mine < theirs) - (mine > theirs) for mine, theirs in ranks]


def _has_faults(said: list[Said], answer: int, scales: dict[int, Scale]) -> bool:
    for criterion, scale in scales.items():
        given = [each.ratings[answer, criterion] for each in said if (answer, criterion) in each.ratings]  # fmt: skip
        if given and is_low(sum(given) / len(given), scale):
            return True
    return False


def _said_on(follow_up: FollowUp) -> defaultdict[int, list[tuple[int, Said]]]:
    """By task, each rater's key with their words."""
    campaigns = Campaign.objects.filter(pk__in=[each.pk for each in follow_up.campaigns])
    counted = said_in_any(campaigns).filter(source__in=follow_up.sources)
    words: dict[int, Said] = {}
    by_task: defaultdict[int, list[tuple[int, Said]]] = defaultdict(list)
    for key, task, member in counted.order_by("pk").values_list("pk", "task_id", "member_id"):
        words[key] = Said()
        by_task[task].append((member, words[key]))
    mine = Judgment.objects.filter(pk__in=list(words))
    ratings = Rating.objects.filter(judgment__in=mine, turn=None, value__isnull=False)
    for key, completion, criterion, value in ratings.values_list(
        "judgment_id", "completion_id", "criterion_id", "value"
    ):
        if completion is not None and value is not None:
            words[key].ratings[completion, criterion] = value
    ranked = RankedCompletion.objects.filter(judgment__in=mine)
    for key, completion, tier in ranked.values_list("judgment_id", "completion_id", "tier"):
        words[key].rank[completion] = tier
    preferred = Preference.objects.filter(judgment__in=mine, criterion=None)
    for key, first, second, margin in preferred.values_list(
        "judgment_id", "first_id", "second_id", "margin"
    ):
        words[key].rank = {first: -margin, second: 0}
    return by_task


def figures_of(complaints: Iterable[Complaint], *, beat: Beat) -> dict[str, Any]:
    """A line for all complaints, one for those overall, and one for each criterion.

    {"people", "all": line, "lines": [{"criterion", "name"} and a line]}; a line is {"n", "findings":
    {finding: n}, "unjudged", "by_itself", "shared", "resolved": share, "learnt": {Learnt: share}}, a share
    {"value", "low", "high", "n", "part"} with its 95 % interval by prompt group. `shared` counts complaints
    on a criterion whose old answer the raters find low as well.
    """
    rows = list(complaints)
    by_criterion: defaultdict[Criterion | None, list[Complaint]] = defaultdict(list)
    for each in rows:
        by_criterion[each.criterion].append(each)
    order = sorted(by_criterion, key=lambda each: -1 if each is None else each.position)
    return {
        "people": len({each.judgment.member_id for each in rows}),
        "all": _line(rows, beat),
        "lines": [
            {
                "criterion": criterion.slug if criterion else None,
                "name": criterion.name if criterion else "",
            }
            | _line(by_criterion[criterion], beat)
            for criterion in order
        ],
    }


def _line(rows: list[Complaint], beat: Beat) -> dict[str, Any]:
    told = [each for each in rows if each.finding]
    counts = Counter(each.finding for each in told)
    parts = {part: [each for each in told if each.learnt == part] for part in Learnt}
    return {
        "n": len(rows),
        "findings": {str(finding): counts[finding] for finding in Finding if counts[finding]},
        "unjudged": len(rows) - len(told),
        "by_itself": sum("by_itself" in each.found for each in told),
        "shared": sum(_is_shared(each) for each in told),
        "resolved": _share(told, beat),
        "learnt": {str(part): _share(mine, beat) for part, mine in parts.items() if mine},
    }


def _is_shared(complaint: Complaint) -> bool:
    criterion, old = complaint.criterion, complaint.found.get("old")
    return (
        criterion is not None
        and old is not None
        and is_low(old, Scale(criterion.low, criterion.high))
    )


def _share(rows: list[Complaint], beat: Beat) -> dict[str, Any]:
    """With its interval by prompt group."""
    groups = [str(root_of(each.old.prompt.group).uid) for each in rows]
    resolved_R = np.array([each.finding == Finding.RESOLVED for each in rows], dtype=np.float64)
    found = estimate_of_shares(groups, resolved_R, beat=beat)
    return asdict(found) | {"part": int(resolved_R.sum())}
