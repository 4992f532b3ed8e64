"""One factory per model, with the least a valid row needs."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory, Password

from evalhub.accounts.models import ApiToken, Member, User, Workspace
from evalhub.browse.models import SavedView
from evalhub.campaigns.models import (
    Assignment,
    Campaign,
    Draft,
    Flag,
    Guidelines,
    PayRate,
    Task,
    TaskCompletion,
)
from evalhub.common.sealing import seal
from evalhub.datasets.models import (
    BuildExport,
    BuildPush,
    Dataset,
    DatasetBuild,
    DiffReport,
    SpellingProposal,
)
from evalhub.evaluation.gate import Gate, TrialTerms, as_json
from evalhub.evaluation.models import Benchmark, Bet, Comparison, Evaluation, HumanTrial, Promotion
from evalhub.followups.models import Complaint, FollowUp
from evalhub.gold.models import Appeal, Attempt, AttemptTask, GoldVerdict, Qualification
from evalhub.imports.models import Import, RejectedRow
from evalhub.jobs.models import Job
from evalhub.judges.models import Judge, JudgeAcceptance, JudgePrompt, JudgeReport, Judging
from evalhub.judgments.models import (
    ExpertAnswer,
    Judgment,
    PayLine,
    PayRun,
    Preference,
    Rating,
    ReturnedJudgment,
    Review,
)
from evalhub.labelling.models import LabellingFunction
from evalhub.lineage.models import ContaminationCheck
from evalhub.links.models import JoinLink, Participant, ReportLink
from evalhub.loops.models import Loop, Round, Step
from evalhub.prompts.models import Collection, Completion, Generation, Prompt, PromptGroup
from evalhub.quality.models import Adjudication, Exclusion, ExclusionPreview, Withdrawal
from evalhub.registry.models import Endpoint, LanguageModel
from evalhub.reports.models import Export
from evalhub.rubrics.models import Criterion, Rubric, RubricVersion
from evalhub.runs.models import Rewriting, Run
from evalhub.sweeps.models import Sweep, Try
from evalhub.tracking.models import Track, Tracker
from evalhub.valuing.models import Valuation
from evalhub.webhooks.models import Delivery, Webhook
from evalhub.webhooks.signing import new_secret

PASSWORD = "pw-for-tests"  # known to the cast only


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = factory.Sequence("person{}".format)
    password = Password(PASSWORD)


class WorkspaceFactory(DjangoModelFactory[Workspace]):
    class Meta:
        model = Workspace

    slug = factory.Sequence("lab-{}".format)
    name = factory.Sequence("Lab {}".format)


class MemberFactory(DjangoModelFactory[Member]):
    class Meta:
        model = Member

    workspace = factory.SubFactory(WorkspaceFactory)
    user = factory.SubFactory(UserFactory)
    pseudonym = factory.Sequence("member{}".format)
    roles = ["annotator"]


class ApiTokenFactory(DjangoModelFactory[ApiToken]):
    """The token's text is `token-<n>`, n counting from 0."""

    class Meta:
        model = ApiToken

    member = factory.SubFactory(MemberFactory)
    name = "laptop"
    prefix = "token"
    digest = factory.Sequence(lambda n: hashlib.sha256(f"token-{n}".encode()).hexdigest())


class JobFactory(DjangoModelFactory[Job]):
    class Meta:
        model = Job

    workspace = factory.SubFactory(WorkspaceFactory)
    kind = "tests.nothing"
    title = "Nothing in particular"


class LanguageModelFactory(DjangoModelFactory[LanguageModel]):
    class Meta:
        model = LanguageModel

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence("model-{}".format)
    kind = "base"


class EndpointFactory(DjangoModelFactory[Endpoint]):
    class Meta:
        model = Endpoint

    model = factory.SubFactory(LanguageModelFactory, kind="endpoint")
    url = "https://models.example.org/v1"
    served_name = "theirs"


class CollectionFactory(DjangoModelFactory[Collection]):
    class Meta:
        model = Collection

    workspace = factory.SubFactory(WorkspaceFactory)
    slug = factory.Sequence("prompts-{}".format)
    name = "Prompts"


class PromptGroupFactory(DjangoModelFactory[PromptGroup]):
    class Meta:
        model = PromptGroup

    workspace = factory.SubFactory(WorkspaceFactory)
    split = "train"


class PromptFactory(DjangoModelFactory[Prompt]):
    class Meta:
        model = Prompt

    collection = factory.SubFactory(CollectionFactory)
    workspace = factory.SelfAttribute("collection.workspace")
    group = factory.SubFactory(PromptGroupFactory, workspace=factory.SelfAttribute("..workspace"))
    external_id = factory.Sequence("p{}".format)
    messages = factory.LazyAttribute(
        lambda prompt: [{"role": "user", "content": f"Why is the sky blue ({prompt.external_id})?"}]
    )
    fingerprint = factory.LazyAttribute(
        lambda prompt: hashlib.sha256(prompt.external_id.encode()).hexdigest()
    )


