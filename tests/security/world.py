"""A workspace in which every table has a row, and every text that people or models write is given."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Model
from django.utils.timezone import now
from msgspec import to_builtins

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.campaigns.models import Assignment, Flag, Task
from evalhub.campaigns.services.leases import save_draft
from evalhub.datasets.diffing import start_diff
from evalhub.datasets.export.asked import asked_for
from evalhub.datasets.export.services import start_build_export
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.queries import lines_of
from evalhub.datasets.services import start_build
from evalhub.jobs import jobs
from evalhub.judgments.models import Correction, ExpertAnswer, Judgment, Review, Span
from evalhub.labelling.grounds import tasks_of
from evalhub.labelling.models import CollectionRun, LabellingRun, PromptProposal, Proposal
from evalhub.labelling.polling import poll
from evalhub.loops.models import Round
from evalhub.reports.choices import ExportFormat
from evalhub.reports.services import start_export
from evalhub.rubrics.models import RubricVersion
from evalhub.runs.inputs import store_rows
from evalhub.runs.models import RunEvent
from evalhub.runs.remarks import keep_note, tag_run
from evalhub.runs.services import try_prompt
from tests import factories

NAME = "train.jsonl"  # of a build's file


@dataclass(frozen=True)
class World:
    workspace: Workspace
    uids: dict[str, UUID]  # one of each kind that a URL can name
    slugs: dict[str, str]


def make_world(workspace: Workspace, member: Member, text: str) -> World:
    """Rows of each kind in `workspace`, made by `member`; `text` wherever text is free."""
    version = make_rubric(workspace, text)
    task = make_task(workspace, version, text)
    judgment = make_judgment(task, member, text)
    flag, skipped = make_desk(judgment, member, text)
    source = make_import(task, member, text)
    build = make_build(workspace, member, text)
    export = make_export(task, member)
    round_ = make_round(task, version, member, text)
    job = make_job(workspace, member, text)
    token = factories.ApiTokenFactory.create(member=member, name=text[:100])
    record("tests.written", actor=text[:150], workspace=workspace.slug, target="x", text=text)
    completion = task.completions.first()
    assert completion is not None
    rows: list[Model] = [
        *(version, version.rubric, version.criteria.get(), task, task.campaign, task.prompt),
        *(task.prompt.collection, completion, judgment, judgment.assignment, source, build),
        *(
            export,
            flag,
            build.dataset,
            round_,
            round_.loop,
            job,
            token,
            member,
            completion.generation,
        ),
        *of_the_models(workspace, member, text),
    ]
    uids = {type(row).__name__: row.uid for row in rows}
    uids |= {"skipped": skipped.uid, "late": make_late(task, member, text).uid}
    uids["view"] = factories.SavedViewFactory.create(
        member=member, name=text[:80], criteria={"text": text[:200]}, is_shared=True
    ).uid
    uids["review"] = make_review(task, text).uid
    uids |= make_gold(task, text)
    factories.AdjudicationFactory.create(task=task, judgment__member=member, note=text)
    uids["people"] = make_person(task, text).uid
    Member.objects.filter(pk=member.pk).update(groups=[text[:50]])  # so that somebody earns there
    uids["exclusion"] = factories.ExclusionFactory.create(
        campaign=task.campaign, member=member, reason=text, excluded_by=member
    ).uid
    factories.ExclusionPreviewFactory.create(campaign=task.campaign, member=member)
    order = {"better": text, "worse": text, "slice": text, "wrong": 0.2}
    factories.ValuationFactory.create(
        campaign=task.campaign, turn=1,
        figures={"judgments": 1, "tasks": 1, "beyond": 0, "gain": 0.1, "pairs": {"n": 1, "wrong": 0.3}, "orders": [order]},
    )  # fmt: skip
    uids["follow-up"] = make_follow_up(judgment, text)
    uids["withdrawal"] = factories.WithdrawalFactory.create(
        workspace=workspace, reason=text, withdrawn_by=member
    ).uid
    uids["endpoint"] = factories.EndpointFactory.create(
        model__workspace=workspace, model__name=f"endpoint {text}"[:120], served_name=text[:200]
    ).model.uid
    uids["contamination"] = factories.ContaminationCheckFactory.create(
        build__dataset__workspace=workspace, against={"kind": "file", "name": text, "key": "x"}
    ).uid
    rate = factories.PayRateFactory.create(campaign=task.campaign, since=task.created_at)
    run = factories.PayRunFactory.create(workspace=workspace, closed_by=member)
    factories.PayLineFactory.create(run=run, member=member, rate=rate)
    uids["pay_run"] = run.uid
    link = factories.JoinLinkFactory.create(
        campaign=task.campaign, name=text[:100], completion_code=text[:100], created_by=member
    )
    factories.ParticipantFactory.create(link=link, external_id=text[:200])
    uids["join_link"] = link.uid
    uids["report_link"] = factories.ReportLinkFactory.create(
        campaign=task.campaign, name=text[:100], created_by=member
    ).uid
    base = workspace.language_models.get(kind="base", children__isnull=False)
    uids["spelling"] = factories.SpellingProposalFactory.create(
        dataset=build.dataset, word=text[:30], meant=text[:40]
    ).uid
    uids |= make_labelling(workspace, member, text)
    uids["trial"] = try_prompt(workspace=workspace, models=[base], text=text, by=member)
    factories.RewritingFactory.create(
        source=task.prompt.collection, target__name=text[:100], first__model=base
    )
    uids |= make_leaving(build, member)
    key, sha256 = store_rows([{"text": text}])
    uids["merged_run"] = factories.RunFactory.create(
        workspace=workspace, recipe="merge", model=base,
        artifacts={"merged/1": {"key": key, "sha256": sha256}},  # "1": what a path is here
    ).uid  # fmt: skip
    factories.TrackFactory.create(
        tracker__workspace=workspace, run=workspace.runs.get(uid=uids["Run"]), error=text,
        seen_at=text[:400],
    )  # fmt: skip
    uids["sweep"] = factories.TryFactory.create(
        sweep__workspace=workspace, sweep__despite=text, sweep__error=text,
        sweep__options={"allow_dropped": text}, sweep__created_by=member, run__job__error=text,
    ).sweep.uid  # fmt: skip
    judging = factories.JudgingFactory.create(
        prompt__judge__workspace=workspace, prompt__instructions=text,
        prompt__judge__member__pseudonym=f"J{text}"[:100], run__job__error=text,
    )  # fmt: skip
    judging.prompt.reports.update(body=factories.judge_report(text))
    uids["judge"] = judging.prompt.judge.uid
    delivery = factories.DeliveryFactory.create(
        webhook__workspace=workspace, webhook__name=text[:100], webhook__off_because=text[:200],
        body=text, answer=text[:500], state="failed", ended_at=now(), tries=1,
    )  # fmt: skip
    uids |= {"webhook": delivery.webhook.uid, "delivery": delivery.uid}
    row = next(lines_of(build, "lineage.jsonl"))["id"]
    slugs = {
        "row": row,
        "finding": "one_judgment",
        "name": NAME,
        "collection": task.prompt.collection.slug,
        "rubric": version.rubric.slug,
    }
    return World(workspace, uids, slugs | {"loop": round_.loop.slug})


def make_follow_up(judgment: Judgment, text: str) -> UUID:
    """Done, on a judgment of the member's."""
    complaint = factories.ComplaintFactory.create(
        follow_up__workspace=judgment.workspace, follow_up__campaign=judgment.campaign,
        follow_up__model__name=f"followed {text}"[:120], follow_up__error=text,
        judgment=judgment, edit__content=text, answer__content=text,
        edit__generation__model__name=f"edits {text}"[:120],
    )  # fmt: skip
    complaint.follow_up.figures["lines"][0] |= {"criterion": text, "name": text}
    complaint.follow_up.save(update_fields=["figures"])
    uid: UUID = complaint.follow_up.uid
    return uid


