"""From the model's answers to open campaigns: old, edit and new, and nothing says which is which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import transaction

from evalhub.accounts.choices import MemberKind
from evalhub.campaigns.choices import COMPLETIONS_PER_TASK, Ask, Origin, TaskOrder, TaskType
from evalhub.campaigns.models import Campaign, TaskCompletion
from evalhub.campaigns.services.barring import keep_from
from evalhub.campaigns.services.campaigns import create_campaign, open_campaign
from evalhub.campaigns.services.tasks import add_tasks
from evalhub.followups.choices import Finding, FollowUpState
from evalhub.followups.complaints import edits_of, folded
from evalhub.followups.ending import count_soon, fail
from evalhub.followups.learning import Memory
from evalhub.followups.models import Complaint, FollowUp
from evalhub.jobs.choices import JobState
from evalhub.prompts.grouping import root_of
from evalhub.prompts.models import Completion, Generation
from evalhub.registry.services import external_model
from evalhub.rubrics.models import ScaleKind

EDITS = "edits by annotators"  # the name under which they stand; no answer has it, so none is blacked out
MOST_EDITS = COMPLETIONS_PER_TASK[TaskType.RANKING][1] - 2  # beside the old and the new answer
_BEHIND = (
    "judgment__member", "judgment__assignment", "old__prompt__group__merged_into", "criterion",
)  # fmt: skip


@dataclass
class Case:
    """All complaints about one answer that people are to be asked about."""

    old: Completion
    new: Completion
    complaints: list[Complaint] = field(default_factory=list)
    edits: dict[str, Completion] = field(default_factory=dict)  # by their folded text
    barred: set[int] = field(default_factory=set)  # keys of members: nobody judges their own case


@transaction.atomic
def ask_people(follow_up_pk: int) -> None:
    """Open the campaigns when the model has answered; twice changes nothing."""
    rows = FollowUp.objects.select_for_update(of=("self",))
    follow_up = rows.select_related("run__job", "model", "workspace").get(pk=follow_up_pk)
    if follow_up.state != FollowUpState.ANSWERING:
        return
    job = follow_up.run.job
    if job.state in (JobState.FAILED, JobState.CANCELLED):
        fail(follow_up, f"The model could not answer: {job.error or 'its job was cancelled.'}")
    elif job.state == JobState.SUCCEEDED:
        _open(follow_up)


def _open(follow_up: FollowUp) -> None:
    complaints = list(follow_up.complaints.select_related(*_BEHIND).order_by("pk"))
    answers = _answers_of(follow_up)
    _remember(follow_up, complaints)
    cases = _cases(follow_up, complaints, answers)
    unanswered = sum(each.answer is None for each in complaints)
    if unanswered:
        follow_up.left_out["unanswered"] = unanswered
    with_edits = [case for case in cases if case.edits]
    without = [case for case in cases if not case.edits]
    follow_up.ranking = _campaign(follow_up, TaskType.RANKING, with_edits)
    follow_up.comparison = _campaign(follow_up, TaskType.COMPARISON, without)
    fields = ["answer", "edit", "task", "learnt", "finding", "found"]
    Complaint.objects.bulk_update(complaints, fields, batch_size=1000)
    follow_up.state = FollowUpState.OPEN
    follow_up.save()
    if not cases:
        count_soon(follow_up)


def _answers_of(follow_up: FollowUp) -> dict[int, Completion]:
    rows = Completion.objects.filter(generation__run_uid=follow_up.run.uid).order_by("pk")
    return {answer.prompt_id: answer for answer in rows}


def _remember(follow_up: FollowUp, complaints: list[Complaint]) -> None:
    groups = {root_of(each.old.prompt.group).pk for each in complaints}
    memory = Memory(follow_up.model, {each.judgment.uid for each in complaints}, groups)
    for each in complaints:
        each.learnt = memory.of(each.judgment.uid, root_of(each.old.prompt.group).pk)


def _cases(
    follow_up: FollowUp, complaints: list[Complaint], answers: Mapping[int, Completion]
) -> list[Case]:
    """What needs people's word; what does not, finds its end here.

    The old answer again is as before. Who sees their own edit as the new answer has nothing left to
    complain of, whatever they complained of; others might.
    """
    edits = edits_of(each.judgment_id for each in complaints)
    stored = _Edits(follow_up)
    by_old: defaultdict[int, list[Complaint]] = defaultdict(list)
    for each in complaints:
        by_old[each.old_id].append(each)
    cases = []
    for mine in by_old.values():
        new = answers.get(mine[0].old.prompt_id)
        if new is None or mine[0].old.prompt.archived_at is not None:
            continue
        case = Case(mine[0].old, new)
        for each in mine:
            each.answer = new
            case.barred.add(each.judgment.member_id)
            _place(case, each, edits.get((each.judgment_id, each.old_id)), stored)
        if case.complaints:
            cases.append(case)
    return cases


def _place(case: Case, complaint: Complaint, edit: str | None, stored: _Edits) -> None:
    if _is_same(case.old, case.new):
        complaint.finding, complaint.found = Finding.SAME, {"by_itself": "same_text"}
    elif edit is not None and folded(edit) == folded(case.new.content):
        complaint.finding, complaint.found = Finding.RESOLVED, {"by_itself": "as_edit"}
        complaint.edit = stored.of(complaint, edit)
    else:
        case.complaints.append(complaint)
        if edit is not None:
            complaint.edit = case.edits.get(folded(edit)) or stored.of(complaint, edit)
            if len(case.edits) < MOST_EDITS:
                case.edits.setdefault(folded(edit), complaint.edit)


class _Edits:
    """What people wrote in the place of an answer, as an answer; claims never show it to its author."""

    def __init__(self, follow_up: FollowUp) -> None:
        self._follow_up = follow_up
        self._generation: Generation | None = None
        self._known: dict[tuple[int, int], Completion] = {}

    def of(self, complaint: Complaint, content: str) -> Completion:
        key = (complaint.judgment_id, complaint.old_id)
        if key not in self._known:
            self._known[key] = Completion.objects.create(
                workspace=self._follow_up.workspace,
                prompt=complaint.old.prompt,
                generation=self._made(),
                external_id=f"{complaint.judgment.uid} {complaint.old_id}",
                content=content,
                written_by=complaint.judgment.member,
            )
        return self._known[key]

    def _made(self) -> Generation:
        if self._generation is None:
            workspace = self._follow_up.workspace
            self._generation = Generation.objects.create(
                workspace=workspace,
                model=external_model(workspace=workspace, name=EDITS),
                settings={"follow_up": str(self._follow_up.uid)},
            )
        return self._generation


def _is_same(old: Completion, new: Completion) -> bool:
    return folded(old.content) == folded(new.content) and old.tool_calls == new.tool_calls


def _campaign(follow_up: FollowUp, type_: TaskType, cases: list[Case]) -> Campaign | None:
    """Each case as a task, kept from whoever complained; None where there is nothing to ask."""
    if not cases:
        return None
    seed = int(follow_up.uid.hex[:12], 16)
    rates = follow_up.rubric_version.criteria.filter(kind=ScaleKind.SCALE).exists()
    asks = "rank the answers" if type_ == TaskType.RANKING else "which answer is better?"
    campaign = create_campaign(
        workspace=follow_up.workspace,
        title=f"{str(follow_up.about)[:110]}: {asks}",
        rubric_version=follow_up.rubric_version,
        type=type_,
        by=follow_up.created_by,
        origin=Origin.ROUND,
        overlap=follow_up.votes,
        asks=[Ask.RATINGS, Ask.CRITIQUE] if rates else [Ask.CRITIQUE],
        preference_steps=3,
        masks_identity=True,
        allows_revision=False,
        hand_size=5,
        task_order=TaskOrder.FINISH,
    )
    items = ((case.old.prompt, [case.old, case.new, *case.edits.values()]) for case in cases)
    add_tasks(campaign=campaign, items=items, seed=seed)
    tasks = _tasks_by_old(campaign)
    for case in cases:
        for complaint in case.complaints:
            complaint.task_id = tasks[case.old.pk]
    others = _who_do_not_count(follow_up)
    barred = {tasks[case.old.pk]: case.barred | others for case in cases}
    keep_from(campaign=campaign, barred=barred, seed=seed)
    return open_campaign(campaign=campaign, by=follow_up.created_by)


def _who_do_not_count(follow_up: FollowUp) -> set[int]:
    """Keys of simulated members, who would take the places of people."""
    if follow_up.accepts_simulated:
        return set()
    simulated = follow_up.workspace.members.active().filter(kind=MemberKind.SIMULATED)
    return set(simulated.values_list("pk", flat=True))


def _tasks_by_old(campaign: Campaign) -> dict[int, int]:
    """The keys of the tasks by their first answer, which no two of them share."""
    first: Iterable[tuple[int, int]] = TaskCompletion.objects.filter(
        task__campaign=campaign, place=0
    ).values_list("completion_id", "task_id")
    return dict(first)