class GenerationFactory(DjangoModelFactory[Generation]):
    class Meta:
        model = Generation

    workspace = factory.SubFactory(WorkspaceFactory)
    model = factory.SubFactory(LanguageModelFactory, workspace=factory.SelfAttribute("..workspace"))


class CompletionFactory(DjangoModelFactory[Completion]):
    class Meta:
        model = Completion

    prompt = factory.SubFactory(PromptFactory)
    workspace = factory.SelfAttribute("prompt.workspace")
    generation = factory.SubFactory(
        GenerationFactory, workspace=factory.SelfAttribute("..workspace")
    )
    external_id = factory.Sequence("c{}".format)
    content = factory.Sequence("Short waves scatter more ({}).".format)


class RubricFactory(DjangoModelFactory[Rubric]):
    class Meta:
        model = Rubric

    workspace = factory.SubFactory(WorkspaceFactory)
    slug = factory.Sequence("rubric-{}".format)
    name = "Answers"


class RubricVersionFactory(DjangoModelFactory[RubricVersion]):
    class Meta:
        model = RubricVersion

    rubric = factory.SubFactory(RubricFactory)
    number = 1
    published_at = factory.LazyFunction(timezone.now)


class CriterionFactory(DjangoModelFactory[Criterion]):
    class Meta:
        model = Criterion

    version = factory.SubFactory(RubricVersionFactory)
    slug = factory.Sequence("criterion-{}".format)
    name = factory.LazyAttribute(lambda criterion: criterion.slug.capitalize())
    question = "How good is it?"
    position = factory.Sequence(int)
    anchors = factory.LazyFunction(lambda: {str(n): f"What {n} means" for n in range(1, 6)})


class CampaignFactory(DjangoModelFactory[Campaign]):
    class Meta:
        model = Campaign

    workspace = factory.SubFactory(WorkspaceFactory)
    title = factory.Sequence("Campaign {}".format)
    rubric_version = factory.SubFactory(
        RubricVersionFactory, rubric__workspace=factory.SelfAttribute("...workspace")
    )
    type = "comparison"
    state = "open"
    asks = factory.LazyFunction(lambda: ["critique"])
    hand_size = 2  # full soon


class GuidelinesFactory(DjangoModelFactory[Guidelines]):
    """The campaign's newest, which everybody has still to accept."""

    class Meta:
        model = Guidelines
        skip_postgeneration_save = True

    campaign = factory.SubFactory(CampaignFactory)
    number = 1
    content = "Be **kind**."

    @factory.post_generation
    def current(self: Any, create: bool, extracted: Any, **_: Any) -> None:  # noqa: FBT001
        self.campaign.guidelines = self
        self.campaign.save(update_fields=["guidelines"])


class TaskFactory(DjangoModelFactory[Task]):
    """A comparison of two completions unless `completions` says otherwise."""

    class Meta:
        model = Task
        skip_postgeneration_save = True

    campaign = factory.SubFactory(CampaignFactory)
    prompt = factory.SubFactory(
        PromptFactory, collection__workspace=factory.SelfAttribute("...campaign.workspace")
    )
    lot = factory.Sequence(int)
    overlap = factory.SelfAttribute("campaign.overlap")
    open_places = factory.SelfAttribute("overlap")

    @factory.post_generation
    def completions(self: Any, create: bool, extracted: Any, **_: Any) -> None:  # noqa: FBT001
        if extracted is None:
            count = {"rating": 1, "comparison": 2, "ranking": 3}.get(self.campaign.type, 0)
            extracted = [CompletionFactory.create(prompt=self.prompt) for _ in range(count)]
        for place, completion in enumerate(extracted):
            TaskCompletion.objects.create(task=self, completion=completion, place=place)


class AssignmentFactory(DjangoModelFactory[Assignment]):
    class Meta:
        model = Assignment

    task = factory.SubFactory(TaskFactory)
    campaign = factory.SelfAttribute("task.campaign")
    member = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..campaign.workspace")
    )
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=30))
    permutation = factory.LazyAttribute(lambda row: list(range(row.task.completions.count())))


class DraftFactory(DjangoModelFactory[Draft]):
    class Meta:
        model = Draft

    assignment = factory.SubFactory(AssignmentFactory)
    body = factory.LazyFunction(dict)