def make_rubric(workspace: Workspace, text: str) -> RubricVersion:
    version = factories.RubricVersionFactory.create(
        rubric__workspace=workspace, rubric__name=text[:100], guidelines=text
    )
    factories.CriterionFactory.create(
        version=version,
        slug="clarity",
        name=text[:100],
        question=text[:500],
        anchors={str(n): text for n in range(1, 6)},
    )
    return version


def make_task(workspace: Workspace, version: RubricVersion, text: str) -> Task:
    """Of an open comparison campaign, the completions by a model named `text`."""
    model = factories.LanguageModelFactory.create(workspace=workspace, name=text[:120])
    prompt = factories.PromptFactory.create(
        collection__workspace=workspace,
        collection__name=text[:100],
        messages=[{"role": "system", "content": text}, {"role": "user", "content": text}],
        reference=text,
        documents=[{"title": text, "content": text}],
        slices={"language": text},
    )
    answers = [
        factories.CompletionFactory.create(
            prompt=prompt, content=f"{text} {n}", generation__model=model
        )
        for n in range(2)
    ]
    return factories.TaskFactory.create(
        campaign__workspace=workspace,
        campaign__rubric_version=version,
        campaign__title=text[:150],
        campaign__content_warning=text,
        campaign__asks=["critique", "ratings"],
        campaign__overlap=3,
        campaign__allows_extra=True,
        prompt=prompt,
        completions=answers,
    )


