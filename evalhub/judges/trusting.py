"""Whether a judge may be relied on: by a lead's word, and as long as the bar that they set is met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from evalhub.accounts.models import Workspace
from evalhub.judges.errors import JudgeNotAccepted
from evalhub.judges.models import JudgeAcceptance, JudgePrompt, JudgeReport

LEAST, FEWEST = (
    0.667,
    50,
)  # alpha's lower end, and units: Krippendorff's mark for tentative conclusions
BEHIND = "has judged since it was compared with people: compare it with them again on its page"


def failings(body: Mapping[str, Any], bar: Mapping[str, float]) -> list[str]:
    """Each question on which the bar is not met, with its figures; none asked is a failing too."""
    if not body["questions"]:
        return ["nothing has been judged by the judge and by people"]
    return [told for each in body["questions"] if (told := _failing(each, bar))]


def _failing(question: Mapping[str, Any], bar: Mapping[str, float]) -> str:
    alpha, both = question["alpha"], question["both"]
    if both < bar["fewest"]:
        return (
            f"{question['question']}: {both} judged by both, of {bar['fewest']:.0f} that are asked"
        )
    if alpha["low"] is None:
        return (
            f"{question['question']}: agreement has no value or no interval ({both} judged by both)"
        )
    if alpha["low"] < bar["least"]:
        return (
            f"{question['question']}: alpha {alpha['value']:.2f} with people, {alpha['low']:.2f} to "
            f"{alpha['high']:.2f} over {both}, where the lower end must reach {bar['least']:.2f}"
        )
    return ""


def latest_report(prompt: JudgePrompt) -> JudgeReport | None:
    return prompt.reports.order_by("-pk").first()


def is_behind(report: JudgeReport) -> bool:
    """Whether the judge has judged more since, so that the figures are of a part."""
    return report.prompt.judgings.filter(ended_at__gt=report.created_at).exists()


def standing_acceptance(prompt: JudgePrompt) -> JudgeAcceptance | None:
    return prompt.acceptances.filter(revoked_at=None).first()


def demand_accepted(workspace: Workspace, campaigns: Sequence[UUID]) -> None:
    """Refuse what counts judgments of a judge that is not to be relied on.

    Args:
        campaigns: whose judgments are counted; empty: all of the workspace.

    Raises:
        JudgeNotAccepted: the sentence names the judge, and the figures where its bar is met no longer.
    """
    prompts = JudgePrompt.objects.filter(judge__workspace=workspace)
    judged = {"judgings__campaign__uid__in": list(campaigns)} if campaigns else {}
    prompts = prompts.filter(judgings__ended_at__isnull=False, **judged).distinct()
    for prompt in prompts.select_related("judge__member").order_by("pk"):
        _demand(prompt)


def _demand(prompt: JudgePrompt) -> None:
    accepted, report = standing_acceptance(prompt), latest_report(prompt)
    if report is not None and is_behind(report):
        raise JudgeNotAccepted(f"“{prompt}” {BEHIND}.")
    remedy = "Accept it on its page once its bar is met, or name campaigns without its judgments."
    if accepted is None or report is None:
        told = _figures(report.body) if report else "it has not been compared with people"
        raise JudgeNotAccepted(f"No lead has accepted “{prompt}”: {told}. {remedy}")
    if faults := failings(report.body, accepted.bar):
        raise JudgeNotAccepted(
            f"“{prompt}” does not meet the bar that it was accepted by: {'; '.join(faults)}. {remedy}"
        )


def _figures(body: Mapping[str, Any]) -> str:
    """Of each question alpha with people, in words."""
    said = []
    for each in body["questions"]:
        alpha = each["alpha"]
        value = "none" if alpha["value"] is None else f"{alpha['value']:.2f}"
        reach = "" if alpha["low"] is None else f" ({alpha['low']:.2f} to {alpha['high']:.2f})"
        said.append(f"{each['question']}: alpha {value}{reach} over {each['both']} judged by both")
    return "; ".join(said) or "nothing has been judged by it and by people"