class FlagFactory(DjangoModelFactory[Flag]):
    class Meta:
        model = Flag

    task = factory.SubFactory(TaskFactory)
    campaign = factory.SelfAttribute("task.campaign")
    member = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..campaign.workspace")
    )
    kind = "question"
    text = "Is sarcasm rude?"


class ExpertAnswerFactory(DjangoModelFactory[ExpertAnswer]):
    """Of a comparison: the first is better. `task__kind="gold"` for gold."""

    class Meta:
        model = ExpertAnswer

    task = factory.SubFactory(TaskFactory, kind="practice", overlap=0, open_places=0)
    answers = factory.LazyFunction(
        lambda: {"preferences": [{"criterion": None, "choice": "A", "strength": 1}]}
    )
    reason = "The second **invents** a date."


class JudgmentFactory(DjangoModelFactory[Judgment]):
    class Meta:
        model = Judgment

    task = factory.SubFactory(TaskFactory)
    campaign = factory.SelfAttribute("task.campaign")
    workspace = factory.SelfAttribute("campaign.workspace")
    member = factory.SubFactory(MemberFactory, workspace=factory.SelfAttribute("..workspace"))
    source = "human"
    judged_at = factory.LazyFunction(timezone.now)


class ReturnedJudgmentFactory(DjangoModelFactory[ReturnedJudgment]):
    class Meta:
        model = ReturnedJudgment

    judgment = factory.SubFactory(JudgmentFactory)
    reason = "Read to the end."
    returned_by = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..judgment.workspace"), roles=["reviewer"]
    )


class ReviewFactory(DjangoModelFactory[Review]):
    """A settled judgment of a person's, on the reviewers' list."""

    class Meta:
        model = Review

    judgment = factory.SubFactory(JudgmentFactory)
    campaign = factory.SelfAttribute("judgment.campaign")
    author = factory.SelfAttribute("judgment.member")


class PayRateFactory(DjangoModelFactory[PayRate]):
    class Meta:
        model = PayRate

    campaign = factory.SubFactory(CampaignFactory)
    amount = Decimal("0.25")
    currency = "EUR"
    unit = "task"
    created_by = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..campaign.workspace"), roles=["lead"]
    )


class PayRunFactory(DjangoModelFactory[PayRun]):
    """One after the other, a day each."""

    class Meta:
        model = PayRun

    workspace = factory.SubFactory(WorkspaceFactory)
    begins_at = factory.Sequence(lambda n: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=n))
    ends_at = factory.LazyAttribute(lambda run: run.begins_at + timedelta(days=1))
    closed_by = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..workspace"), roles=["owner"]
    )


class PayLineFactory(DjangoModelFactory[PayLine]):
    class Meta:
        model = PayLine

    run = factory.SubFactory(PayRunFactory)
    member = factory.SubFactory(MemberFactory, workspace=factory.SelfAttribute("..run.workspace"))
    rate = factory.SubFactory(
        PayRateFactory, campaign__workspace=factory.SelfAttribute("...run.workspace")
    )
    is_correction = False
    judgments = 4
    untimed = 0
    active_ms = 120_000
    amount = 100


class JoinLinkFactory(DjangoModelFactory[JoinLink]):
    """The secret is `join-<n>`, n counting from 0."""

    class Meta:
        model = JoinLink

    campaign = factory.SubFactory(CampaignFactory)
    name = "wave 1"
    prefix = "join"
    digest = factory.Sequence(lambda n: hashlib.sha256(f"join-{n}".encode()).hexdigest())
    created_by = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..campaign.workspace"), roles=["lead"]
    )
    platform = "prolific"
    person_parameter = "PROLIFIC_PID"
    study_parameter = "STUDY_ID"
    session_parameter = "SESSION_ID"
    tasks = 2
    most_people = 10
    completion_code = "C0DE"
    group = "join-1"


class ParticipantFactory(DjangoModelFactory[Participant]):
    class Meta:
        model = Participant

    link = factory.SubFactory(JoinLinkFactory)
    member = factory.SubFactory(
        MemberFactory,
        workspace=factory.SelfAttribute("..link.campaign.workspace"),
        only_campaign=factory.SelfAttribute("..link.campaign.pk"),
    )
    external_id = factory.Sequence("p{}".format)


class ExclusionPreviewFactory(DjangoModelFactory[ExclusionPreview]):
    class Meta:
        model = ExclusionPreview

    campaign = factory.SubFactory(CampaignFactory)
    member = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..campaign.workspace")
    )
    job = factory.SubFactory(JobFactory, workspace=factory.SelfAttribute("..campaign.workspace"))
    body = factory.LazyFunction(lambda: {"judgments": 1, "tasks": 1, "questions": []})
    made_at = factory.LazyFunction(timezone.now)


