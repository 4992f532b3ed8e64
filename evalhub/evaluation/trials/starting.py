"""Beginning a trial: both models answer the same held-out prompts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.evaluation.errors import BadGate, GateTooNarrow, NoTrial
from evalhub.evaluation.gate import Gate, TrialTerms, as_json
from evalhub.evaluation.judging import Verdict
from evalhub.evaluation.models import (
    Comparison,
    Evaluation,
    HumanTrial,
    TrialOutcome,
    TrialState,
)
from evalhub.prompts.models import Collection, Prompt, Split
from evalhub.prompts.tools import tools_in
from evalhub.registry.models import LanguageModel
from evalhub.registry.services import put_in_trial
from evalhub.rubrics.models import RubricVersion
from evalhub.runs.inputs import FileRef, store_rows
from evalhub.runs.models import Recipe, Run
from evalhub.runs.services import start_run

ANSWER = "evaluation.answer"  # the kind of job
DROPPED = "a trial takes its prompts without counting their tokens"


@dataclass(frozen=True)
class Ground:
    """What a trial is held on: where its prompts come from, and the rubric that people read."""

    collection: Collection
    rubric_version: RubricVersion


def start_trial(
    *,
    candidate: Evaluation,
    comparisons: Mapping[str, Comparison],
    verdict: Verdict,
    gate: Gate,
    ground: Ground,
    by: Member | None = None,
) -> HumanTrial:
    """Let the candidate and the model in service answer; people are asked when both have.

    One that was held on the same evidence by the same gate is the trial, and nobody is asked twice;
    but one that a person ended is held afresh. Call it in a transaction.

    Args:
        comparisons: with "incumbent" where an adapter is in service; else it is the base.

    Raises:
        GateTooNarrow: so few held-out prompts cannot show what the gate calls worth having.
        BadGate: a veto names a criterion that the rubric has not, or the gate has no trial.
        NoTrial: the collection has no held-out prompt.
    """
    if gate.trial is None:
        raise BadGate("The gate asks for no trial; set its `trial`.")
    evidence = {name: str(each.uid) for name, each in comparisons.items()}
    known = HumanTrial.objects.filter(
        evaluation=candidate, evidence=evidence, gate=as_json(gate)
    ).exclude(Q(state=TrialState.FAILED) | Q(outcome=TrialOutcome.ENDED))
    if (found := known.first()) is not None:
        return found
    demand_criteria(gate, ground.rubric_version)
    prompts = held_out(ground.collection, most=gate.trial.prompts, lot=str(candidate.uid))
    demand_power(gate.trial, len(prompts), ground.collection)
    beside = comparisons.get("incumbent", comparisons["baseline"])
    asked = store_rows(_row(prompt) for prompt in prompts)
    trial = HumanTrial(
        workspace=candidate.workspace,
        evaluation=candidate,
        incumbent=beside.baseline.model,
        collection=ground.collection,
        rubric_version=ground.rubric_version,
        gate=as_json(gate),
        outcomes=verdict.as_json(),
        evidence=evidence,
        created_by=by,
        prompts=len(prompts),
    )
    trial.candidate_run = _answers(trial, candidate.model, asked, gate.trial)
    trial.incumbent_run = _answers(trial, trial.incumbent, asked, gate.trial)
    trial.save()
    trial.comparisons.set(comparisons.values())
    put_in_trial(model=candidate.model, by=by)
    record(
        "trial.started",
        actor=by.pseudonym if by else "system",
        workspace=candidate.workspace.slug,
        target=f"trial {trial.uid}",
        candidate=str(candidate.model.uid),
        against=str(trial.incumbent.uid),
        prompts=len(prompts),
    )
    return trial


def demand_criteria(gate: Gate, version: RubricVersion) -> None:
    """Raise BadGate where a veto is about no criterion of the rubric."""
    known = set(version.criteria.values_list("slug", flat=True))
    missing = [veto.criterion for veto in gate.vetoes if veto.criterion not in known]
    if missing:
        raise BadGate(
            f"The gate’s vetoes name {', '.join(missing)}, and {version} has "
            f"{', '.join(sorted(known))}; change the veto, or the Loop’s rubric."
        )


def demand_power(terms: TrialTerms, prompts: int, collection: Collection) -> None:
    """Raise GateTooNarrow where so many prompts cannot show the margin, NoTrial where there are none."""
    from evalhub.stats.trial_power import smallest_shown

    if not prompts:
        raise NoTrial(
            f"“{collection}” has no held-out prompt (of the test split) to hold a trial on; import "
            "more prompts: one group in ten is drawn for it."
        )
    smallest = smallest_shown(prompts=prompts, alpha=terms.alpha)
    if smallest is not None and terms.margin >= smallest:
        return
    shown = (
        f"shows a win rate from {(0.5 + smallest) * 100:.0f} % in four of five trials"
        if smallest is not None
        else "can show nothing"
    )
    raise GateTooNarrow(
        f"A trial on {prompts} held-out prompts {shown}, and the gate calls "
        f"{(0.5 + terms.margin) * 100:.0f} % worth having (trial.margin {terms.margin:g}), which is "
        "narrower. Raise trial.margin, or import more prompts and raise trial.prompts."
    )


def held_out(collection: Collection, *, most: int, lot: str) -> list[Prompt]:
    """Prompts of the test split, one of each group, in an order drawn by `lot`."""
    prompts = Prompt.objects.of_collection(collection).in_use().in_split(Split.TEST)
    keys = prompts.order_by("pk").values_list("uid", "group_id")
    drawn = sorted(keys, key=lambda key: hashlib.sha256(f"{lot}{key[0]}".encode()).digest())
    of_group = {group: uid for uid, group in reversed(drawn)}  # the first drawn of each stays
    chosen = [uid for uid, group in drawn if of_group[group] == uid][:most]
    found = Prompt.objects.in_bulk(chosen, field_name="uid")
    return [found[uid] for uid in chosen]


def _answers(trial: HumanTrial, model: LanguageModel, asked: FileRef, terms: TrialTerms) -> Run:
    return start_run(
        workspace=trial.workspace,
        recipe=Recipe.GENERATE,
        model=model,
        inputs={"prompts": asked},
        options={
            "n": 1,
            "temperature": 0.0,
            "max_new_tokens": terms.max_new_tokens,
            "allow_dropped": DROPPED,
        },
        by=trial.created_by,
        title=f"Answers for the trial of {trial.candidate}",
        kind=ANSWER,
    )


def _row(prompt: Prompt) -> dict[str, object]:
    tools = tools_in(prompt.documents)
    asked = {"id": str(prompt.uid), "prompt": prompt.messages}
    return asked | ({"tools": tools} if tools else {})
