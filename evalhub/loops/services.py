from __future__ import annotations

from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.evaluation.probes import demand_given, demand_probes
from evalhub.evaluation.trials.starting import demand_criteria
from evalhub.loops.cancelling import catch_up, stop
from evalhub.loops.choices import RoundState, StepState
from evalhub.loops.deciding import demand_candidate
from evalhub.loops.errors import (
    LoopSlugTaken,
    NoLoopYet,
    NoReason,
    RoundNotResumable,
    RoundOver,
)
from evalhub.loops.models import Loop, Round
from evalhub.loops.pausing import go_on
from evalhub.loops.paying import demand_may_pay
from evalhub.loops.policy import Policy, demand_acts, differences, read_policy, stored
from evalhub.loops.records import record_of
from evalhub.loops.starting import begin_round, demand_none_running
from evalhub.loops.turning import advance
from evalhub.prompts.models import Collection
from evalhub.registry.errors import CannotRun
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.registry.services import default_base_model
from evalhub.rubrics.errors import UnfitRubric
from evalhub.rubrics.models import RubricVersion
from evalhub.rubrics.services import default_rubric
from evalhub.runs.beside import beside_of, probe_file
from evalhub.runs.demands import demand_teacher
from evalhub.runs.models import Recipe


class LoopChanges(TypedDict, total=False):
    """What may be changed of a Loop."""

    name: str
    collection: Collection
    rubric_version: RubricVersion
    policy: dict[str, Any]


def create_loop(
    *,
    workspace: Workspace,
    slug: str,
    name: str,
    base_model: LanguageModel,
    collection: Collection,
    rubric_version: RubricVersion,
    policy: dict[str, Any] | None = None,
    by: Member | None = None,
) -> Loop:
    """Set up the policy that Rounds follow; what `policy` leaves out has its default.

    Raises:
        BadPolicy: a field or option that we do not know, or a value of the wrong type.
        BadGate: a veto is about no criterion of the rubric, a probe is no build of the workspace, or a
            condition asks for a figure that its set never gives.
        BadSpec: nothing can be read from the probe.
        CannotRun: the model is not a base model, or nothing can be learnt from the teacher.
        Forbidden: only a lead says what people earn.
        LoopSlugTaken: the workspace has a Loop of that slug.
        NothingToMeasure: a probe of the gate has no row in its test split.
    """
    if base_model.kind != ModelKind.BASE:
        raise CannotRun(f"A Loop trains adapters on a base model; “{base_model}” is none.")
    _demand_published(rubric_version)
    wanted = stored(_policy_of(workspace, policy or {}, rubric_version))
    demand_may_pay({}, wanted, by)
    loop = Loop(
        workspace=workspace,
        slug=slug,
        name=name,
        base_model=base_model,
        collection=collection,
        rubric_version=rubric_version,
        policy=wanted,
        kept_by=by,
    )
    loop.clean_fields()
    try:
        with transaction.atomic():
            loop.save()
            record_of("loop.created", loop, f"loop {loop.uid}", by)
    except IntegrityError as error:
        raise LoopSlugTaken(f"There is a Loop “{slug}” already; choose another slug.") from error
    return loop


@transaction.atomic
def edit_loop(*, loop: Loop, by: Member | None = None, **changes: Unpack[LoopChanges]) -> Loop:
    """Change what the next Round does; a Round that failed goes on by it once it is resumed.

    A Round that runs keeps the policy that it has. The base model stays: another base is another
    Loop, because an adapter in service on the old one would mean nothing on it.

    Raises:
        BadPolicy, BadGate, BadSpec, CannotRun, Forbidden, NothingToMeasure: as for `create_loop`.
        RoundRunning: the collection or the rubric would change under a running Round.
    """
    loop = Loop.objects.select_for_update().get(pk=loop.pk)
    version = changes.get("rubric_version", loop.rubric_version)
    if "policy" in changes:
        changes["policy"] = stored(_policy_of(loop.workspace, changes["policy"], version))
    if "rubric_version" in changes:
        _demand_published(version)
        demand_criteria(read_policy(changes.get("policy", loop.policy)).gate, version)
    changed = {name: value for name, value in changes.items() if value != getattr(loop, name)}
    if changed.keys() & {"collection", "rubric_version"}:
        demand_none_running(loop)
    told = {name: str(value) for name, value in changed.items() if name != "policy"}
    if "policy" in changed:
        demand_may_pay(loop.policy, changes["policy"], by)
        told["policy"] = "; ".join(differences(loop.policy, changes["policy"]))
    for name, value in changed.items():
        setattr(loop, name, value)
    if "policy" in changed:
        loop.kept_by = by
    if changed:
        loop.clean_fields()
        loop.save(update_fields=[*changed, "kept_by"])
        record_of("loop.edited", loop, f"loop {loop.uid}", by, **told)
    return loop


@transaction.atomic
def default_loop(*, workspace: Workspace, by: Member | None = None) -> Loop:
    """The workspace's only Loop; where it has none, one is made.

    On the base model that workspaces start from, the workspace's only collection and its default
    rubric, with the default policy.

    Raises:
        NoLoopYet: there is no collection to learn from, or several; or there are several Loops.
        NoModelThere: there is no base model, and EVALHUB_BASE_MODEL names none.
    """
    base = default_base_model(workspace=workspace, by=by)  # first: it lets one caller in at a time
    loops = list(workspace.loops.select_related("workspace").order_by("pk")[:2])
    if len(loops) == 1:
        return loops[0]
    if loops:
        slugs = ", ".join(workspace.loops.values_list("slug", flat=True))
        raise NoLoopYet(f"“{workspace.slug}” has several Loops; name one of them: {slugs}.")
    return create_loop(
        workspace=workspace,
        slug="default",
        name="Default loop",
        base_model=base,
        collection=_only_collection(workspace),
        rubric_version=default_rubric(workspace=workspace, by=by),
        by=by,
    )


