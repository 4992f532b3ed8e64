"""What a Round would do now and what it would cost, by what earlier ones took; nothing is changed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from statistics import median
from typing import Any

from evalhub.campaigns.choices import TaskType
from evalhub.campaigns.models import Campaign
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.errors import GateTooNarrow, NoTrial
from evalhub.evaluation.gate import TrialTerms, probes_of
from evalhub.evaluation.trials.starting import demand_power
from evalhub.judgments.models import Judgment
from evalhub.judgments.price import History, Rate, bill, history_of
from evalhub.loops.choices import StepKind
from evalhub.loops.choosing import LOT, VALUE, how_chosen
from evalhub.loops.figures import new_judgments
from evalhub.loops.models import Loop, Step
from evalhub.loops.opening import tasks_per_prompt
from evalhub.loops.policy import Policy, read_policy
from evalhub.loops.steps.data import kinds_of
from evalhub.prompts.models import Prompt, Split
from evalhub.runs.costs import SMALLEST
from evalhub.runs.costs import price_of as device_price_of
from evalhub.runs.models import Recipe, Run

UNPAID = Rate(0.0)  # only the hours are told
MOST_PAST = 5  # the newest runs of a kind, whose median is told


@dataclass(frozen=True)
class Rows:
    """Of the judgments that the builds would read; `about` is None before the first build."""

    judgments: int
    new: int
    kind: str
    about: int | None


@dataclass(frozen=True)
class Planned:
    """Runs of one kind. `seconds` of one of them, by `past` runs; None where none has ended."""

    what: str
    recipe: str
    count: int
    seconds: float | None
    past: int

    @property
    def together(self) -> float | None:
        return None if self.seconds is None else self.seconds * self.count


@dataclass(frozen=True)
class People:
    """What a campaign asks of people, at most. `by` says whose time a judgment is reckoned by."""

    prompts: int
    tasks: int
    judgments: int
    minutes: float
    minutes_low: float | None
    minutes_high: float | None
    by: str  # rubric, type or guess
    pay: str | None  # an exact amount
    currency: str
    of: int = 0  # prompts that are answered
    chosen: str = "all"  # how they are chosen: all, lot or value; see loops.choosing

    @property
    def how_chosen(self) -> str:
        """In words, behind what is asked; empty where all are."""
        told = {
            LOT: f"They are drawn by lot from {self.of:,} prompts, spread over slices.",
            VALUE: f"Of answers to {self.of:,} prompts, those likeliest to change a decision; a fifth by lot.",
        }
        return told.get(self.chosen, "")


@dataclass(frozen=True)
class Forecast:
    rows: list[Rows]
    runs: list[Planned]
    seconds: float | None  # of the runs one after another; None where a kind of run was never made
    device_cost: str | None  # None without a device price
    device_currency: str
    people: People
    trial: People | None  # None: the gate asks for none
    trial_fault: str  # why it could not be held; else empty

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def forecast_of(loop: Loop) -> Forecast:
    """Raise BadPolicy when the policy cannot be followed."""
    policy = read_policy(loop.policy)
    runs = _runs(loop, policy)
    known = [each.together for each in runs if each.together is not None]
    seconds = sum(known) if len(known) == len(runs) else None
    price = device_price_of(loop.workspace)
    cost = None
    if price is not None and seconds is not None:
        cost = str((Decimal(seconds) / 3600 * price.amount).quantize(SMALLEST))
    terms = policy.gate.trial
    trial = _trial(loop, terms) if terms else None
    return Forecast(
        rows=_rows(loop, policy),
        runs=runs,
        seconds=seconds,
        device_cost=cost,
        device_currency=price.currency if price else "",
        people=_people(loop, policy),
        trial=trial,
        trial_fault=_fault_of(loop, terms, trial.prompts) if terms and trial else "",
    )


def _rows(loop: Loop, policy: Policy) -> list[Rows]:
    judged = Judgment.objects.counted().filter(workspace=loop.workspace_id)
    judged = judged.filter(source__in=policy.sources, task__prompt__collection=loop.collection_id)
    count, new = judged.count(), new_judgments(loop, policy).count()
    rows = []
    for kind, build in _last_builds(loop, policy).items():
        about = None
        if build is not None and build.snapshot is not None and count > new:
            about = round(sum(build.rows.values()) * count / (count - new))
        rows.append(Rows(count, new, kind, about))
    return rows


def _last_builds(loop: Loop, policy: Policy) -> dict[str, DatasetBuild | None]:
    """The newest that were made; None where no Round has made any."""
    steps = Step.objects.filter(round__loop=loop, kind=StepKind.DATASET).exclude(result={})
    found: dict[str, DatasetBuild | None] = {}
    result = steps.order_by("-round__number").values_list("result", flat=True).first() or {}
    for kind in kinds_of(policy):
        uid = result.get("builds", {}).get(kind)
        builds = DatasetBuild.objects.select_related("snapshot").exclude(digest="")
        found[kind] = builds.filter(uid=uid).first() if uid else None
    return found


def _runs(loop: Loop, policy: Policy) -> list[Planned]:
    """As the chain says; where its last recipe has nothing to learn from, it is SFT alone."""
    probes = len(probes_of(policy.gate))
    planned = [_planned(loop, "measure the base, if the test rows are new", Recipe.EVALUATE, 1)]
    if probes:
        told = "measure the base on the gate’s probes, if it was not yet"
        planned.append(_planned(loop, told, Recipe.EVALUATE, probes))
    for recipe in policy.recipes:
        search = policy.search
        if search is not None and search.recipe == recipe:
            planned.append(_planned(loop, f"search settings of {recipe}", recipe, search.tries))
        planned.append(_planned(loop, f"train with {recipe}", recipe, 1))
    beside = 2 if loop.incumbent_id else 1
    told = "measure the candidate" + (" and the one in service" if beside == 2 else "")
    planned.append(_planned(loop, told, Recipe.EVALUATE, beside))
    if probes:
        told += ", on the gate’s probes"
        planned.append(_planned(loop, told, Recipe.EVALUATE, beside * probes))
    if policy.gate.trial is not None:
        told = "answer for the blind trial, both models, if the figures meet the gate"
        planned.append(_planned(loop, told, Recipe.GENERATE, 2))
    return [*planned, _planned(loop, "write new answers", Recipe.GENERATE, 1)]


def _planned(loop: Loop, what: str, recipe: str, count: int) -> Planned:
    """By the newest runs of the workspace with that recipe on this Loop's base or its adapters."""
    runs = Run.objects.filter(workspace=loop.workspace_id, recipe=recipe, seconds__isnull=False)
    bases = [loop.base_model_id]
    on_it = runs.filter(model__in=bases) | runs.filter(model__parent__in=bases)
    past = list(on_it.order_by("-pk").values_list("seconds", flat=True)[:MOST_PAST])
    seconds = median(float(each) for each in past if each is not None) if past else None
    return Planned(what, str(recipe), count, seconds, len(past))