class ExclusionFactory(DjangoModelFactory[Exclusion]):
    class Meta:
        model = Exclusion

    campaign = factory.SubFactory(CampaignFactory)
    member = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..campaign.workspace")
    )
    reason = "Answers by lot."
    excluded_by = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..campaign.workspace"), roles=["lead"]
    )


class AdjudicationFactory(DjangoModelFactory[Adjudication]):
    class Meta:
        model = Adjudication

    task = factory.SubFactory(TaskFactory)
    judgment = factory.SubFactory(
        JudgmentFactory, task=factory.SelfAttribute("..task"), is_verdict=True
    )
    cause = "slip"


class ReportLinkFactory(DjangoModelFactory[ReportLink]):
    class Meta:
        model = ReportLink

    campaign = factory.SubFactory(CampaignFactory)
    name = "the client"
    prefix = "report"
    digest = factory.Sequence(lambda n: hashlib.sha256(f"report-{n}".encode()).hexdigest())
    created_by = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..campaign.workspace"), roles=["lead"]
    )


class LabellingFunctionFactory(DjangoModelFactory[LabellingFunction]):
    class Meta:
        model = LabellingFunction

    criterion = factory.SubFactory(CriterionFactory)
    workspace = factory.SelfAttribute("criterion.version.rubric.workspace")
    name = factory.Sequence("function {}".format)
    value = 1
    kind = "regex"
    parameters = factory.LazyFunction(lambda: {"pattern": "refund"})
    created_by = factory.SubFactory(MemberFactory, workspace=factory.SelfAttribute("..workspace"))


class SavedViewFactory(DjangoModelFactory[SavedView]):
    class Meta:
        model = SavedView

    member = factory.SubFactory(MemberFactory)
    workspace = factory.SelfAttribute("member.workspace")
    name = factory.Sequence("View {}".format)
    kind = "prompts"
    criteria = factory.LazyFunction(lambda: {"slice": "language=de"})


class RatingFactory(DjangoModelFactory[Rating]):
    class Meta:
        model = Rating

    judgment = factory.SubFactory(JudgmentFactory, task__campaign__type="rating")
    completion = factory.LazyAttribute(lambda row: row.judgment.task.completions.first())
    criterion = factory.SubFactory(
        CriterionFactory, version=factory.SelfAttribute("..judgment.campaign.rubric_version")
    )
    value = 4


class PreferenceFactory(DjangoModelFactory[Preference]):
    class Meta:
        model = Preference

    judgment = factory.SubFactory(JudgmentFactory)
    first = factory.LazyAttribute(lambda row: row.judgment.task.placed.get(place=0).completion)
    second = factory.LazyAttribute(lambda row: row.judgment.task.placed.get(place=1).completion)
    margin = 2


class ImportFactory(DjangoModelFactory[Import]):
    class Meta:
        model = Import

    collection = factory.SubFactory(CollectionFactory)
    workspace = factory.SelfAttribute("collection.workspace")
    kind = "prompts"
    format = "auto"
    filename = "prompts.jsonl"
    file_key = "none"
    job = factory.SubFactory(
        JobFactory, workspace=factory.SelfAttribute("..workspace"), kind="imports.read"
    )


class RejectedRowFactory(DjangoModelFactory[RejectedRow]):
    class Meta:
        model = RejectedRow

    source = factory.SubFactory(ImportFactory)
    line = factory.Sequence(int)
    reason = "messages is missing; give a list of turns."


class DatasetFactory(DjangoModelFactory[Dataset]):
    class Meta:
        model = Dataset

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence("dataset {}".format)
    kind = "preference"


class SpellingProposalFactory(DjangoModelFactory[SpellingProposal]):
    class Meta:
        model = SpellingProposal

    dataset = factory.SubFactory(DatasetFactory)
    language = "en"
    word = factory.Sequence("verry{}".format)
    meant = "very"
    count = 1


class DatasetBuildFactory(DjangoModelFactory[DatasetBuild]):
    class Meta:
        model = DatasetBuild

    dataset = factory.SubFactory(DatasetFactory)
    workspace = factory.SelfAttribute("dataset.workspace")
    kind = factory.SelfAttribute("dataset.kind")
    job = factory.SubFactory(
        JobFactory, workspace=factory.SelfAttribute("..workspace"), kind="datasets.build"
    )


class BuildExportFactory(DjangoModelFactory[BuildExport]):
    """Asked for, and not written yet."""

    class Meta:
        model = BuildExport

    build = factory.SubFactory(DatasetBuildFactory)
    workspace = factory.SelfAttribute("build.workspace")
    shape = "trl"
    container = "folder"
    splits = factory.LazyFunction(lambda: ["train", "validation", "test"])
    job = factory.SubFactory(
        JobFactory, workspace=factory.SelfAttribute("..workspace"), kind="builds.export"
    )
    created_by = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..workspace"), roles=["engineer"]
    )


