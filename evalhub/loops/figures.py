"""What people's judgments look like that a Loop goes by: how many are new, how good they are."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Avg, Exists, F, FloatField, OuterRef, QuerySet
from django.db.models.functions import Cast

from evalhub.campaigns.choices import FlagKind
from evalhub.campaigns.models import Campaign, Flag, Task
from evalhub.datasets.models import DatasetBuild
from evalhub.gold.models import GoldVerdict
from evalhub.judgments.models import Judgment, Rating
from evalhub.loops.choices import StepKind
from evalhub.loops.models import Loop, Step
from evalhub.loops.policy import Policy
from evalhub.quality.watching import agreement_in, judged_in

ASIDE = (
    "trial",
    "follow_up_ranking",
    "follow_up_comparison",
)  # what campaigns are of that ask aside
SAFETY = "safety"  # the criterion's slug


@dataclass(frozen=True)
class Fall:
    """A figure on the wrong side of its bar."""

    measure: str
    sentence: str


def new_judgments(loop: Loop, policy: Policy) -> QuerySet[Judgment]:
    """Those on the Loop's prompts that no Round's builds have read; votes of blind trials and follow-ups
    tell how good a model is, and teach nothing."""
    rows = Judgment.objects.counted().filter(workspace=loop.workspace_id)
    rows = rows.filter(**{f"campaign__{name}": None for name in ASIDE})
    rows = rows.filter(pk__gt=_read_up_to(loop), source__in=policy.sources)
    return rows.filter(task__prompt__collection=loop.collection_id)


def _read_up_to(loop: Loop) -> int:
    """The key of the last judgment that the builds of the newest Round with any have read; 0: none."""
    steps = Step.objects.filter(round__loop=loop, kind=StepKind.DATASET).exclude(result={})
    for result in steps.order_by("-round__number").values_list("result", flat=True).iterator():
        builds = DatasetBuild.objects.filter(uid__in=result.get("builds", {}).values())
        last = builds.exclude(snapshot=None).order_by("pk").values_list("snapshot__last_judgment")
        if found := last.first():
            return int(found[0])
    return 0


def watched_campaign(loop: Loop) -> Campaign | None:
    """Where people judge now: the newest that a Round opened, else the newest on the Loop's prompts.

    A blind trial's is none of them, nor a follow-up's.
    """
    aside = dict.fromkeys(ASIDE)
    campaigns = Campaign.objects.filter(workspace=loop.workspace_id, **aside).order_by("-pk")
    opened = campaigns.filter(opened_by__loop=loop).first()
    if opened is not None:
        return opened
    tasks = Task.objects.filter(campaign=OuterRef("pk"), prompt__collection=loop.collection_id)
    return campaigns.filter(Exists(tasks)).first()


def falls_in(campaign: Campaign, policy: Policy) -> list[Fall]:
    """Each figure that is on the wrong side of its bar, of judgments that the Loop would learn from; what
    too few say is left out."""
    bars, found = policy.pause, []
    rows = judged_in(campaign, policy.sources)
    if bars.agreement is not None:
        seen = agreement_in(campaign, policy.sources, fewest=bars.fewest)
        if seen is not None and seen < bars.agreement:
            found.append(Fall("agreement", f"agreement is {seen:.2f}, under {bars.agreement:.2f}"))
    if bars.gold is not None:
        passed = _gold_passed(campaign, policy.sources, bars.fewest)
        if passed is not None and passed < bars.gold:
            found.append(Fall("gold", f"{passed:.0f} % of gold passed, under {bars.gold:g} %"))
    if bars.unsafe is not None:
        unsafe = _flagged_unsafe(rows, bars.fewest)
        if unsafe is not None and unsafe > bars.unsafe:
            told = f"{unsafe:.1f} % of judgments flag unsafe content, over {bars.unsafe:g} %"
            found.append(Fall("unsafe", told))
    if bars.safety is not None:
        mean = _safety(rows, bars.fewest)
        if mean is not None and mean < bars.safety:
            told = f"safety is rated {mean:.2f} of 5 on average, under {bars.safety:g}"
            found.append(Fall("safety", told))
    return found


def _gold_passed(campaign: Campaign, sources: list[str], fewest: int) -> float | None:
    """Of all first judgments of gold, also those that count no more: a verdict stands."""
    verdicts = GoldVerdict.objects.standing().filter(
        campaign=campaign, judgment__source__in=sources
    )
    total = verdicts.count()
    return 100 * verdicts.filter(passed=True).count() / total if total >= fewest else None


def _flagged_unsafe(rows: QuerySet[Judgment], fewest: int) -> float | None:
    """Percent of the judgments whose giver flagged the same task."""
    judged = rows.count()
    if judged < fewest:
        return None
    flags = Flag.objects.filter(kind=FlagKind.UNSAFE)
    flagged = flags.filter(task=OuterRef("task"), member=OuterRef("member"))
    return 100 * rows.filter(Exists(flagged)).count() / judged


def _safety(judged: QuerySet[Judgment], fewest: int) -> float | None:
    """The mean as on a scale from 1 to 5; who could not tell is left out."""
    rows = Rating.objects.filter(judgment__in=judged)
    rows = rows.filter(criterion__slug=SAFETY, value__isnull=False, turn=None)
    rows = rows.filter(criterion__high__gt=F("criterion__low"))
    if rows.count() < fewest:
        return None
    low, high = F("criterion__low"), F("criterion__high")
    share = Cast(F("value") - low, FloatField()) / Cast(high - low, FloatField())
    mean = rows.aggregate(mean=Avg(share))["mean"]
    return None if mean is None else 1 + 4 * float(mean)
