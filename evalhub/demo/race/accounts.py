"""The reckoning: what the database holds against what the clients were told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from typing import LiteralString, NamedTuple

import psycopg

# A judgment of the race is whole with a rating per response and criterion, one preference, and the
# news of it in the outbox once. One that was withdrawn is none.
STORED: LiteralString = """
    SELECT j.submission_id::text, j.uid::text,
           (SELECT count(*) FROM judgments_rating r WHERE r.judgment_id = j.id) = %(ratings)s
           AND (SELECT count(*) FROM judgments_preference p WHERE p.judgment_id = j.id) = 1
           AND (SELECT count(*) FROM jobs_news n
                WHERE n.topic = 'judgment.counted' AND n.subject_uid = j.uid) = 1
    FROM judgments_judgment j JOIN campaigns_campaign c ON c.id = j.campaign_id
    WHERE c.uid = %(campaign)s AND j.withdrawn_at IS NULL
"""
TASKS: LiteralString = """
    SELECT t.overlap, t.judged, t.open_places,
           (SELECT count(*) FROM judgments_judgment j
            WHERE j.task_id = t.id AND j.withdrawn_at IS NULL),
           (SELECT count(DISTINCT j.member_id) FROM judgments_judgment j
            WHERE j.task_id = t.id AND j.withdrawn_at IS NULL),
           (SELECT count(*) FROM campaigns_assignment a WHERE a.task_id = t.id AND a.state = 'held'),
           %(people)s - (SELECT count(*) FROM campaigns_assignment a
                         WHERE a.task_id = t.id AND a.state IN ('submitted', 'skipped'))
    FROM campaigns_task t JOIN campaigns_campaign c ON c.id = t.campaign_id
    WHERE c.uid = %(campaign)s
"""
# Late, so that its author is offered the task again first; or the author has it again already.
DRAFTS: LiteralString = """
    SELECT a.uid::text, d.body ->> 'submission_id'
    FROM campaigns_draft d
    JOIN campaigns_assignment a ON a.id = d.assignment_id
    JOIN campaigns_campaign c ON c.id = a.campaign_id
    WHERE c.uid = %(campaign)s AND (d.late OR (d.body ->> 'token')::int < a.token)
"""


class Stored(NamedTuple):
    submission: str
    judgment: str
    is_whole: bool = True


class Task(NamedTuple):
    """One task's counters, and beside them a recount of its rows."""

    overlap: int
    judged: int
    open_places: int
    judgments: int
    members: int  # who judged it
    held: int  # leases
    eligible: int  # people who neither judged nor skipped it

    @property
    def missing(self) -> int:
        return max(0, self.overlap - self.judgments)

    @property
    def counters_are_right(self) -> bool:
        places = self.overlap - self.judgments - self.held
        return (self.judged, self.open_places) == (self.judgments, places)


@dataclass(frozen=True)
class Books:
    """What the database says of one campaign."""

    stored: Sequence[Stored]
    tasks: Sequence[Task]
    drafts: Set[tuple[str, str]]  # assignment, submission

    @property
    def out_of_people(self) -> int:
        """Tasks that nobody is left for: the race itself was too small."""
        return sum(task.missing > task.eligible for task in self.tasks)


@dataclass(frozen=True)
class Figures:
    submitted: int  # submission ids that were acknowledged
    stored: int  # judgments in the campaign
    lost: int  # acknowledged and not stored whole; told to be kept as a late draft and not there
    duplicated: int  # more rows than acknowledgments, or two of one member on one task
    over_collected: int  # judgments beyond k; tasks whose counters a recount contradicts
    starved: int  # judgments still wanted that somebody could have given; leases never given back

    def as_dict(self) -> dict[str, int]:
        return asdict(self)

    @property
    def faults(self) -> int:
        return self.lost + self.duplicated + self.over_collected + self.starved


def read_books(
    connection: psycopg.Connection, *, campaign: str, people: int, criteria: int
) -> Books:
    values = {"campaign": campaign, "people": people, "ratings": 2 * criteria}
    return Books(
        [Stored(*row) for row in connection.execute(STORED, values)],
        [Task(*row) for row in connection.execute(TASKS, values)],
        set(connection.execute(DRAFTS, values)),
    )


def tally(acknowledged: Mapping[str, Set[str]], late: Mapping[str, str], books: Books) -> Figures:
    """Compare.

    Args:
        acknowledged: the judgments that clients were told of, by submission id.
        late: the submission that came too late and was told to be kept, by assignment.
    """
    told = {(submission, each) for submission, uids in acknowledged.items() for each in uids}
    whole = {(row.submission, row.judgment) for row in books.stored if row.is_whole}
    rows: dict[str, int] = defaultdict(int)
    for row in books.stored:
        rows[row.submission] += 1
    untold = sum(submission not in acknowledged for submission in rows)
    return Figures(
        submitted=len(acknowledged),
        stored=len(books.stored),
        lost=len(told - whole) + len(set(late.items()) - books.drafts),
        duplicated=sum(n - 1 for n in rows.values())
        + untold
        + sum(task.judgments - task.members for task in books.tasks),
        over_collected=sum(
            max(0, task.judgments - task.overlap) + (not task.counters_are_right)
            for task in books.tasks
        ),
        starved=sum(min(task.missing, task.eligible) + task.held for task in books.tasks),
    )