def _only_collection(workspace: Workspace) -> Collection:
    slug = workspace.slug
    collections = list(workspace.collections.order_by("slug"))
    if not collections:
        raise NoLoopYet(
            f"“{slug}” has no prompts and judgments to learn from. Bring some in first: "
            f"`manage.py import_judgments FILE --workspace {slug} --collection NAME`, or Imports in "
            "the menu."
        )
    if len(collections) > 1:
        named = ", ".join(each.slug for each in collections)
        raise NoLoopYet(
            f"“{slug}” has several collections ({named}). Say which one a Loop learns from: "
            f"`manage.py add_loop SLUG --workspace {slug} --collection NAME`, or New Loop in the menu."
        )
    return collections[0]


def start_round(*, loop: Loop, by: Member | None = None) -> Round:
    """Begin the next turn of the circle; its first Step's Jobs are queued on return.

    Raises:
        LoopPaused: quality fell; a lead lets it go on.
        RoundRunning: the Loop's last Round has not ended.
    """
    return begin_round(loop, by=by)


def let_go_on(*, loop: Loop, reason: str, by: Member) -> Loop:
    """Let a paused Loop start Rounds again; the reason stands in the audit log.

    Raises:
        LoopNotPaused: there is nothing to let go on.
        NoReason: the reason is empty.
    """
    if not reason.strip():
        raise NoReason("Say why the Loop may go on: it stands in the audit log.")
    return go_on(loop, by=by, reason=reason.strip())


@transaction.atomic
def resume_round(*, round_: Round, by: Member | None = None) -> Round:
    """Go on from the Step that failed or was cancelled, by the policy that the Loop has now.

    What was done stays, and each Step keeps the policy by which it was done.

    Raises:
        BadPolicy: the Loop's policy cannot be followed any more; edit it.
        CannotDecide: it decides on a model that has come into service meanwhile.
        RoundNotResumable: the Round has not failed.
        RoundRunning: another Round of the Loop runs meanwhile.
    """
    loop = Loop.objects.select_for_update().get(pk=round_.loop_id)
    round_ = Round.objects.select_for_update().get(pk=round_.pk)
    if round_.state not in (RoundState.FAILED, RoundState.CANCELLED):
        raise RoundNotResumable(f"This Round has {round_.state}; only a failed one is resumed.")
    demand_none_running(loop)
    if round_.candidate is not None:  # else it would be compared with itself
        demand_candidate(loop, round_.candidate)
    policy = stored(read_policy(loop.policy))
    changed = differences(round_.policy, policy)
    round_.state, round_.ended_at, round_.policy = RoundState.RUNNING, None, policy
    round_.save(update_fields=["state", "ended_at", "policy"])
    undone = round_.steps.exclude(state=StepState.SUCCEEDED)
    undone.update(state=StepState.WAITING, awaits=[], result={}, policy={}, error="", ended_at=None)
    record_of("round.resumed", loop, f"round {round_.uid}", by, policy="; ".join(changed))
    advance(round_.pk)
    round_.refresh_from_db()
    return round_


def cancel_round(*, round_: Round, by: Member | None = None) -> Round:
    """Stop at the running Step, cancel its Jobs and end its trial.

    What has ended already is heard first, so that a model which was put in service is the Loop's.

    Raises:
        RoundOver: it has ended.
    """
    with transaction.atomic():
        round_ = Round.objects.select_for_update().select_related("loop").get(pk=round_.pk)
        if round_.state == RoundState.RUNNING:
            catch_up(round_)
        found = RoundState(round_.state)
        if found == RoundState.RUNNING:
            stop(round_, by=by)
            record_of("round.cancelled", round_.loop, f"round {round_.uid}", by)
    if found != RoundState.RUNNING:  # said outside: what was heard stays
        raise RoundOver(f"This Round has {found} already.")
    return round_


def _policy_of(workspace: Workspace, values: dict[str, Any], version: RubricVersion) -> Policy:
    """A policy to save, whose probes and teacher are there and do what they are named for.

    Raises:
        BadPolicy: as `read_policy` and `demand_acts` say.
        BadGate, NothingToMeasure: as `demand_criteria`, `demand_probes` and `demand_given` say.
        NotFound: training shall read a build or a model that the workspace has not.
        BadSpec, CannotRun: nothing can be read from that build, or learnt from that model.
    """
    policy = read_policy(values)
    demand_acts(policy)
    demand_criteria(policy.gate, version)
    demand_probes(policy.gate, workspace)
    demand_given(policy.gate, has_harness=bool(policy.evaluate.get("harness")))
    beside = beside_of(policy.train.beside(Recipe.SFT), workspace)
    if beside.probe is not None:
        probe_file(beside.probe, Recipe.SFT)
    if beside.teacher is not None:
        demand_teacher(beside.teacher, Recipe.SFT)
    return policy


def _demand_published(version: RubricVersion) -> None:
    if not version.is_frozen:
        raise UnfitRubric(
            f"{version} is a draft; publish it, then a Loop can open campaigns on it."
        )
