"""What people said of two models' answers to the same held-out prompts. Needs scipy: workers import this.

Shapes: R prompts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
from django.db.models import Avg, QuerySet
from django.db.models.functions import Length

from evalhub.campaigns.models import Campaign
from evalhub.common.files import Beat, unwatched
from evalhub.evaluation.measures import MEAN
from evalhub.evaluation.models import Comparison
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment, Preference, RankedCompletion, Rating
from evalhub.prompts.grouping import roots_of
from evalhub.prompts.models import Prompt, Split
from evalhub.quality.arrays import said_in_any
from evalhub.registry.models import LanguageModel
from evalhub.rubrics.models import Criterion, ScaleKind
from evalhub.stats.bias import pair_effects
from evalhub.stats.intervals import Estimate, paired_difference
from evalhub.stats.shares import estimate_of_shares

Groups = dict[int, str]  # of prompts
Values = dict[int, float]  # by prompt


def said_of(comparison: Comparison, beat: Beat = unwatched) -> dict[str, Any]:
    """The rubric's means of both models and the candidate's win rate, on held-out prompts alone.

    Of each prompt all answers of a model count as one, and so does all that people said of them; what
    reports leave out is left out here.

    Returns:
        {"criteria": [{"name", "rubric", "points", and as `stats.intervals.Difference`}], "wins": as
        `stats.intervals.Estimate`, ties as half, "wins_at_equal_length": the same with what length is worth taken
        out, "others": prompts that are not held out}. A criterion is there where some prompt has ratings of both
        models. Intervals are by prompt group.
    """
    baseline, candidate = comparison.baseline.model, comparison.candidate.model
    campaigns = Campaign.objects.filter(workspace=comparison.workspace)
    judgments = said_in_any(campaigns).filter(source=Source.HUMAN)
    criteria, others = [], set()
    for criterion in _criteria(judgments, candidate):
        before, after = (_means(judgments, criterion, model) for model in (baseline, candidate))
        both = before.keys() & after.keys()
        held_out = _held_out(both)
        others |= both - held_out.keys()
        if held_out:
            criteria.append(_means_beside(criterion, held_out, before, after, beat))
    votes, longer = _votes(judgments, baseline, candidate)
    held_out = _held_out(votes)
    return {
        "criteria": criteria,
        "wins": _wins(held_out, votes, beat),
        "wins_at_equal_length": asdict(_wins_at_equal_length(held_out, votes, longer)),
        "others": len(others | (votes.keys() - held_out.keys())),
    }


def _criteria(judgments: QuerySet[Judgment], model: LanguageModel) -> QuerySet[Criterion]:
    """Those on which answers of the model were rated, and of which more is better."""
    rated = Rating.objects.filter(
        judgment__in=judgments, completion__generation__model=model, turn=None, value__isnull=False
    )
    found = Criterion.objects.filter(pk__in=rated.values("criterion"))
    ordered = [ScaleKind.SCALE, ScaleKind.YES_NO]
    return found.filter(kind__in=ordered).select_related("version__rubric").order_by("pk")


def _means(judgments: QuerySet[Judgment], criterion: Criterion, model: LanguageModel) -> Values:
    rows = Rating.objects.filter(
        judgment__in=judgments,
        criterion=criterion,
        completion__generation__model=model,
        completion__written_by=None,
        turn=None,
        value__isnull=False,
    )
    by_prompt = rows.order_by().values_list("completion__prompt_id")
    return dict(by_prompt.annotate(mean=Avg("value")))


def _held_out(prompts: Iterable[int]) -> Groups:
    """Those of the test split, which no model is trained on, with their groups."""
    rows = Prompt.objects.filter(pk__in=list(prompts)).in_split(Split.TEST)
    groups = dict(rows.order_by("pk").values_list("pk", "group_id"))
    roots = roots_of(set(groups.values()))
    return {prompt: str(roots[group]) for prompt, group in groups.items()}


def _means_beside(
    criterion: Criterion, held_out: Groups, before: Values, after: Values, beat: Beat
) -> dict[str, Any]:
    before_R2, after_R2 = (
        np.array([[means[prompt], 1.0] for prompt in held_out]) for means in (before, after)
    )
    found = paired_difference(list(held_out.values()), before_R2, after_R2, MEAN, beat=beat)
    return {
        "name": criterion.name,
        "rubric": str(criterion.version),
        "points": [criterion.low, criterion.high],
        **asdict(found),
    }


def _votes(
    judgments: QuerySet[Judgment], baseline: LanguageModel, candidate: LanguageModel
) -> tuple[Values, Values]:
    """Of each prompt the mean vote for the candidate, 0 to 1, and how many doublings longer its answers were."""
    said: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for prompt, vote, longer in _compared(judgments, baseline, candidate):
        said[prompt].append((vote, longer))
    means = {prompt: np.mean(rows, axis=0).tolist() for prompt, rows in said.items()}
    votes = {prompt: vote for prompt, (vote, _) in means.items()}
    return votes, {prompt: longer for prompt, (_, longer) in means.items()}


def _compared(
    judgments: QuerySet[Judgment], baseline: LanguageModel, candidate: LanguageModel
) -> Iterator[tuple[int, float, float]]:
    """(prompt, vote for the candidate, by how many doublings its answer is longer): of each overall preference,
    and of each ranking of both.
    """
    both = [baseline, candidate]
    said = Preference.objects.filter(
        judgment__in=judgments,
        criterion=None,
        first__generation__model__in=both,
        first__written_by=None,
        second__generation__model__in=both,
        second__written_by=None,
    ).order_by("pk")
    rows = said.values_list(
        "first__prompt_id", "first__generation__model", "second__generation__model", "margin",
        Length("first__content"), Length("second__content"),
    )  # fmt: skip
    for prompt, one, two, margin, first, second in rows:
        if one != two:
            towards = 1 if one == candidate.pk else -1
            yield prompt, _vote(towards * margin), towards * _doublings(first, second)
    ranked: defaultdict[tuple[int, int], dict[int, list[tuple[int, int]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    tiers = RankedCompletion.objects.filter(
        judgment__in=judgments,
        completion__generation__model__in=both,
        completion__written_by=None,
    ).order_by("pk")
    for judgment, prompt, model, tier, length in tiers.values_list(
        "judgment_id", "completion__prompt_id", "completion__generation__model", "tier",
        Length("completion__content"),
    ):  # fmt: skip
        ranked[judgment, prompt][model].append((tier, length))
    for (_, prompt), of_model in ranked.items():
        for mine, my_length in of_model[candidate.pk]:
            for other, other_length in of_model[baseline.pk]:
                yield prompt, _vote(other - mine), _doublings(my_length, other_length)


def _doublings(length: int, other: int) -> float:
    return float(np.log2((1 + length) / (1 + other)))


def _vote(towards: int) -> float:
    return (float(np.sign(towards)) + 1) / 2


def _wins(held_out: Groups, votes: Values, beat: Beat) -> dict[str, Any]:
    shares = np.array([votes[prompt] for prompt in held_out], dtype=float)
    return asdict(estimate_of_shares(list(held_out.values()), shares, beat=beat))


def _wins_at_equal_length(held_out: Groups, votes: Values, longer: Values) -> Estimate:
    """How often the candidate would be preferred if its answers were as long as the others.

    Logistic regression of the vote on who it is and on the difference of the lengths' logarithms, read where
    there is none; no value where that difference is the same for all prompts. A prompt counts once.

    Source:
        Y. Dubois et al., "Length-Controlled AlpacaEval", 2024, arXiv:2404.04475.
    """
    n = len(held_out)
    gap_R = np.array([longer[prompt] for prompt in held_out], dtype=float)
    if n < 2 or np.ptp(gap_R) < 1e-9:
        return Estimate(None, None, None, n)
    won_R = np.array([votes[prompt] for prompt in held_out], dtype=float)
    _, group_R = np.unique(list(held_out.values()), return_inverse=True)
    mine_R, other_R = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64)
    found = pair_effects(mine_R, other_R, won_R, gap_R[:, None], group_R, models=2)
    value, low, high = (  # twice: their mean is 0
        _share(2 * float(each[0]))
        for each in (found.strength_M, found.strength_low_M, found.strength_high_M)
    )
    return Estimate(value, low, high, n)


def _share(logit: float) -> float | None:
    return float(1 / (1 + np.exp(-logit))) if np.isfinite(logit) else None
