"""A Round as prose with figures: one paragraph for each Step, with links to what it made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import UUID

from evalhub.campaigns.models import Campaign
from evalhub.common.durations import in_words
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.evidence import probe_in
from evalhub.evaluation.figures import said
from evalhub.evaluation.models import Comparison, Evaluation, HumanTrial, Promotion
from evalhub.evaluation.trials.telling import headline as trial_headline
from evalhub.jobs.models import Job
from evalhub.loops.choices import StepKind
from evalhub.loops.choosing import in_words as choice_in_words
from evalhub.loops.models import Round, Step
from evalhub.loops.policy import differences
from evalhub.loops.report import measured_in
from evalhub.loops.spending import spent_on
from evalhub.registry.models import LanguageModel
from evalhub.runs.models import Run


@dataclass(frozen=True)
class Link:
    label: str
    page: str  # name of the URL
    uid: UUID


@dataclass
class Paragraph:
    title: str
    step: Step
    text: str = ""
    links: list[Link] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)  # under way
    other_policy: list[str] = field(default_factory=list)  # than the Step before was done by
    spent: str = ""


TITLES = {
    StepKind.DATASET: "What people judged",
    StepKind.BASELINE: "The baseline",
    StepKind.TRAIN: "Training",
    StepKind.EVALUATE: "The candidate",
    StepKind.DECIDE: "The decision",
    StepKind.GENERATE: "New answers",
    StepKind.CAMPAIGN: "Back to people",
}


def story_of(round_: Round) -> list[Paragraph]:
    story = [_paragraph(step) for step in round_.steps.order_by("position")]
    for before, paragraph in pairwise(story):
        if before.step.policy and paragraph.step.policy:
            paragraph.other_policy = differences(before.step.policy, paragraph.step.policy)
    return story


def _paragraph(step: Step) -> Paragraph:
    kind = StepKind(step.kind)
    paragraph = Paragraph(TITLES[kind], step)
    if step.awaits:
        jobs = Job.objects.unended().filter(uid__in=step.awaits)
        paragraph.jobs = list(jobs.order_by("pk"))
    if step.result:
        _TELL[kind](paragraph, step.result)
        paragraph.spent = spent_on(step).sentence
    return paragraph


def _dataset(paragraph: Paragraph, result: dict[str, Any]) -> None:
    builds = list(DatasetBuild.objects.filter(uid__in=result["builds"].values()).order_by("pk"))
    paragraph.links = [
        Link(f"the {build.kind} build", "datasets:build", build.uid) for build in builds
    ]
    if number := result.get("of_round"):
        paragraph.title = "The set"
        paragraph.text = f"The test split of Round {number}; this one learns nothing."
        return
    built = [build for build in builds if build.is_built]
    if not built:
        return
    manifest = built[-1].manifest
    used = manifest.get("judgments", {}).get("used", {})
    people = len(manifest.get("judgments", {}).get("annotators", []))
    rows = " and ".join(
        f"{sum(build.rows.values()):,} {_ROWS[build.kind]} "
        f"({build.rows.get('train', 0):,} to train on, {build.rows.get('test', 0):,} to test on)"
        for build in built
    )
    left = sum(
        each["count"] for build in built for each in build.manifest.get("left_out", {}).values()
    )
    paragraph.text = (
        f"{judgments_in_words(used, people=people)} became {rows}; "
        f"{left:,} left out, with the reason of each in the builds."
    )


_ROWS = {"sft": "SFT rows", "preference": "pairs", "unpaired": "answers called good or bad"}


def judgments_in_words(used: dict[str, dict[str, int]], *, people: int) -> str:
    """How many judged how much; what was simulated is never told as people's work."""
    count = sum(each["judgments"] for each in used.values())
    simulated = used.get("simulated", {}).get("judgments", 0)
    if not simulated:
        return f"{count:,} judgments by {_count(people, 'person', 'people')}"
    kind = "simulated judgments" if simulated == count else f"judgments ({simulated:,} simulated)"
    return f"{count:,} {kind} by {_count(people, 'member', 'members')}"


def _evaluation(paragraph: Paragraph, result: dict[str, Any]) -> None:
    _measured(paragraph, result)
    probes = result.get("probes", {})
    builds = DatasetBuild.objects.filter(uid__in=probes).select_related("dataset")
    for build in builds.order_by("pk"):
        _measured(paragraph, probes[str(build.uid)], there=f" on the probe {build}")


def _measured(paragraph: Paragraph, result: dict[str, Any], *, there: str = "") -> None:
    """The figures that decide; on a probe, `there`, those of them that it has."""
    found = Evaluation.objects.select_related("model", "run").in_bulk(
        measured_in(result), field_name="uid"
    )
    for uid in measured_in(result):
        evaluation = found[UUID(uid)]
        label = f"the run on {evaluation.model}{there}"
        paragraph.links.append(Link(label, "runs:detail", evaluation.run.uid))
        figures = "; ".join(
            f"{label} {said(metric, evaluation.metrics[metric])}"
            for metric, label in _DECIDING
            if evaluation.is_measured and (evaluation.metrics[metric]["n"] or not there)
        )
        if figures:
            paragraph.text += f"{evaluation.model}{there}: {figures}. "


