"""Corrections that a later model took over: what one wrote, and what the model says now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from django.db.models import Exists, OuterRef
from django.db.models.functions import Length

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import CampaignState
from evalhub.campaigns.models import TaskCompletion
from evalhub.campaigns.queries import masked
from evalhub.judgments.models import Correction, Judgment
from evalhub.prompts.models import Completion

NEWEST = 200  # corrections
MOST_LATER = 1000  # completions that are looked at, the newest
LONGEST = 20_000  # characters of a completion; longer ones are not looked at
MOST_COMPARED = 2000  # characters
NEAR = 0.9


@dataclass(frozen=True)
class TakenOver:
    correction: Correction
    old: str
    mine: str
    new: str
    is_the_same: bool  # but for white space


def taken_over_of(member: Member) -> list[TakenOver]:
    """Each of the member's newest corrections that a later generation took over, newest first.

    Taken over means: a completion of the same prompt, by another generation and stored after the
    correction, says the same, or is at least 0.9 like it and more so than the original was.
    """
    rows = Correction.objects.filter(
        judgment__member=member, judgment__superseded_by=None, judgment__withdrawn_at=None
    )
    corrections = list(
        rows.select_related("completion", "judgment__campaign").order_by("-pk")[:NEWEST]
    )
    later = _later(corrections, member)
    found = []
    for correction in corrections:
        candidates = [
            each
            for each in later[correction.completion.prompt_id]
            if each.generation_id != correction.completion.generation_id
            and each.created_at > correction.judgment.created_at
        ]
        new = _taken(correction, candidates)
        if new is not None:
            found.append((correction, new))
    return _told(found, member)


def _later(corrections: Iterable[Correction], member: Member) -> dict[int, list[Completion]]:
    """What models wrote to the same prompts since, by prompt, newest first.

    What the member may still have to judge is left out: it would tell them which answer is newer.
    """
    rows = list(corrections)
    by_prompt: dict[int, list[Completion]] = defaultdict(list)
    if not rows:
        return by_prompt
    completions = Completion.objects.filter(
        prompt__in={row.completion.prompt_id for row in rows},
        created_at__gt=min(row.judgment.created_at for row in rows),
        written_by=None,
    )
    still_open = TaskCompletion.objects.filter(completion=OuterRef("pk")).exclude(
        task__campaign__state=CampaignState.CLOSED
    )
    mine = Judgment.objects.current().filter(task=OuterRef("task"), member=member)
    completions = completions.exclude(Exists(still_open.exclude(Exists(mine))))
    short = completions.annotate(length=Length("content")).filter(length__lte=LONGEST)
    for row in short.order_by("-pk")[:MOST_LATER]:
        by_prompt[row.prompt_id].append(row)
    return by_prompt


def _taken(correction: Correction, candidates: Iterable[Completion]) -> Completion | None:
    mine, old = folded(correction.content), folded(correction.completion.content)
    for each in candidates:
        new = folded(each.content)
        if new == mine:
            return each
        if likeness(mine, new) >= NEAR and likeness(mine, new) > likeness(mine, old):
            return each
    return None


def _told(found: list[tuple[Correction, Completion]], member: Member) -> list[TakenOver]:
    """With names blacked out where the campaign does so; one query for all of them."""
    texts = [text for mine, new in found for text in (mine.completion.content, new.content)]
    hidden = texts
    if any(mine.judgment.campaign.masks_identity for mine, _ in found):
        hidden = masked(texts, workspace=member.workspace_id)
    rows = []
    for nth, (mine, new) in enumerate(found):
        shown = hidden if mine.judgment.campaign.masks_identity else texts
        old, now = shown[2 * nth : 2 * nth + 2]
        is_the_same = folded(mine.content) == folded(new.content)
        rows.append(TakenOver(mine, old, mine.content, now, is_the_same))
    return rows


def folded(text: str) -> str:
    return " ".join(text.split())


@lru_cache(maxsize=2048)
def likeness(one: str, other: str) -> float:
    """From 0 to 1, over the first 2,000 characters; 0 where the lengths alone forbid NEAR.

    Twice the characters in common over all characters (Ratcliff and Obershelp, as in difflib).
    """
    if 2 * min(len(one), len(other)) < NEAR * (len(one) + len(other)):
        return 0.0
    matcher = SequenceMatcher(None, one[:MOST_COMPARED], other[:MOST_COMPARED], autojunk=False)
    if matcher.quick_ratio() < NEAR:
        return 0.0
    return matcher.ratio()