def make_judgment(task: Task, member: Member, text: str) -> Judgment:
    assignment = factories.AssignmentFactory.create(
        task=task, member=member, state="submitted", permutation=[0, 1]
    )
    task.open_places, task.judged = 2, 1
    task.save(update_fields=["open_places", "judged"])
    judgment = factories.JudgmentFactory.create(
        task=task, member=member, assignment=assignment, critique=text
    )
    first, second = task.completions.order_by("placed__place")
    factories.PreferenceFactory.create(judgment=judgment, first=first, second=second)
    criterion = task.campaign.rubric_version.criteria.get()
    factories.RatingFactory.create(judgment=judgment, completion=first, criterion=criterion)
    Correction.objects.create(judgment=judgment, completion=first, content=text)
    return judgment


def make_desk(judgment: Judgment, member: Member, text: str) -> tuple[Flag, Assignment]:
    """What stands round a judgment: returned, flagged, drafted, skipped, guided, answered."""
    task, campaign = judgment.task, judgment.campaign
    spans = [{"response": "A", "start": 0, "end": 3, "error_type": text[:50], "note": text}]
    said = {"preferences": [{"criterion": None, "choice": "B", "strength": 1}], "critique": text}
    placed = list(task.completions.order_by("placed__place"))
    for kind in ("practice", "gold"):
        factories.ExpertAnswerFactory.create(
            task__campaign=campaign,
            task__prompt=task.prompt,
            task__kind=kind,
            task__completions=placed,
            answers=said | {"spans": spans},
            reason=text,
            written_by=member,
        )
    gold = Task.objects.get(kind="gold", campaign=campaign)
    held = factories.AssignmentFactory.create(task=gold, member=member, state="submitted")
    seen = factories.JudgmentFactory.create(task=gold, member=member, assignment=held)
    factories.PreferenceFactory.create(judgment=seen, first=placed[0], second=placed[1])
    first = judgment.task.completions.first()
    Span.objects.create(judgment=judgment, completion=first, start=0, end=3, error_type=text[:50])
    factories.ReturnedJudgmentFactory.create(judgment=judgment, reason=text, returned_by=member)
    of_another = factories.TaskFactory.create(campaign=campaign, overlap=2)
    skipped = factories.AssignmentFactory.create(
        task=of_another, member=member, state="skipped", skip_reason="other", skip_note=text
    )
    save_draft(assignment=skipped, body={"critique": text})
    flag = factories.FlagFactory.create(task=task, member=member, text=text)
    for kind in ("unsafe", "question"):
        factories.FlagFactory.create(
            task=of_another, member=member, kind=kind, text=text, answer=text,
            answered_by=member, answered_at=task.created_at,
        )  # fmt: skip
    factories.CompletionFactory.create(prompt=task.prompt, content=text)  # took the correction over
    return flag, skipped


def make_late(task: Task, member: Member, text: str) -> Assignment:
    """Work that came when the member's lease was lost."""
    of_another = factories.TaskFactory.create(campaign=task.campaign, overlap=1, open_places=0)
    late = factories.AssignmentFactory.create(task=of_another, member=member, state="expired")
    save_draft(assignment=late, body={"critique": text})
    return late


def make_review(task: Task, text: str) -> Review:
    """Somebody else's judgment of the same task, drawn for review."""
    author = factories.MemberFactory.create(
        workspace=task.campaign.workspace, pseudonym=f"R{text}"[:100]
    )
    held = factories.AssignmentFactory.create(task=task, member=author, state="submitted")
    judgment = factories.JudgmentFactory.create(
        task=task, member=author, assignment=held, critique=text, is_extra=True
    )  # extra, so that the task's count and what is built from it stay
    factories.PreferenceFactory.create(judgment=judgment)
    return factories.ReviewFactory.create(judgment=judgment)


def make_person(task: Task, text: str) -> Member:
    """Somebody in a group, with a flag of theirs."""
    person: Member = factories.MemberFactory.create(
        workspace=task.campaign.workspace, pseudonym=f"P{text}"[:100], groups=[text[:50]],
        languages=[text[:50]],
    )  # fmt: skip
    factories.FlagFactory.create(task=task, member=person, text=text, answer=text)
    return person