class BuildPushFactory(DjangoModelFactory[BuildPush]):
    class Meta:
        model = BuildPush

    build = factory.SubFactory(DatasetBuildFactory)
    workspace = factory.SelfAttribute("build.workspace")
    target = "s3://bucket/data"
    shape = "trl"
    job = factory.SubFactory(
        JobFactory, workspace=factory.SelfAttribute("..workspace"), kind="builds.push"
    )
    created_by = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..workspace"), roles=["engineer"]
    )


class DiffReportFactory(DjangoModelFactory[DiffReport]):
    class Meta:
        model = DiffReport

    new = factory.SubFactory(DatasetBuildFactory)
    old = factory.SubFactory(DatasetBuildFactory, dataset=factory.SelfAttribute("..new.dataset"))
    job = factory.SubFactory(
        JobFactory, workspace=factory.SelfAttribute("..new.workspace"), kind="builds.diff"
    )
    created_by = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..new.workspace"), roles=["engineer"]
    )


class ExportFactory(DjangoModelFactory[Export]):
    """Asked for, and not written yet."""

    class Meta:
        model = Export

    campaign = factory.SubFactory(CampaignFactory)
    workspace = factory.SelfAttribute("campaign.workspace")
    format = "csv"
    job = factory.SubFactory(
        JobFactory, workspace=factory.SelfAttribute("..workspace"), kind="exports.write"
    )
    created_by = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..workspace"), roles=["lead"]
    )


class RunFactory(DjangoModelFactory[Run]):
    class Meta:
        model = Run

    workspace = factory.SubFactory(WorkspaceFactory)
    recipe = "noop"
    spec = factory.LazyAttribute(lambda run: {"recipe": run.recipe, "options": {}})
    job = factory.SubFactory(
        JobFactory, workspace=factory.SelfAttribute("..workspace"), kind="runs.execute", queue="gpu"
    )


class RewritingFactory(DjangoModelFactory[Rewriting]):
    class Meta:
        model = Rewriting

    source = factory.SubFactory(CollectionFactory)
    workspace = factory.SelfAttribute("source.workspace")
    target = factory.SubFactory(CollectionFactory, workspace=factory.SelfAttribute("..workspace"))
    way = "paraphrase"
    first = factory.SubFactory(
        RunFactory, workspace=factory.SelfAttribute("..workspace"), recipe="generate"
    )
    made = 3
    dropped = factory.LazyFunction(lambda: {"same": 1})


class BenchmarkFactory(DjangoModelFactory[Benchmark]):
    class Meta:
        model = Benchmark

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"benchmark {n}")
    key = "blobs/00/0"
    digest = factory.Sequence(lambda n: f"{n:064d}")
    rows = 12
    carries = factory.LazyFunction(lambda: {"reference": 12})


class EvaluationFactory(DjangoModelFactory[Evaluation]):
    class Meta:
        model = Evaluation

    workspace = factory.SubFactory(WorkspaceFactory)
    model = factory.SubFactory(LanguageModelFactory, workspace=factory.SelfAttribute("..workspace"))
    set_digest = "0" * 64
    run = factory.SubFactory(
        RunFactory, workspace=factory.SelfAttribute("..workspace"), recipe="evaluate"
    )


class ComparisonFactory(DjangoModelFactory[Comparison]):
    class Meta:
        model = Comparison

    workspace = factory.SubFactory(WorkspaceFactory)
    baseline = factory.SubFactory(EvaluationFactory, workspace=factory.SelfAttribute("..workspace"))
    candidate = factory.SubFactory(
        EvaluationFactory, workspace=factory.SelfAttribute("..workspace")
    )


class PromotionFactory(DjangoModelFactory[Promotion]):
    class Meta:
        model = Promotion

    workspace = factory.SubFactory(WorkspaceFactory)
    model = factory.SubFactory(LanguageModelFactory, workspace=factory.SelfAttribute("..workspace"))
    decision = "refuse"
    reason = "The gain is not above 0."


