"""Proof that what is stored beside the judgments equals a recount of them.

A campaign whose consensus is recounted is put off where it was judged or settled meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from evalhub.campaigns.models import Campaign, Task
from evalhub.common.differing import first_difference
from evalhub.gold.verifying import verdicts_recounted
from evalhub.jobs.models import News
from evalhub.judgments.models import ExpertAnswer, Judgment
from evalhub.quality.counters import NAMED, Beat, Verified, Wrong, counters_recounted
from evalhub.quality.disputing import Found, Made, disputes_in
from evalhub.quality.models import (
    Consensus,
    ConsensusSnapshot,
    Dispute,
    Exclusion,
    Withdrawal,
)
from evalhub.quality.questions import questions_of
from evalhub.quality.scope import counted_up_to, named_by
from evalhub.quality.settling import (
    consensus_by,
    fits_of,
    given_in,
    made_units,
    met_in,
    unsettled,
)
from evalhub.quality.units import changes, stored_units

_MISSING, _OTHERWISE = "missing or otherwise", "not so by a recount"
# For so long a figure's answers may have been read before it was kept
_READING = timedelta(minutes=5)


@dataclass
class Recount:
    """Rows of one kind as they are recounted, one after the other."""

    name: str
    checked: int = 0
    wrong: int = 0
    put_off: int = 0
    examples: list[Wrong] = field(default_factory=list)

    def row(self, what: str, told: str | None) -> None:
        """A row that was recounted; `told` says what is wrong about it, if anything is."""
        self.checked += 1
        if told:
            self.wrong += 1
            if len(self.examples) < NAMED:
                self.examples.append(Wrong(what, told))

    def add(self, other: Recount) -> None:
        """What was recounted of some of the rows."""
        self.checked += other.checked
        self.wrong += other.wrong
        self.put_off += other.put_off
        self.examples += other.examples[: NAMED - len(self.examples)]

    def done(self) -> Verified:
        return Verified(self.name, self.checked, self.wrong, self.examples, self.put_off)


def verify_all(beat: Beat = lambda: None) -> list[Verified]:
    """All that is stored of what was judged, from tasks' counters to snapshots, against a recount."""
    return [*counters_recounted(beat), _verdicts(beat), *_settled(beat), _snapshots(beat)]


def moved_since(campaign: Campaign, moment: datetime) -> bool:
    """Whether anything that figures of the campaign are made of came, went or changed since about then."""
    since = moment - timedelta(seconds=settings.EVALHUB_UNDO_SECONDS) - _READING
    judgments = Judgment.objects.filter(campaign=campaign)
    exclusions = Exclusion.objects.filter(campaign=campaign)
    withdrawals = Withdrawal.objects.filter(workspace=campaign.workspace_id)
    golds = ExpertAnswer.objects.filter(task__campaign=campaign)
    rules = News.objects.filter(
        topic="gold.changed", created_at__gte=since, subject_uid__in=golds.values("task__uid")
    )
    return any(
        rows.exists()
        for rows in (
            judgments.filter(Q(created_at__gte=since) | Q(withdrawn_at__gte=since)),
            exclusions.filter(Q(created_at__gte=since) | Q(lifted_at__gte=since)),
            withdrawals.filter(Q(created_at__gte=since) | Q(reinstatement__created_at__gte=since)),
            golds.filter(Q(created_at__gte=since) | Q(withdrawn_at__gte=since)),
            rules,
        )
    )


def _verdicts(beat: Beat) -> Verified:
    found = Recount("gold verdicts")
    for judgment, wrong, waits in verdicts_recounted():
        beat()
        if waits:
            found.put_off += 1
        else:
            found.row(f"judgment {judgment.uid}", wrong)
    return found.done()


