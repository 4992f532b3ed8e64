"""Judgments in the database by people whose care is known."""

from __future__ import annotations

import numpy as np

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Assignment, Campaign, Task, TaskCompletion
from evalhub.common.copying import counted
from evalhub.judgments.models import Judgment, Preference
from tests import factories as make


def vote(task: Task, by: Member, margin: int, *, first_shown: int = 0) -> Judgment:
    """A preference, `margin` above 0 towards the task's first completion."""
    held = make.AssignmentFactory.create(
        task=task, member=by, state="submitted", permutation=[first_shown, 1 - first_shown]
    )
    judgment = make.JudgmentFactory.create(task=task, member=by, assignment=held)
    one, two = (each.completion for each in task.placed.order_by("place"))
    make.PreferenceFactory.create(judgment=judgment, first=one, second=two, margin=margin)
    return judgment


def crowd(
    campaign: Campaign, *, people: int = 8, guessing: int = 2, tasks: int = 40, seed: int = 0
) -> tuple[list[Task], np.ndarray]:
    """Each task judged by four; whoever does not guess is right with .9.

    Returns:
        The tasks, and which of their completions is the better one: 1 the first, -1 the second.
    """
    chance = np.random.default_rng(seed)
    members = [
        make.MemberFactory.create(workspace=campaign.workspace, pseudonym=f"person-{nth}")
        for nth in range(people)
    ]
    truth = chance.choice([-1, 1], tasks)
    made, assignments, judgments, preferences = [], [], [], []
    for better in truth.tolist():
        task = make.TaskFactory.create(campaign=campaign, overlap=4, open_places=0, judged=4)
        one, two = (each.completion for each in task.placed.order_by("place"))
        made.append(task)
        for nth in chance.permutation(people)[:4].tolist():
            said = chance.choice([-1, 1]) if nth < guessing or chance.random() > 0.9 else better
            held = make.AssignmentFactory.build(
                campaign=campaign, task=task, member=members[nth], state="submitted"
            )
            judgment = make.JudgmentFactory.build(
                workspace=campaign.workspace,
                campaign=campaign,
                task=task,
                member=members[nth],
                assignment=held,
            )
            assignments.append(held)
            judgments.append(judgment)
            preferences.append(
                Preference(judgment=judgment, first=one, second=two, margin=int(said))
            )
    Assignment.objects.bulk_create(assignments)
    Judgment.objects.bulk_create(judgments)
    Preference.objects.bulk_create(preferences)
    # else the planner has the counts that another test left
    counted(Task, TaskCompletion, Assignment, Judgment, Preference)
    return made, truth