class HumanTrialFactory(DjangoModelFactory[HumanTrial]):
    """An open one with its campaign."""

    class Meta:
        model = HumanTrial

    workspace = factory.SubFactory(WorkspaceFactory)
    evaluation = factory.SubFactory(
        EvaluationFactory, workspace=factory.SelfAttribute("..workspace")
    )
    incumbent = factory.SubFactory(
        LanguageModelFactory, workspace=factory.SelfAttribute("..workspace")
    )
    collection = factory.SubFactory(
        CollectionFactory, workspace=factory.SelfAttribute("..workspace")
    )
    campaign = factory.SubFactory(
        CampaignFactory, workspace=factory.SelfAttribute("..workspace"), state="open"
    )
    rubric_version = factory.SelfAttribute("campaign.rubric_version")
    candidate_run = factory.SubFactory(
        RunFactory, workspace=factory.SelfAttribute("..workspace"), recipe="generate"
    )
    incumbent_run = factory.SubFactory(
        RunFactory, workspace=factory.SelfAttribute("..workspace"), recipe="generate"
    )
    gate = factory.LazyFunction(lambda: as_json(Gate(trial=TrialTerms())))
    state = "open"
    prompts = 240


class BetFactory(DjangoModelFactory[Bet]):
    """Of a prompt that the candidate won."""

    class Meta:
        model = Bet

    trial = factory.SubFactory(HumanTrialFactory)
    task = factory.SubFactory(TaskFactory, campaign=factory.SelfAttribute("..trial.campaign"))
    place = factory.Sequence(lambda n: n + 1)
    votes = 1
    value = 1.0
    better = 0.4


class FollowUpFactory(DjangoModelFactory[FollowUp]):
    """Done, with no complaint yet: see ComplaintFactory."""

    class Meta:
        model = FollowUp

    workspace = factory.SubFactory(WorkspaceFactory)
    model = factory.SubFactory(LanguageModelFactory, workspace=factory.SelfAttribute("..workspace"))
    campaign = factory.SubFactory(CampaignFactory, workspace=factory.SelfAttribute("..workspace"))
    rubric_version = factory.SelfAttribute("campaign.rubric_version")
    ranking = factory.SubFactory(
        CampaignFactory, workspace=factory.SelfAttribute("..workspace"), type="ranking",
        state="closed",
    )  # fmt: skip
    run = factory.SubFactory(
        RunFactory, workspace=factory.SelfAttribute("..workspace"), recipe="generate"
    )
    state = "done"
    votes = 2
    prompts = 1
    done_at = factory.LazyFunction(timezone.now)

    @factory.lazy_attribute
    def figures(self) -> dict[str, Any]:
        share = {"value": 1.0, "low": None, "high": None, "n": 1, "part": 1}
        line = {
            "n": 1, "findings": {"resolved": 1}, "unjudged": 0, "by_itself": 0, "shared": 0,
            "resolved": share, "learnt": {"taught": share},
        }  # fmt: skip
        return {"people": 1, "all": line, "lines": [{"criterion": None, "name": ""} | line]}


class ComplaintFactory(DjangoModelFactory[Complaint]):
    """A correction that others find resolved."""

    class Meta:
        model = Complaint

    follow_up = factory.SubFactory(FollowUpFactory)
    judgment = factory.SubFactory(
        JudgmentFactory, task__campaign=factory.SelfAttribute("...follow_up.campaign")
    )
    old = factory.LazyAttribute(lambda row: row.judgment.task.completions.first())
    edit = factory.SubFactory(
        CompletionFactory, prompt=factory.SelfAttribute("..judgment.task.prompt"),
        written_by=factory.SelfAttribute("..judgment.member"),
    )  # fmt: skip
    answer = factory.SubFactory(
        CompletionFactory, prompt=factory.SelfAttribute("..judgment.task.prompt")
    )
    learnt = "taught"
    finding = "resolved"
    found = factory.LazyFunction(lambda: {"raters": 2, "gain": 1.0, "edit": 0.5})


class ValuationFactory(DjangoModelFactory[Valuation]):
    class Meta:
        model = Valuation

    campaign = factory.SubFactory(CampaignFactory)


class WithdrawalFactory(DjangoModelFactory[Withdrawal]):
    """Of a judgment."""

    class Meta:
        model = Withdrawal

    workspace = factory.SubFactory(WorkspaceFactory)
    judgment = factory.SubFactory(
        JudgmentFactory, task__campaign__workspace=factory.SelfAttribute("....workspace")
    )
    reason = "Given by a bot."
    withdrawn_by = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..workspace"), roles=["lead"]
    )


class ContaminationCheckFactory(DjangoModelFactory[ContaminationCheck]):
    class Meta:
        model = ContaminationCheck

    build = factory.SubFactory(DatasetBuildFactory)
    job = factory.SubFactory(
        JobFactory, workspace=factory.SelfAttribute("..build.workspace"), kind="lineage.check"
    )
    against = factory.LazyFunction(lambda: {"kind": "collection", "name": "faq"})