def _settled(beat: Beat) -> list[Verified]:
    """What is kept of each campaign's consensus; one with news is put off until it is settled."""
    disputes, units = Recount("disputes"), Recount("units")
    counts, fits = Recount("consensus"), Recount("fits")
    whole = (disputes, units, counts, fits)
    news = set(unsettled())
    for each in whole:
        each.put_off = len(news)
    for key in Consensus.objects.exclude(campaign__in=news).order_by("pk").values_list("pk"):
        beat()
        row = Consensus.objects.select_related("campaign", "fit").get(pk=key[0])
        found = _recount_of(row, beat)
        for nth, each in enumerate(whole):
            if found is None:
                each.put_off += 1
            else:
                each.add(found[nth])
    return [each.done() for each in whole]


def _recount_of(row: Consensus, beat: Beat) -> Sequence[Recount] | None:
    """Disputes, units, counts and the fit of one campaign; None where it was judged or settled meanwhile."""
    disputes, units = Recount("disputes"), Recount("units")
    counts, fits = Recount("consensus"), Recount("fits")
    said = list(questions_of(row.campaign))
    if _has_moved(row):  # the fit may not know what is asked now
        return None
    asked, made = given_in(said), consensus_by(row.fit, said)
    recount = set(disputes_in(row.campaign, made))
    _compare(disputes, recount, set(_stored(row.campaign)))
    _compare_units(units, row.campaign, made)
    stored = {"units": row.units, "disputed": row.disputed}
    now = {"units": met_in(asked), "disputed": len(recount)}
    counts.row(f"campaign {row.campaign.uid}", first_difference(stored, now))
    if _has_moved(row):
        return None
    if moved_since(row.campaign, row.fit.created_at):  # it may serve, and is of other answers
        fits.put_off += 1
    else:
        told = first_difference(row.fit.questions, fits_of(asked, beat=beat))
        fits.row(f"fit {row.fit.uid} of campaign {row.campaign.uid}", told)
    return disputes, units, counts, fits


def _has_moved(row: Consensus) -> bool:
    same = Consensus.objects.filter(pk=row.pk, settled_at=row.settled_at)
    return not same.exists() or row.campaign_id in unsettled()


def _compare(disputes: Recount, recount: set[Found], stored: set[Found]) -> None:
    differ = [(each.task, _MISSING) for each in sorted(recount - stored, key=str)]
    differ += [(each.task, _OTHERWISE) for each in sorted(stored - recount, key=str)]
    disputes.checked += len(stored) - len(stored - recount)
    _name(disputes, differ)


def _compare_units(units: Recount, campaign: Campaign, made: Sequence[Made]) -> None:
    key, old = stored_units(campaign)
    new = made_units(made)
    gone, _here, differing = changes(key, old, new)
    tasks = dict(zip(key.tolist(), old.task.tolist(), strict=True))
    differ = [(task, _MISSING) for task in new.task[differing].tolist()]
    differ += [(tasks[each], _OTHERWISE) for each in gone.tolist()]
    units.checked += len(key) - len(gone)
    _name(units, differ)


def _name(recount: Recount, differ: Sequence[tuple[int, str]]) -> None:
    uids = dict(Task.objects.filter(pk__in=[task for task, _ in differ]).values_list("pk", "uid"))
    for task, told in differ:
        recount.row(str(uids[task]), told)


def _stored(campaign: Campaign) -> list[Found]:
    rows = Dispute.objects.filter(campaign=campaign).order_by("pk")
    return [
        Found(
            row.task_id,
            row.criterion_id or 0,
            row.is_passages,
            row.answers,
            row.probability,
            row.matters,
        )
        for row in rows
    ]


def _snapshots(beat: Beat) -> Verified:
    """The judgments that a snapshot names are the same for ever."""
    checked, wrong = 0, []
    for snapshot in ConsensusSnapshot.objects.select_related("workspace").order_by("pk"):
        rows = counted_up_to(
            snapshot.workspace,
            snapshot.last_judgment,
            before=snapshot.settled_before,
            at=snapshot.created_at,
        )
        beat()
        checked += 1
        count, digest = named_by(rows)
        if (count, digest) != (snapshot.judgments, snapshot.digest):
            told = f"stored {snapshot.judgments} judgments, recount {count}"
            wrong.append(Wrong(f"snapshot {snapshot.uid}", told))
    return Verified("snapshots", checked, len(wrong), wrong[:NAMED])
