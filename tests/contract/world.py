"""One workspace with one of everything, so that each URL has an object to name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from evalhub.accounts.models import Member, Workspace
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import RunEvent
from evalhub.runs.services import try_prompt
from tests import factories as make
from training.findings import finding

Makers = dict[str, Callable[[Workspace], Any]]  # factories return models of many types


def _task(workspace: Workspace) -> Any:
    return make.TaskFactory.create(campaign__workspace=workspace)


def _import(workspace: Workspace) -> Any:
    key, _digest = store_rows([{"text": "as it came"}])
    return make.RejectedRowFactory.create(
        source__collection__workspace=workspace, source__file_key=key
    ).source


def _late(workspace: Workspace) -> Any:
    lost = make.AssignmentFactory.create(task=_task(workspace), state="expired")
    make.DraftFactory.create(assignment=lost, late=True)
    return lost


def _review(workspace: Workspace) -> Any:
    held = make.AssignmentFactory.create(task=_task(workspace), state="submitted")
    judgment = make.JudgmentFactory.create(task=held.task, member=held.member, assignment=held)
    return make.ReviewFactory.create(judgment=judgment)


def _person(workspace: Workspace) -> Any:
    """In a group, with a question."""
    person = make.MemberFactory.create(workspace=workspace, groups=["night"])
    return make.FlagFactory.create(task=_task(workspace), member=person).member


def _verdict(workspace: Workspace) -> Any:
    """A failed gold with its appeal."""
    gold = make.ExpertAnswerFactory.create(
        task__campaign__workspace=workspace, task__kind="gold", task__overlap=1
    )
    held = make.AssignmentFactory.create(task=gold.task, state="submitted")
    judgment = make.JudgmentFactory.create(task=gold.task, member=held.member, assignment=held)
    return make.AppealFactory.create(verdict__judgment=judgment).verdict


def _exam_task(workspace: Workspace) -> Any:
    """A failed answer of an exam that is over, with its appeal."""
    part = make.AttemptTaskFactory.create(attempt__qualification__campaign__workspace=workspace)
    held = make.AssignmentFactory.create(
        task=part.task, member=part.attempt.member, state="submitted"
    )
    make.JudgmentFactory.create(task=part.task, member=held.member, assignment=held)
    make.AppealFactory.create(verdict=None, part=part)
    return part.task


def _function(workspace: Workspace) -> Any:
    campaign = make.CampaignFactory.create(workspace=workspace, type="label", asks=[])
    return make.LabellingFunctionFactory.create(criterion__version=campaign.rubric_version)


def _run(workspace: Workspace) -> Any:
    """One that has told what there is to tell."""
    run = make.RunFactory.create(workspace=workspace)
    make.TrackFactory.create(
        tracker__workspace=workspace, run=run, sent_to=5, error="It cannot be reached."
    )
    spans = [{"kind": "text", "text": "Yes."}, {"kind": "control", "text": "<|end|>"}]
    pieces = [
        {"name": name, "does": does, "tokens": 2, "spans": spans}
        for name, does in (("prompt", "read"), ("chosen", "raised"), ("rejected", "lowered"))
    ]
    events = {
        "finding": finding("length_bias", "20 tokens against 11").as_json(),
        "preview": {"row": "r1", "number": 1, "tokens": 6, "learnt": 4, "pieces": pieces},
        "forecast": {"seconds": 9.0, "hardware": "1 threads", "peak_bytes": 1, "memory_bytes": 2, "batch_rows": 8, "batch_tokens": 64},
    }  # fmt: skip
    for n, (kind, body) in enumerate(events.items(), start=1):
        RunEvent.objects.create(run=run, attempt=1, n=n, at=run.created_at, kind=kind, body=body)
    return run


def _evaluation(workspace: Workspace) -> Any:
    confusion = {"labels": ["no", "yes"], "counts": [[4, 1, 0], [2, 3, 1]]}
    none = {"value": None, "low": None, "high": None, "n": 0}
    metrics = dict.fromkeys(("preference_accuracy", "perplexity"), none) | {
        "accuracy": {"value": 0.64, "low": 0.4, "high": 0.8, "n": 11}
    }
    return make.EvaluationFactory.create(
        workspace=workspace, metrics=metrics, confusion=confusion,
        benchmark=make.BenchmarkFactory.create(workspace=workspace),
    )  # fmt: skip


def _comparison(workspace: Workspace) -> Any:
    return make.ComparisonFactory.create(
        workspace=workspace, baseline=_evaluation(workspace), candidate=_evaluation(workspace)
    )


@dataclass(frozen=True)
class Trial:
    """No row of its own: what the runs that answer one typed prompt share."""

    uid: UUID


def _trial(workspace: Workspace) -> Trial:
    return Trial(
        try_prompt(
            workspace=workspace,
            models=[make.LanguageModelFactory.create(workspace=workspace)],
            text="Why is the sky blue?",
            by=make.MemberFactory.create(workspace=workspace),
        )
    )


# what a uid names: by the part of the path before it
MAKERS: Makers = {
    "members": lambda w: make.MemberFactory.create(workspace=w),
    "people": _person,
    "tokens": lambda w: make.ApiTokenFactory.create(member__workspace=w),
    "jobs": lambda w: make.JobFactory.create(workspace=w),
    "rubrics": lambda w: make.RubricFactory.create(workspace=w),
    "rubrics/versions": lambda w: make.RubricVersionFactory.create(
        rubric__workspace=w, published_at=None
    ),
    "rubrics/criteria": lambda w: make.CriterionFactory.create(
        version__rubric__workspace=w, version__published_at=None
    ),
    "campaigns": lambda w: _task(w).campaign,
    "tasks": _task,
    "assignments": lambda w: make.AssignmentFactory.create(task=_task(w)),
    "late": _late,
    "drafts": _late,
    "judgments": lambda w: make.PreferenceFactory.create(judgment__task=_task(w)).judgment,
    "flags": lambda w: make.FlagFactory.create(task=_task(w)),
    "skipped": lambda w: make.AssignmentFactory.create(task=_task(w), state="skipped"),
    "verdicts": _verdict,
    "gold": lambda w: _verdict(w).task.expert_answer,
    "appeals": lambda w: _verdict(w).appeal,
    "qualifications": lambda w: make.QualificationFactory.create(campaign__workspace=w),
    "attempts": lambda w: make.AttemptFactory.create(qualification__campaign__workspace=w),
    "exam-tasks": _exam_task,
    "exclusions": lambda w: make.ExclusionFactory.create(campaign__workspace=w),
    "labelling-functions": _function,
    "expert": lambda w: make.ExpertAnswerFactory.create(task__campaign__workspace=w),
    "returned": lambda w: make.ReturnedJudgmentFactory.create(judgment__task=_task(w)),
    "reviews": _review,
    "pay-runs": lambda w: make.PayLineFactory.create(run__workspace=w).run,
    "join-links": lambda w: make.ParticipantFactory.create(link__campaign__workspace=w).link,
    "report-links": lambda w: make.ReportLinkFactory.create(campaign__workspace=w),
    "views": lambda w: make.SavedViewFactory.create(member__workspace=w, is_shared=True),
    "imports": _import,
    "collections": lambda w: (
        make.CompletionFactory.create(prompt__collection__workspace=w).prompt.collection
    ),
    "rewritings": lambda w: make.RewritingFactory.create(source__workspace=w),
    "prompts": lambda w: make.CompletionFactory.create(prompt__collection__workspace=w).prompt,
    "datasets": lambda w: make.DatasetBuildFactory.create(dataset__workspace=w).dataset,
    "spellings": lambda w: make.SpellingProposalFactory.create(dataset__workspace=w),
    "builds": lambda w: make.DatasetBuildFactory.create(dataset__workspace=w),
    "build-exports": lambda w: make.BuildExportFactory.create(build__dataset__workspace=w),
    "build-pushes": lambda w: make.BuildPushFactory.create(build__dataset__workspace=w),
    "build-diffs": lambda w: make.DiffReportFactory.create(new__dataset__workspace=w),
    "withdrawals": lambda w: make.WithdrawalFactory.create(workspace=w),
    "contamination": lambda w: make.ContaminationCheckFactory.create(build__dataset__workspace=w),
    "exports": lambda w: make.ExportFactory.create(campaign__workspace=w),
    "try": _trial,
    "runs": _run,
    "judges": lambda w: make.JudgingFactory.create(prompt__judge__workspace=w).prompt.judge,
    "sweeps": lambda w: make.TryFactory.create(sweep__workspace=w).sweep,
    "endpoints": lambda w: make.EndpointFactory.create(model__workspace=w).model,
    "webhooks": lambda w: make.WebhookFactory.create(workspace=w),
    "deliveries": lambda w: make.DeliveryFactory.create(webhook__workspace=w),
    "models": lambda w: make.LanguageModelFactory.create(workspace=w),
    "evaluations": _evaluation,
    "benchmarks": lambda w: make.BenchmarkFactory.create(workspace=w),
    "comparisons": _comparison,
    "follow-ups": lambda w: make.ComplaintFactory.create(follow_up__workspace=w).follow_up,
    "human-trials": lambda w: make.BetFactory.create(trial__workspace=w).trial,
    "promotions": lambda w: make.PromotionFactory.create(workspace=w),
    "loops": lambda w: make.RoundFactory.create(loop__workspace=w).loop,
    "rounds": lambda w: make.StepFactory.create(round__loop__workspace=w).round,
}


class World:
    """Makes an object of the workspace when a URL first asks for one of its kind."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._made: dict[str, Any] = {}

    def uid(self, before: str) -> UUID:
        """The uid for a URL in which `before` stands before the uid; LookupError if unknown."""
        if before not in MAKERS:
            raise LookupError(f"tests/contract/world.py: what is a uid after {before!r}?")
        if before not in self._made:
            self._made[before] = MAKERS[before](self.workspace)
        found: UUID = self._made[before].uid
        return found

    def grow(self, count: int) -> None:
        """`count` more of everything."""
        for _ in range(count):
            for maker in MAKERS.values():
                maker(self.workspace)

    def member(self, role: str) -> Member:
        return make.MemberFactory.create(
            workspace=self.workspace,
            pseudonym=f"the {role}",
            roles=[role],
            manages=["night"] if role == "manager" else [],
        )