class LoopFactory(DjangoModelFactory[Loop]):
    class Meta:
        model = Loop

    workspace = factory.SubFactory(WorkspaceFactory)
    slug = factory.Sequence("loop-{}".format)
    name = "Loop"
    base_model = factory.SubFactory(
        LanguageModelFactory, workspace=factory.SelfAttribute("..workspace")
    )
    collection = factory.SubFactory(
        CollectionFactory, workspace=factory.SelfAttribute("..workspace")
    )
    rubric_version = factory.SubFactory(
        RubricVersionFactory, rubric__workspace=factory.SelfAttribute("...workspace")
    )


class RoundFactory(DjangoModelFactory[Round]):
    class Meta:
        model = Round

    loop = factory.SubFactory(LoopFactory)
    number = factory.Sequence(lambda n: n + 1)


class StepFactory(DjangoModelFactory[Step]):
    class Meta:
        model = Step

    round = factory.SubFactory(RoundFactory)
    kind = "dataset"
    position = 0


class GoldVerdictFactory(DjangoModelFactory[GoldVerdict]):
    """Somebody failed a gold: they preferred the second."""

    class Meta:
        model = GoldVerdict

    judgment = factory.SubFactory(JudgmentFactory, task__kind="gold")
    task = factory.SelfAttribute("judgment.task")
    campaign = factory.SelfAttribute("judgment.campaign")
    member = factory.SelfAttribute("judgment.member")
    passed = False
    checks = factory.LazyFunction(lambda: [{"name": "preference", "said": "B1", "passed": False}])


class AppealFactory(DjangoModelFactory[Appeal]):
    class Meta:
        model = Appeal

    verdict = factory.SubFactory(GoldVerdictFactory)
    reason = "The first invents it too."


class QualificationFactory(DjangoModelFactory[Qualification]):
    class Meta:
        model = Qualification

    campaign = factory.SubFactory(CampaignFactory)
    word = "medicine"
    pass_mark = 50
    retry_days = 7


class AttemptFactory(DjangoModelFactory[Attempt]):
    """Under way, of one task."""

    class Meta:
        model = Attempt

    qualification = factory.SubFactory(QualificationFactory)
    member = factory.SubFactory(
        MemberFactory, workspace=factory.SelfAttribute("..qualification.campaign.workspace")
    )
    asked = 1


class AttemptTaskFactory(DjangoModelFactory[AttemptTask]):
    """One that was failed in an attempt that is over."""

    class Meta:
        model = AttemptTask

    attempt = factory.SubFactory(
        AttemptFactory, state="failed", ended_at=factory.LazyFunction(timezone.now)
    )
    task = factory.SubFactory(
        TaskFactory,
        campaign=factory.SelfAttribute("..attempt.qualification.campaign"),
        kind="qualification",
    )
    gold = factory.LazyAttribute(
        lambda made: (
            ExpertAnswerFactory.create(task__campaign=made.task.campaign, task__kind="gold").task
        )
    )
    passed = False


class SweepFactory(DjangoModelFactory[Sweep]):
    class Meta:
        model = Sweep

    workspace = factory.SubFactory(WorkspaceFactory)
    kind = "search"
    recipe = "sft"
    build = factory.SubFactory(
        DatasetBuildFactory,
        dataset__workspace=factory.SelfAttribute("...workspace"),
        rows={"train": 8, "validation": 2},
    )
    model = factory.SubFactory(LanguageModelFactory, workspace=factory.SelfAttribute("..workspace"))
    space = {"learning_rate": {"choices": [1e-4, 1e-3]}}
    objective = "eval_loss"
    sampler = "grid"
    most_tries = 2
    parallel = 1


class TrackerFactory(DjangoModelFactory[Tracker]):
    class Meta:
        model = Tracker
        django_get_or_create = ("workspace", "service")

    workspace = factory.SubFactory(WorkspaceFactory)
    service = "mlflow"
    project = "evalhub"
    address = "https://mlflow.example.org"


class TrackFactory(DjangoModelFactory[Track]):
    class Meta:
        model = Track

    tracker = factory.SubFactory(TrackerFactory)
    run = factory.SubFactory(
        RunFactory, workspace=factory.SelfAttribute("..tracker.workspace"), recipe="sft"
    )
    place = factory.SelfAttribute("tracker.place")


class TryFactory(DjangoModelFactory[Try]):
    """A run that has ended well."""

    class Meta:
        model = Try

    sweep = factory.SubFactory(SweepFactory)
    number = factory.Sequence(lambda n: n + 1)
    values = {"learning_rate": 1e-4}
    run = factory.SubFactory(
        RunFactory,
        workspace=factory.SelfAttribute("..sweep.workspace"),
        recipe="sft",
        model=factory.SelfAttribute("..sweep.model"),
        metrics={"eval_loss": 1.5},
        spec={"recipe": "sft", "seed": 0, "options": {"learning_rate": 1e-4}, "inputs": {}},
        job__state="succeeded",
        job__ended_at=factory.LazyFunction(timezone.now),
    )


