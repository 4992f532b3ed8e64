"""Writing a decision down, as the job that made it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.evaluation.gate import Gate, as_json
from evalhub.evaluation.judging import Verdict
from evalhub.evaluation.models import Comparison, Decision, Evaluation, Promotion
from evalhub.registry.services import put_in_service


def record_promotion(
    *,
    candidate: Evaluation,
    comparisons: Mapping[str, Comparison],
    verdict: Verdict,
    gate: Gate,
    by: Member | None = None,
) -> Promotion:
    """Write the decision with its evidence, once; a promoted model is put in service.

    Call it in a transaction.

    Args:
        comparisons: by what the candidate was compared with: "baseline", "incumbent".
        verdict: with the outcome of each condition of `gate`.
    """
    evidence = {name: str(each.uid) for name, each in comparisons.items()}
    known = Promotion.objects.filter(
        model=candidate.model, evidence=evidence, gate=as_json(gate), trial=None
    ).first()  # a trial decides once, under its lock
    if known is not None:
        return known
    beaten = comparisons.get("incumbent")
    replaces = beaten.baseline.model if beaten else None
    promotion = Promotion.objects.create(
        workspace=candidate.workspace,
        model=candidate.model,
        replaces=replaces,
        decision=Decision.PROMOTE if verdict.promote else Decision.REFUSE,
        reason=verdict.reason,
        evidence=evidence,
        warnings=warnings_on(candidate, comparisons.values()),
        gate=as_json(gate),
        outcomes=verdict.as_json(),
        decided_by=by,
    )
    promotion.comparisons.set(comparisons.values())
    if verdict.promote:
        put_in_service(model=candidate.model, replaces=replaces, by=by)
    _record(promotion, by)
    return promotion


def warnings_on(candidate: Evaluation, comparisons: Iterable[Comparison]) -> list[str]:
    """What the figures cannot say: marks on the model, and sets that are no longer apart."""
    told = [
        f"The model is marked: it {mark.get_cause_display()}." for mark in candidate.model.marks_now
    ]
    measured = {each.pk: each for pair in comparisons for each in (pair.baseline, pair.candidate)}
    for evaluation in (candidate, *measured.values()):
        if evaluation.stale_since:
            told.append(f"A figure is stale: {evaluation.stale_because}")
    return list(dict.fromkeys(told))


def _record(promotion: Promotion, by: Member | None) -> None:
    record(
        "promotion.decided",
        actor=by.pseudonym if by else "system",
        workspace=promotion.workspace.slug,
        target=f"model {promotion.model.uid}",
        decision=promotion.decision,
        reason=promotion.reason,
    )