def _people(loop: Loop, policy: Policy) -> People:
    wanted = policy.campaign
    prompts = Prompt.objects.of_collection(loop.collection).in_use()
    count = min(prompts.exclude(group__split=Split.NONE).count(), policy.generate.prompts)
    history = _history(loop, wanted.type)
    of, answers = count, policy.generate.answers
    each = tasks_per_prompt(wanted, answers)
    tasks = of * (answers if wanted.type == "rating" else 1)
    most, pay = tasks, wanted.pay
    if pay is not None:
        paid_for = pay.affordable(ms_each=history.assumed.ms_each)
        if paid_for is not None:
            most = min(tasks, paid_for // (wanted.overlap * each) * each)
    people = replace(
        _asked(
            history, prompts=min(of, -(-most // each)), tasks=most, judgments=most * wanted.overlap
        ),
        of=of,
        chosen=how_chosen(wanted, answers=answers, is_short=most < tasks),
    )
    if pay is None:
        return people
    cost = pay.cost(people.judgments, ms_each=history.assumed.ms_each)
    return replace(people, pay=str(cost.quantize(SMALLEST).normalize()), currency=pay.currency)


def _trial(loop: Loop, terms: TrialTerms) -> People:
    """On one prompt of each held-out group; answers that are equal, and an early decision, save some."""
    held_out = Prompt.objects.of_collection(loop.collection).in_use().in_split(Split.TEST)
    prompts = min(terms.prompts, held_out.order_by().values("group").distinct().count())
    history = _history(loop, TaskType.COMPARISON)
    return _asked(history, prompts=prompts, tasks=prompts, judgments=prompts * terms.votes)


def _fault_of(loop: Loop, terms: TrialTerms, prompts: int) -> str:
    try:
        demand_power(terms, prompts, loop.collection)
    except (GateTooNarrow, NoTrial) as error:
        return str(error)
    return ""


def _history(loop: Loop, type_: str) -> History:
    """What like campaigns took, asked by one that is never stored."""
    like = Campaign(workspace=loop.workspace, rubric_version=loop.rubric_version, type=type_)
    return history_of(like)


def _asked(history: History, *, prompts: int, tasks: int, judgments: int) -> People:
    told = bill(history, judgments, people=None, rate=UNPAID)
    return People(
        prompts=prompts,
        tasks=tasks,
        judgments=judgments,
        minutes=60 * told.hours,
        minutes_low=None if told.hours_low is None else 60 * told.hours_low,
        minutes_high=None if told.hours_high is None else 60 * told.hours_high,
        by=history.assumed.source,
        pay=None,
        currency="",
    )
