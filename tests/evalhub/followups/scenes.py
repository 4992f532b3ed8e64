"""People who corrected and criticised answers, and a model that was trained on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.followups.models import Complaint, FollowUp
from evalhub.followups.services import start_follow_up
from evalhub.jobs.events import announce
from evalhub.judgments.models import Correction, Judgment, RankedCompletion
from evalhub.prompts.models import Completion
from evalhub.registry.models import LanguageModel
from tests.evalhub.loops.scenes import work_off
from tests.evalhub.runs.scenes import base_model
from tests.factories import (
    CampaignFactory,
    CompletionFactory,
    CriterionFactory,
    JudgmentFactory,
    LanguageModelFactory,
    PreferenceFactory,
    PromptFactory,
    RatingFactory,
    TaskFactory,
)

NEW = "Answer 0 with care"  # what the null trainer's adapter says to everything


def rated_campaign(lead: Member) -> Campaign:
    """Of ratings on tone, from 1 to 5."""
    campaign: Campaign = CampaignFactory.create(workspace=lead.workspace, type="rating")
    CriterionFactory.create(version=campaign.rubric_version, slug="tone")
    return campaign


def said(
    campaign: Campaign,
    member: Member,
    *,
    old: str = "Go away.",
    tone: int | None = None,
    edit: str = "",
    task: Task | None = None,
    **more: Any,
) -> Judgment:
    """One person's word on an answer: a rating on tone, a correction, or both."""
    if task is None:
        prompt = PromptFactory.create(collection__workspace=campaign.workspace)
        answer = CompletionFactory.create(prompt=prompt, content=old)
        task = TaskFactory.create(campaign=campaign, prompt=prompt, completions=[answer])
    answer = task.completions.get()
    judgment: Judgment = JudgmentFactory.create(task=task, member=member, **more)
    if tone is not None:
        criterion = campaign.rubric_version.criteria.get(slug="tone")
        RatingFactory.create(judgment=judgment, completion=answer, criterion=criterion, value=tone)
    if edit:
        Correction.objects.create(judgment=judgment, completion=answer, content=edit)
    return judgment


def adapter(lead: Member, folder: Path) -> LanguageModel:
    base = base_model(lead.workspace, folder)
    model: LanguageModel = LanguageModelFactory.create(
        workspace=lead.workspace, kind="adapter", parent=base, name="warmer", facts={"files": {}}
    )
    return model


def begun(campaign: Campaign, model: LanguageModel, **more: Any) -> FollowUp:
    return start_follow_up(model=model, about=campaign, **({"votes": 1} | more))


def worked_off(follow_up: FollowUp) -> FollowUp:
    work_off()
    follow_up.refresh_from_db()
    return follow_up


def opened(follow_up: FollowUp) -> FollowUp:
    assert worked_off(follow_up).state == "open", follow_up.error
    return follow_up


def new_answer(task: Task, follow_up: FollowUp) -> Completion:
    return task.completions.get(generation__run_uid=follow_up.run.uid)


def judge(
    follow_up: FollowUp, task: Task, *, towards: int = 1, tones: tuple[int, int] | None = None, **more: Any
) -> Judgment:  # fmt: skip
    """One rater's word: the new answer above (1), beside (0) or below (-1) the old; tones old, new."""
    judgment: Judgment = JudgmentFactory.create(task=task, **more)
    new, old = new_answer(task, follow_up), task.placed.get(place=0).completion
    if task.campaign.type == "comparison":
        PreferenceFactory.create(judgment=judgment, first=new, second=old, margin=towards)
    else:
        _rank(judgment, {new: -towards, old: 0})
    if tones is not None:
        criterion = follow_up.rubric_version.criteria.get(slug="tone")
        for answer, tone in zip((old, new), tones, strict=True):
            RatingFactory.create(judgment=judgment, completion=answer, criterion=criterion, value=tone)  # fmt: skip
    announce("judgment.counted", judgment.uid)
    return judgment


def rank(follow_up: FollowUp, task: Task, *, new: int, edit: int, old: int, **more: Any) -> Judgment:  # fmt: skip
    """One rater's ranking, by tiers."""
    judgment: Judgment = JudgmentFactory.create(task=task, **more)
    [better] = task.completions.exclude(written_by=None)
    _rank(judgment, {new_answer(task, follow_up): new, better: edit, task.placed.get(place=0).completion: old})  # fmt: skip
    announce("judgment.counted", judgment.uid)
    return judgment


def _rank(judgment: Judgment, tiers: dict[Completion, int]) -> None:
    least = min(tiers.values())
    RankedCompletion.objects.bulk_create(
        RankedCompletion(judgment=judgment, completion=answer, tier=tier - least)
        for answer, tier in tiers.items()
    )


def complaint_of(judgment: Judgment, criterion: str | None = None) -> Complaint:
    rows = Complaint.objects.filter(judgment=judgment)
    return rows.get(criterion=None) if criterion is None else rows.get(criterion__slug=criterion)
