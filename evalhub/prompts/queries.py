from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet, TextField, Value
from django.db.models.functions import MD5, Cast, Concat

from evalhub.prompts.models import Collection, Completion, Prompt, PromptGroup, Score, Split


def prompts_per_split(collection: Collection) -> dict[str, int]:
    """How many prompts each split has; every split is there, with 0 if need be."""
    counts = collection.prompts.order_by().values_list("group__split").annotate(count=Count("pk"))
    return {split.value: 0 for split in Split} | dict(counts)


class Side(NamedTuple):
    """Where a group stands now: uid of the group that it has joined, or its own, and the split."""

    root: str
    split: str


def sides_of(groups: Iterable[str]) -> dict[str, Side]:
    """The side of each of these groups, by uid; `none` where it was merged with one of another split."""
    rows = PromptGroup.objects.filter(uid__in=groups)
    told = rows.values_list("uid", "merged_into__uid", "split")
    return {str(uid): Side(str(root or uid), split) for uid, root, split in told}


def written_from(prompt: Prompt) -> list[Prompt]:
    """All that was written anew from it, from that, and so on."""
    found: list[Prompt] = []
    level = [prompt.pk]
    while level:
        written = list(Prompt.objects.filter(parent__in=level).order_by("pk"))
        found += written
        level = [each.pk for each in written]
    return found


def prompts_within(
    collection: Collection,
    *,
    slices: Sequence[str] = (),
    sample: int | None = None,
    seed: int = 0,
) -> QuerySet[Prompt]:
    """Some of a collection's prompts; those that were archived are not among them.

    Args:
        slices: like "language=de"; of one key any value counts, of several keys each.
        sample: so many at most, drawn by lot; the same seed draws the same ones.
    """
    prompts = Prompt.objects.filter(collection=collection).in_use()
    wanted: dict[str, list[str]] = defaultdict(list)
    for word in slices:
        key, _, value = word.partition("=")
        wanted[key].append(value)
    for key, values in wanted.items():
        prompts = prompts.filter(reduce(or_, (Q(slices__contains={key: each}) for each in values)))
    if sample is None:
        return prompts
    lot = MD5(Concat(Value(str(seed)), Cast("uid", TextField())))
    drawn = prompts.order_by(lot).values("pk")[:sample]
    return Prompt.objects.filter(pk__in=drawn)


def newest_scorer(completions: QuerySet[Completion]) -> int | None:
    """The key of the newest reward model that has scored any of `completions`."""
    scores = Score.objects.filter(completion__in=completions.order_by().values("pk"))
    return scores.order_by("-model").values_list("model", flat=True).first()


def scores_by(model: int | None, completions: Iterable[int]) -> dict[int, float]:
    """What the reward model (its key) gave those of `completions` (keys) that it has scored."""
    scores = Score.objects.filter(model=model, completion__in=list(completions))
    return dict(scores.values_list("completion", "value"))
