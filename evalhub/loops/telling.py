"""What a Loop's page, the API and the command say of the next Round, and of who changed the policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evalhub.audit.models import Entry
from evalhub.common.durations import in_words as in_words_of
from evalhub.loops.errors import BadPolicy
from evalhub.loops.forecast import Forecast
from evalhub.loops.models import Loop
from evalhub.loops.policy import listed, read_policy
from evalhub.loops.waiting import Readiness, in_words, readiness_of

MOST_EDITS = 10


@dataclass(frozen=True)
class Told:
    """When the next Round starts; `fault` instead, where the policy cannot be followed."""

    lead: str
    readiness: Readiness | None = None
    fault: str = ""


def told_of(loop: Loop) -> Told:
    try:
        policy = read_policy(loop.policy)
    except BadPolicy as error:
        return Told("No Round can start.", fault=str(error))
    return Told(in_words(policy.start), readiness_of(loop, policy))


def next_round(loop: Loop) -> dict[str, Any]:
    """The same as one object, for outsiders."""
    told = told_of(loop)
    ready = told.readiness
    return {
        "when": ready.when if ready else None,
        "is_due": ready.is_due if ready else False,
        "waits": [
            {"sentence": wait.sentence, "is_over": wait.is_over}
            for wait in (ready.waits if ready else [])
        ],
        "held": told.fault or (ready.holds if ready else ""),
    }


def in_lines(forecast: Forecast) -> list[str]:
    """A dry run for a terminal."""
    judged, people = forecast.rows[0], forecast.people
    lines = [f"{judged.judgments:,} judgments to date, {judged.new:,} of them new"]
    for rows in forecast.rows:
        about = "not known before the first build" if rows.about is None else f"about {rows.about:,}"  # fmt: skip
        lines.append(f"  {rows.kind} rows: {about}")
    for run in forecast.runs:
        took = "not known yet" if run.seconds is None else f"about {in_words_of(run.seconds)} each"
        lines.append(f"  {run.count} × {run.what}: {took} ({run.past} past runs)")
    if forecast.seconds is not None:
        lines.append(f"One after another: about {in_words_of(forecast.seconds)}")
    if forecast.device_cost is not None:
        lines.append(f"Devices: about {forecast.device_cost} {forecast.device_currency}")
    pay = f", {people.pay} {people.currency}" if people.pay else ""
    lines.append(
        f"A campaign of at most {people.tasks:,} tasks: {people.judgments:,} judgments, about "
        f"{people.minutes:.0f} minutes of annotators{pay}"
    )
    if people.how_chosen:
        lines.append(people.how_chosen)
    if (trial := forecast.trial) is not None:
        lines.append(
            f"A blind trial, if the figures meet the gate: at most {trial.judgments:,} judgments on "
            f"{trial.prompts:,} held-out prompts, about {trial.minutes:.0f} minutes of annotators"
        )
    if forecast.trial_fault:
        lines.append(f"{forecast.trial_fault} The Round would stop there.")
    return lines


def shown_policy(loop: Loop) -> dict[str, str]:
    """The policy for reading: what is left empty is left out."""
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in listed(loop.policy).items()
        if value not in (None, "", [], {})
    }


def edits_of(loop: Loop) -> list[Entry]:
    """The newest changes of its policy, and who let it go on, from the audit log."""
    entries = Entry.objects.of_workspace(loop.workspace.slug).filter(target=f"loop {loop.uid}")
    verbs = ("loop.created", "loop.edited", "loop.paused", "loop.let_go_on")
    return list(entries.filter(verb__in=verbs).order_by("-pk")[:MOST_EDITS])
