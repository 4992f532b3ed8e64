"""The consensus on each thing that was judged, and keeping it in the database. Shapes: R answers, U units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from evalhub.campaigns.models import Campaign
from evalhub.quality.columns import columns_of
from evalhub.quality.fits import Consensus, Fit
from evalhub.quality.questions import Asked, places
from evalhub.quality.weights import doubt_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PLACES = 10_000  # parts of one that are kept of answers, probabilities, errors and doubts
_NONE = -(2**40)
_AT_ONCE = 50_000  # rows of a statement

_STORED = f"""
    SELECT u.id, coalesce(u.criterion_id, 0), t.prompt_id, coalesce(u.first_id, 0),
           coalesce(u.second_id, 0), coalesce(u.turn, -1)::bigint, u.task_id, u.answers::bigint,
           u.missing::bigint, round(u.answer * {PLACES})::bigint,
           coalesce(round(u.probability * {PLACES})::bigint, {_NONE}),
           coalesce(round(u.error * {PLACES})::bigint, {_NONE}), round(u.doubt * {PLACES})::bigint
    FROM quality_unitconsensus u JOIN campaigns_task t ON t.id = u.task_id
    WHERE u.campaign_id = %s
"""  # noqa: S608  ours
_VALUES = """
    nullif(criterion, 0) AS criterion_id, task AS task_id, nullif(first, 0) AS first_id,
    nullif(second, 0) AS second_id, nullif(turn, -1) AS turn, answers, missing, answer,
    probability, error, doubt
    FROM unnest(%(id)s::bigint[], %(criterion)s::bigint[], %(first)s::bigint[],
                %(second)s::bigint[], %(turn)s::int[], %(task)s::bigint[], %(answers)s::int[],
                %(missing)s::int[], %(answer)s::float[], %(probability)s::float[],
                %(error)s::float[], %(doubt)s::float[])
        AS made (id, criterion, first, second, turn, task, answers, missing, answer, probability,
                 error, doubt)
"""
_CHANGE = f"""
    UPDATE quality_unitconsensus u SET task_id = v.task_id, answers = v.answers,
        missing = v.missing, answer = v.answer, probability = v.probability, error = v.error,
        doubt = v.doubt
    FROM (SELECT id, {_VALUES}) v WHERE u.id = v.id
"""  # noqa: S608  ours
_ADD = f"""
    INSERT INTO quality_unitconsensus (campaign_id, criterion_id, task_id, first_id, second_id, turn,
                                       answers, missing, answer, probability, error, doubt)
    SELECT %(campaign)s, {_VALUES}
"""
_FORGET = "DELETE FROM quality_unitconsensus WHERE id = ANY(%s)"


@dataclass(frozen=True)
class Units:
    """One row a unit. The last four in parts of PLACES; `_NONE` where there is none."""

    criterion: Ints
    prompt: Ints
    first: Ints
    second: Ints
    turn: Ints
    task: Ints
    answers: Ints
    missing: Ints
    answer: Ints
    probability: Ints
    error: Ints
    doubt: Ints

    @property
    def columns(self) -> list[Ints]:
        return [getattr(self, each.name) for each in fields(self)]


_KEYS = 5  # columns that say what a unit is; the others say what of it


def units_of(made: Sequence[tuple[Asked, Asked, Consensus, Fit]]) -> Units:
    """The consensus on all things that somebody answered.

    Args:
        made: of each question all that was said, the answers that have a value, and their consensus.
    """
    parts = [_units_of_one(*each) for each in made]
    nothing = np.zeros(0, dtype=np.int64)
    names = [each.name for each in fields(Units)]
    joined = {
        name: np.concatenate([nothing, *(getattr(part, name) for part in parts)]) for name in names
    }
    return Units(**joined)


def stored_units(campaign: Campaign) -> tuple[Ints, Units]:
    """The keys of the rows, and what they say."""
    key, *columns = columns_of(_STORED, [campaign.pk], 13)
    return key, Units(*columns)


def changes(key: Ints, old: Units, new: Units) -> tuple[Ints, Ints, Ints]:
    """Keys of rows that are gone; for each row of `new` the key of its row, 0: none yet; and which rows of
    `new` are to be written.
    """
    columns = zip(old.columns[:_KEYS], new.columns[:_KEYS], strict=True)
    code = places(*(np.concatenate(both) for both in columns))
    was, now = code[: len(key)], code[len(key) :]
    at = np.full(int(code.max(initial=-1)) + 1, -1)
    at[now] = np.arange(len(now))
    found = at[was]
    here = np.zeros(len(now), dtype=np.int64)
    here[found[found >= 0]] = key[found >= 0]
    differs = here == 0
    for before, after in zip(old.columns[_KEYS:], new.columns[_KEYS:], strict=True):
        matched = found >= 0
        differs[found[matched]] |= before[matched] != after[found[matched]]
    return key[found < 0], here, np.flatnonzero(differs)


def store_units(campaign: Campaign, new: Units) -> None:
    """Write what has changed; whoever calls it holds the campaign's row."""
    key, old = stored_units(campaign)
    gone, here, wanted = changes(key, old, new)
    with connection.cursor() as cursor:
        for rows in _parts(gone):
            cursor.execute(_FORGET, [rows.tolist()])
        for statement, chosen in (
            (_CHANGE, wanted[here[wanted] > 0]),
            (_ADD, wanted[here[wanted] == 0]),
        ):
            for rows in _parts(chosen):
                cursor.execute(statement, _values(campaign, new, here, rows))


def _units_of_one(said: Asked, given: Asked, consensus: Consensus, fit: Fit) -> Units:
    units = len(consensus.answer_U)
    n_U = np.bincount(given.unit_R, minlength=units)
    missing_U = np.bincount(said.unit_R[np.isnan(said.value_R)], minlength=units)[:units]
    at_U = np.zeros(units, dtype=np.int64)
    at_U[given.unit_R] = np.arange(len(given.unit_R))
    is_said_U = n_U > 0
    at_U = at_U[is_said_U]
    parts = [
        _in_parts(each[is_said_U])
        for each in (
            consensus.answer_U,
            consensus.probability_U,
            consensus.error_U,
            doubt_of(consensus, fit),
        )
    ]
    return Units(
        np.full(len(at_U), given.criterion, dtype=np.int64),
        given.prompt_R[at_U],
        given.first_R[at_U],
        given.second_R[at_U],
        given.turn_R[at_U],
        given.task_R[at_U],
        n_U[is_said_U],
        missing_U[is_said_U],
        *parts,
    )


def _in_parts(value_U: Floats) -> Ints:
    is_none_U = np.isnan(value_U)
    parts_U: Ints = np.where(
        is_none_U, _NONE, np.round(np.where(is_none_U, 0, value_U) * PLACES)
    ).astype(np.int64)
    return parts_U


def _values(campaign: Campaign, units: Units, here: Ints, rows: Ints) -> dict[str, Any]:
    told: dict[str, Any] = {"campaign": campaign.pk, "id": here[rows].tolist()}
    for each in fields(units):
        column = getattr(units, each.name)[rows].tolist()
        if each.name in ("answer", "probability", "error", "doubt"):
            column = [None if part == _NONE else part / PLACES for part in column]
        told[each.name] = column
    return told


def _parts(rows: Ints) -> list[Ints]:
    return [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]
