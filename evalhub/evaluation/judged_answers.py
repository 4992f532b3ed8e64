"""Answers by models that people judged: what figures are held beside people on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from evalhub.accounts.models import Workspace
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment, Preference, Rating
from evalhub.prompts.models import Completion

MOST = 5_000  # answers, the newest


def judged_answers(workspace: Workspace) -> QuerySet[Completion]:
    """That people, not models or simulations, rated or compared; none that a member wrote."""
    said = Judgment.objects.counted().from_sources(Source.HUMAN)
    judged = (
        Exists(Rating.objects.filter(completion=OuterRef("pk"), judgment__in=said))
        | Exists(Preference.objects.filter(first=OuterRef("pk"), judgment__in=said))
        | Exists(Preference.objects.filter(second=OuterRef("pk"), judgment__in=said))
    )
    return Completion.objects.filter(judged, workspace=workspace, written_by=None)


def rows_of(answers: QuerySet[Completion]) -> Iterator[dict[str, Any]]:
    """As the recipe evaluate takes answers that are given; the newest of them."""
    columns = ("uid", "prompt__group__uid", "prompt__reference", "content", "finish")
    newest = answers.order_by("-pk").values_list(*columns)[:MOST]
    for uid, group, reference, content, finish in newest.iterator(chunk_size=1000):
        row = {"id": str(uid), "group": str(group), "completion": content, "finish": finish}
        yield row | ({"reference": reference} if reference else {})