_DECIDING = (("preference_accuracy", "preference accuracy"), ("perplexity", "perplexity"))


def _train(paragraph: Paragraph, result: dict[str, Any]) -> None:
    runs = Run.objects.filter(uid__in=result.get("runs", [])).select_related("output_model")
    if sweep := result.get("searching", result.get("sweep")):
        paragraph.links.append(Link("the search for settings", "sweeps:detail", UUID(sweep)))
    told = []
    for run in runs.order_by("pk"):
        paragraph.links.append(Link(f"the {run.recipe} run", "runs:detail", run.uid))
        if run.output_model is not None:
            device = run.environment.get("device", "")
            where = f" on a {device.upper()}" if device else ""
            told.append(f"{run.recipe} took {in_words(run.seconds or 0)}{where}")
            paragraph.links.append(
                Link(str(run.output_model), "registry:detail", run.output_model.uid)
            )
    if told:
        paragraph.text = f"Afresh from the base: {'; '.join(told)}."


def _decide(paragraph: Paragraph, result: dict[str, Any]) -> None:
    if uid := result.get("trial"):
        trial = HumanTrial.objects.select_related("evaluation__model", "incumbent").get(uid=uid)
        paragraph.links.append(Link("the blind trial", "evaluation:trial", trial.uid))
        paragraph.text = trial_headline(trial)
    if "promotion" not in result:
        return
    promotion = Promotion.objects.get(uid=result["promotion"])
    paragraph.text = promotion.reason
    compared = Comparison.objects.select_related("baseline__model").in_bulk(
        promotion.evidence.values(), field_name="uid"
    )
    probes = DatasetBuild.objects.select_related("dataset").in_bulk(
        {probe for place in promotion.evidence if (probe := probe_in(place))}, field_name="uid"
    )
    for place, uid in promotion.evidence.items():
        if UUID(uid) not in compared:
            continue
        beside, probe = compared[UUID(uid)].baseline.model, probe_in(place)
        there = f" on the probe {probes.get(UUID(probe), probe)}" if probe else ""
        paragraph.links.append(Link(f"beside {beside}{there}", "evaluation:detail", UUID(uid)))


def _generate(paragraph: Paragraph, result: dict[str, Any]) -> None:
    paragraph.links.append(Link("the run", "runs:detail", UUID(result["run"])))
    model = LanguageModel.objects.get(uid=result["model"])
    if "completions" in result:
        empty = f"; {result['empty']} were empty and left out" if result["empty"] else ""
        paragraph.text = f"{model} wrote {result['completions']:,} answers{empty}."
    else:
        paragraph.text = f"{model} is writing."


def _campaign(paragraph: Paragraph, result: dict[str, Any]) -> None:
    if "campaign" not in result:
        return
    campaign = Campaign.objects.get(uid=result["campaign"])
    paragraph.text = f"{_count(result['tasks'], 'new task', 'new tasks')} opened for judgment."
    if told := choice_in_words(result.get("chosen")):
        paragraph.text += f" {told}"
    paragraph.links.append(Link(campaign.title, "campaigns:detail", campaign.uid))


_TELL: dict[StepKind, Callable[[Paragraph, dict[str, Any]], None]] = {
    StepKind.DATASET: _dataset,
    StepKind.BASELINE: _evaluation,
    StepKind.TRAIN: _train,
    StepKind.EVALUATE: _evaluation,
    StepKind.DECIDE: _decide,
    StepKind.GENERATE: _generate,
    StepKind.CAMPAIGN: _campaign,
}


def headline(round_: Round) -> str:
    """The Round in a sentence: where it is, or how it ended."""
    steps = {step.kind: step for step in round_.steps.all()}
    if round_.state == "succeeded":
        promotion = Promotion.objects.select_related("model").filter(
            uid=steps[StepKind.DECIDE].result["promotion"]
        ).first()  # fmt: skip
        verdict = "promoted" if promotion and promotion.decision == "promote" else "not promoted"
        if round_.candidate is not None:
            return f"Done: {round_.candidate} was {verdict}."
        tasks = steps[StepKind.CAMPAIGN].result["tasks"]
        what = "model" if promotion and not promotion.model.is_adapter else "adapter"
        return f"Done: the new {what} was {verdict}, and {tasks:,} new tasks wait for judgment."
    reached = _first(steps.values(), "failed", "cancelled", "running", "waiting")
    if reached is None:
        return f"This Round has {round_.state}."
    where = TITLES[StepKind(reached.kind)]
    return {
        "failed": f"Stopped at “{where}”. What was done stays; mend it and resume.",
        "cancelled": f"Cancelled at “{where}”; it can be resumed from there.",
    }.get(round_.state, f"Under way: {where.lower()}.")


def _first(steps: Iterable[Step], *states: str) -> Step | None:
    listed = list(steps)
    return next((step for state in states for step in listed if step.state == state), None)


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