def make_labelling(workspace: Workspace, member: Member, text: str) -> dict[str, UUID]:
    """A function that votes on the one prompt of a label campaign, and what it proposes."""
    criterion = factories.CriterionFactory.create(
        version__rubric__workspace=workspace, name=text[:100], kind="choice", low=1, high=2,
        anchors={"1": text, "2": text},
    )  # fmt: skip
    task = factories.TaskFactory.create(
        campaign__workspace=workspace,
        campaign__rubric_version=criterion.version,
        campaign__title=text[:150],
        campaign__type="label",
        campaign__asks=[],
        prompt__messages=[{"role": "user", "content": text}],
    )
    function = factories.LabellingFunctionFactory.create(
        criterion=criterion, name=text[:100], created_by=member, parameters={"pattern": "evil|."}
    )
    job = factories.JobFactory.create(workspace=workspace, state="succeeded", ended_at=now())
    figures = poll(tasks_of(task.campaign), criterion, report=lambda **_far: None).figures
    run = LabellingRun.objects.create(
        campaign=task.campaign,
        criterion=criterion,
        job=job,
        created_by=member,
        figures=to_builtins(figures),
        ended_at=now(),
    )
    Proposal.objects.create(
        run=run, task=task, value=1, probability=0.9, votes_for=1, votes_against=0
    )
    on_prompts = CollectionRun.objects.create(
        collection=task.prompt.collection,
        criterion=criterion,
        job=factories.JobFactory.create(workspace=workspace, state="succeeded", ended_at=now()),
        created_by=member,
        figures=to_builtins(figures),
        ended_at=now(),
    )
    PromptProposal.objects.create(
        run=on_prompts, prompt=task.prompt, value=1, probability=0.9, votes_for=1, votes_against=0
    )
    return {"labelling_function": function.uid, "label_campaign": task.campaign.uid}


def make_gold(task: Task, text: str) -> dict[str, UUID]:
    """The gold that the member judged, which they failed and appealed."""
    gold = ExpertAnswer.objects.get(task__kind="gold", task__campaign=task.campaign)
    judgment = Judgment.objects.get(task=gold.task)
    verdict = factories.GoldVerdictFactory.create(judgment=judgment)
    appeal = factories.AppealFactory.create(verdict=verdict, reason=text, answer=text)
    attempt = factories.AttemptFactory.create(
        qualification__campaign=task.campaign, qualification__word=text[:50], member=judgment.member
    )
    part = factories.AttemptTaskFactory.create(attempt__qualification=attempt.qualification, attempt__member=judgment.member)  # fmt: skip
    held = factories.AssignmentFactory.create(
        task=part.task, member=judgment.member, state="submitted"
    )
    factories.JudgmentFactory.create(task=part.task, member=held.member, assignment=held)
    factories.AppealFactory.create(verdict=None, part=part, reason=text, answer=text)
    found = {"gold": gold, "verdict": verdict, "appeal": appeal, "attempt": attempt}
    found |= {"qualification": attempt.qualification, "exam_task": part.task}
    return {name: row.uid for name, row in found.items()}


def make_import(task: Task, member: Member, text: str) -> Model:
    source = factories.ImportFactory.create(
        collection=task.prompt.collection, created_by=member, filename=text[:200]
    )
    factories.RejectedRowFactory.create(source=source, field=text[:100], reason=text, excerpt=text)
    return source


def make_build(workspace: Workspace, member: Member, text: str) -> DatasetBuild:
    """A real one, from the judgment that is there."""
    dataset = factories.DatasetFactory.create(workspace=workspace, name=text[:100])
    build = start_build(dataset=dataset, by=member)
    jobs.execute(build.job.uid)
    build.refresh_from_db()
    assert build.is_built, build.job.error
    return build


def make_leaving(build: DatasetBuild, member: Member) -> dict[str, UUID]:
    """An export and a comparison, both made; a push that waits."""
    asked = asked_for(build, shape="trl", container="json")
    export = start_build_export(build=build, asked=asked, by=member)
    again = start_build(dataset=build.dataset, by=member)
    jobs.execute(again.job.uid)
    again.refresh_from_db()
    diff = start_diff(old=build, new=again, by=member)
    for job in (export.job, diff.job):
        jobs.execute(job.uid)
    push = factories.BuildPushFactory.create(build=build, created_by=member)
    return {"build_export": export.uid, "diff": diff.uid, "push": push.uid}