class WebhookFactory(DjangoModelFactory[Webhook]):
    class Meta:
        model = Webhook

    workspace = factory.SubFactory(WorkspaceFactory)
    name = "Ops"
    kind = "standard"
    address = factory.LazyFunction(lambda: seal("https://example.org/hook"))
    told = "https://example.org"
    secret = factory.LazyFunction(lambda: seal(new_secret()))
    events = factory.LazyFunction(lambda: ["loop.paused", "round.decided", "round.ended"])


class DeliveryFactory(DjangoModelFactory[Delivery]):
    class Meta:
        model = Delivery

    webhook = factory.SubFactory(WebhookFactory)
    event = "round.ended"
    occasion = factory.LazyFunction(uuid4)
    body = "{}"


class JudgeFactory(DjangoModelFactory[Judge]):
    class Meta:
        model = Judge

    workspace = factory.SubFactory(WorkspaceFactory)
    member = factory.SubFactory(
        MemberFactory,
        workspace=factory.SelfAttribute("..workspace"),
        user=None,
        kind="model",
        roles=[],
    )
    model = factory.SubFactory(
        LanguageModelFactory, workspace=factory.SelfAttribute("..workspace"), kind="endpoint"
    )
    rubric = factory.SubFactory(RubricFactory, workspace=factory.SelfAttribute("..workspace"))


class JudgePromptFactory(DjangoModelFactory[JudgePrompt]):
    class Meta:
        model = JudgePrompt

    judge = factory.SubFactory(JudgeFactory)
    rubric_version = factory.SubFactory(
        RubricVersionFactory, rubric=factory.SelfAttribute("..judge.rubric")
    )
    number = factory.Sequence(lambda n: n + 1)
    instructions = "Judge by the rubric."
    digest = "0" * 64


class JudgingFactory(DjangoModelFactory[Judging]):
    """Ended, with a report, and accepted by a bar that is met."""

    class Meta:
        model = Judging
        skip_postgeneration_save = True

    prompt = factory.SubFactory(JudgePromptFactory)
    source = factory.SubFactory(
        CampaignFactory,
        workspace=factory.SelfAttribute("..prompt.judge.workspace"),
        rubric_version=factory.SelfAttribute("..prompt.rubric_version"),
    )
    campaign = factory.SubFactory(
        CampaignFactory,
        workspace=factory.SelfAttribute("..source.workspace"),
        rubric_version=factory.SelfAttribute("..prompt.rubric_version"),
        origin="model",
        state="closed",
    )
    run = factory.SubFactory(
        RunFactory,
        workspace=factory.SelfAttribute("..source.workspace"),
        recipe="generate",
        job__state="succeeded",
        job__ended_at=factory.LazyFunction(timezone.now),
    )
    on_conflict = "tie"
    tasks = 60
    left = 3
    counts = factory.LazyFunction(
        lambda: {
            "asked": 120,
            "judged": 59,
            "left_out": 1,
            "unasked": 0,
            "undecided": [],
            "unreadable": {"cut": 1},
            "pairs": {},
        }
    )
    ended_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def accepted(self: Any, create: bool, extracted: Any, **_: Any) -> None:  # noqa: FBT001
        report = JudgeReport.objects.create(prompt=self.prompt, body=judge_report())
        JudgeAcceptance.objects.create(
            prompt=self.prompt,
            report=report,
            bar={"least": 0.6, "fewest": 50.0},
            accepted_by=MemberFactory.create(workspace=self.source.workspace, roles=["lead"]),
        )


def judge_report(question: str = "overall") -> dict[str, Any]:
    """As of `judges.agreement`: two questions, one of them without people's agreement."""
    figure = {"value": 0.71, "low": 0.62, "high": 0.8, "n": 59}
    none = {"value": None, "low": None, "high": None, "n": 0}
    share = {"part": 6, "n": 60, "value": 0.1, "low": 0.05, "high": 0.2}
    told = {
        "level": "nominal",
        "both": 59,
        "people_answers": 118,
        "why": "",
        "alpha": figure,
        "percent": figure,
    }
    return {
        "questions": [
            {"question": question, **told, "people_alpha": figure, "people_percent": figure},
            {"question": "tone", **told, "people_alpha": none, "people_percent": none},
        ],
        "judged": 59, "unasked": 2, "unreadable": share, "why_unreadable": {"cut": 1, "not_json": 5},
        "pairs": {question: {"inconsistent": share, "first": 4, "second": 2}},
        "requests": 122, "cost": 0.25,
    }  # fmt: skip
