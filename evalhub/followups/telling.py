"""A follow-up in words; reads only what is stored, so pages may import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, Sum

from evalhub.campaigns.choices import AssignmentState, CampaignState
from evalhub.campaigns.eligibility import people_for
from evalhub.campaigns.models import Campaign, Task
from evalhub.followups.choices import Finding, FollowUpState, Learnt
from evalhub.followups.models import FollowUp

Share = dict[str, Any]


@dataclass(frozen=True)
class Progress:
    """Judgments that people gave, of those wanted."""

    given: int
    wanted: int

    @property
    def left(self) -> int:
        return max(0, self.wanted - self.given)


def progress_of(follow_up: FollowUp) -> Progress:
    tasks = Task.objects.filter(campaign__in=[each.pk for each in follow_up.campaigns])
    sums = tasks.aggregate(given=Sum("judged", default=0), wanted=Sum("overlap", default=0))
    return Progress(sums["given"], sums["wanted"])


def tasks_without_people(follow_up: FollowUp) -> int:
    """Tasks that can never get all their judgments: too few are left who did not complain there."""
    return sum(
        _short_of(campaign)
        for campaign in follow_up.campaigns
        if campaign.state != CampaignState.CLOSED
    )


def _short_of(campaign: Campaign) -> int:
    people = set(people_for(campaign).values_list("pk", flat=True))
    is_barred = Q(assignments__state=AssignmentState.BARRED, assignments__member__in=people)
    tasks = Task.objects.filter(campaign=campaign).annotate(
        left=len(people) - Count("assignments", filter=is_barred)
    )
    return tasks.filter(overlap__gt=F("left")).count()


def headline(follow_up: FollowUp) -> str:
    """Where it stands, or what was found, in a sentence or two."""
    match FollowUpState(follow_up.state):
        case FollowUpState.FAILED:
            return follow_up.error
        case FollowUpState.ANSWERING:
            return f"{follow_up.model} answers {_count(follow_up.prompts, 'prompt')}; then people are asked."
        case FollowUpState.OPEN:
            progress = progress_of(follow_up)
            return f"Open: {progress.given:,} of {progress.wanted:,} judgments are in."
        case FollowUpState.COUNTING:
            return "All judgments are in, and the figures are being worked out."
        case FollowUpState.DONE:
            return _found(follow_up)


def _found(follow_up: FollowUp) -> str:
    line = follow_up.figures["all"]
    share, counts = line["resolved"], line["findings"]
    if not share["n"]:
        return "Ended before anybody had judged a new answer, so nothing is known."
    people = _count(follow_up.figures["people"], "person", "people")
    told = f"{share['part']:,} of {_count(share['n'], 'complaint')} by {people} {'is' if share['part'] == 1 else 'are'} resolved ({in_percent(share)})"
    others = [
        f"{counts[finding]:,} {words}"
        for finding, words in (
            (Finding.BETTER, "better and still not right"),
            (Finding.SAME, "as before"),
            (Finding.WORSE, "worse"),
        )
        if counts.get(finding)
    ]
    head = "; ".join([told, ", ".join(others)]) if others else told
    return f"{head}. {_learnt(line['learnt'])}".strip()


def _learnt(shares: dict[str, Share]) -> str:
    """What it was trained on beside what it was not: to repeat is not yet to have understood."""
    if list(shares) == [Learnt.TAUGHT]:
        return "It was trained on all of these words."
    if list(shares) == [Learnt.NEW]:
        return "It was trained on none of these words or prompts."
    names = {
        Learnt.TAUGHT: "of what it was trained on",
        Learnt.MET: "of prompts that it knows by other judgments",
        Learnt.NEW: "of what it was not trained on",
    }
    told = [f"{name} {_parts(shares[part])}" for part, name in names.items() if part in shares]
    return f"Resolved are, {'; '.join(told)}." if told else ""


def in_percent(share: Share) -> str:
    """ "67 %, 45 to 84 %"; without an interval where one prompt is no ground for it."""
    if share["value"] is None:
        return "nothing judged"
    told = f"{share['value'] * 100:.0f} %"
    if share["low"] is None:
        return told
    return f"{told}, {max(0.0, share['low']) * 100:.0f} to {min(1.0, share['high']) * 100:.0f} %"


def left_out(follow_up: FollowUp) -> list[str]:
    """What was not followed, and why."""
    why = {
        "beyond": "on prompts beyond the most that were asked for",
        "other_question": "on a question that this rubric does not ask",
        "unanswered": "to which the model gave no answer, or whose prompt was archived",
    }
    counts = follow_up.left_out
    return [f"{counts[name]:,} {words}" for name, words in why.items() if counts.get(name)]


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def in_short(follow_up: FollowUp) -> str:
    """For a list: without counting judgments, which asks the database once for each."""
    if follow_up.state == FollowUpState.OPEN:
        return "Open: people are being asked."
    return headline(follow_up)


@dataclass(frozen=True)
class Told:
    """A share for reading: how many of how many, and in percent with its interval."""

    parts: str
    percent: str
    name: str = ""


@dataclass(frozen=True)
class Line:
    """A row of the table: `learnt` is the share resolved by what the model was trained on."""

    name: str
    n: int
    resolved: Told
    findings: list[tuple[str, int]]
    learnt: list[Told]
    shared: int
    is_criterion: bool


def lines_of(follow_up: FollowUp) -> list[Line]:
    """All first, then overall and each criterion; empty until it is done."""
    if not follow_up.figures:
        return []
    rows = [("All", follow_up.figures["all"], False)]
    for line in follow_up.figures["lines"]:
        rows.append((line["name"] or "Overall", line, line["criterion"] is not None))
    return [
        Line(
            name,
            line["n"],
            _told(line["resolved"]),
            [(str(finding.label), line["findings"].get(finding, 0)) for finding in OTHERS],
            [_told(line["learnt"][part], part.label) for part in Learnt if part in line["learnt"]],
            line["shared"],
            is_criterion,
        )
        for name, line, is_criterion in rows
    ]


OTHERS = (Finding.BETTER, Finding.SAME, Finding.WORSE)


def _told(share: Share, name: str = "") -> Told:
    return Told(_parts(share), in_percent(share), name)


def _parts(share: Share) -> str:
    return f"{share['part']:,} of {share['n']:,}"