def make_export(task: Task, member: Member) -> Model:
    """A real one, as CSV, of all that was judged in the campaign."""
    export = start_export(
        campaign=task.campaign, format=ExportFormat.CSV, everything=True, by=member
    )
    jobs.execute(export.job.uid)
    export.refresh_from_db()
    assert export.rows, export.job.error
    return export


def make_round(task: Task, version: RubricVersion, member: Member, text: str) -> Round:
    round_ = factories.RoundFactory.create(
        loop__workspace=task.campaign.workspace,
        loop__name=text[:100],
        loop__collection=task.prompt.collection,
        loop__rubric_version=version,
        created_by=member,
        state="failed",
    )
    factories.StepFactory.create(round=round_, state="failed", error=text)
    return round_


def make_job(workspace: Workspace, member: Member, text: str) -> Model:
    return factories.JobFactory.create(
        workspace=workspace,
        created_by=member,
        title=text[:200],
        note=text[:200],
        error=text,
        trace=text,
    )


SLICED = {
    "baseline": 0.4, "candidate": 0.5, "difference": 0.1, "low": 0.01, "high": 0.2, "smallest": 0.1,
    "n": 9, "groups": 9, "p": 0.01, "corrected": 0.01,
}  # fmt: skip


def of_the_models(workspace: Workspace, member: Member, text: str) -> list[Model]:
    """A base, an adapter that a run made, its evaluation, the comparison and the promotion."""
    base = factories.LanguageModelFactory.create(workspace=workspace, name=f"base {text}"[:120])
    adapter = factories.LanguageModelFactory.create(
        workspace=workspace, name=f"adapter {text}"[:120], kind="adapter", parent=base
    )
    key, sha256 = store_rows([{"text": text}])
    adapter.facts = {"files": {"1": {"key": key, "sha256": sha256}}}  # "1": what a path is here
    adapter.save(update_fields=["facts"])
    run = factories.RunFactory.create(
        workspace=workspace,
        recipe="sft",
        created_by=member,
        model=base,
        output_model=adapter,
        environment={"hardware": text},
        job__title=text[:200],
        job__error=text,
        job__trace=text,
    )
    events = {
        "sample": {"step": 0, "prompt": text, "content": text},
        "finding": {
            "code": text,
            "level": "caution",
            "when": "while",
            "words": text,
            "told": text,
            "remedy": text,
            "step": 0,
        },
        "preview": {
            "row": text,
            "number": 1,
            "tokens": 2,
            "learnt": 1,
            "pieces": [
                {
                    "name": text,
                    "does": text,
                    "tokens": 1,
                    "spans": [{"kind": "text", "text": text}, {"kind": "control", "text": text}],
                }
            ],
        },
        "metrics": {"step": 1, "loss": 0.5},
    }
    for number, (kind, body) in enumerate(events.items()):
        RunEvent.objects.create(
            run=run, attempt=0, n=number, at=run.created_at, kind=kind, body=body
        )
    tag_run(run=run, tags=[text.replace(",", "")[:50]], by=member)
    keep_note(run=run, text=text, by=member)
    benchmark = factories.BenchmarkFactory.create(
        workspace=workspace,
        name=text[:200],
        licence=text[:200],
        carries={text: 1},
        created_by=member,
    )
    evaluation = factories.EvaluationFactory.create(
        workspace=workspace, model=adapter, benchmark=benchmark,
        confusion={"labels": [text], "counts": [[1, 0]]},
    )  # fmt: skip
    comparison = factories.ComparisonFactory.create(
        workspace=workspace,
        candidate=evaluation,
        baseline__model=base,
        examples=[
            {
                "prompt": [{"role": "user", "content": text}],
                **dict.fromkeys(["baseline", "candidate", "reference"], text),
            }
        ],
        by_slice={"slices": [{"slice": text, "groups": 9, "metrics": {"loss": SLICED}}], "left_out": 0},
    )  # fmt: skip
    promotion = factories.PromotionFactory.create(
        workspace=workspace, model=adapter, reason=text, decided_by=member
    )
    outcome = {"condition": text, "met": False, "told": text, "metric": "loss", "than": "baseline",
               "low": None, "high": None, "smallest": None, "too_narrow": text}  # fmt: skip
    trial = factories.BetFactory.create(
        trial__workspace=workspace, trial__evaluation=evaluation, trial__incumbent=base,
        trial__error=text, trial__because=text, trial__ended_by=member, trial__outcomes=[outcome],
    ).trial  # fmt: skip
    base.licence, base.limits = text[:200], text
    base.save(update_fields=["licence", "limits"])
    return [adapter, run, benchmark, evaluation, comparison, promotion, trial]
