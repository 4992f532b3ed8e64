"""Agreement of every two people. Shapes: P pairs, R answers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.quality.answered import Answered
from evalhub.reports.behind import GIVEN, first_of_each
from evalhub.reports.figures import MANY_VALUES, interval, number
from evalhub.stats.agreement import Undefined
from evalhub.stats.agreement_parts import FEWEST, Alphas, alphas_of_numbers, alphas_of_tables
from evalhub.stats.kappas import Pairs, kappa, pairs_of, quadratic_weights
from evalhub.stats.proportions import Z, wilson

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 1000  # pairs, those that met most often
FEW = 50  # values that tables are made of
_CELLS = 4_000_000  # of all tables together


def pairs_in(said: Answered) -> dict[str, Any]:
    """Who agrees with whom, those who surely agree least first.

    Returns:
        `pairs`: each two with `alpha`, its interval (None below ten things that both answered), or why it
        is `undefined`; `n`, such things, and `percent`, how many of them alike, with its interval; Cohen's `kappa` and the
        `weighted` one with standard errors and intervals, or why they are undefined (`kappa_undefined`); `tasks` that both judged.
        `pairs_left_out` met, too, but less often; `strangers` never did.
    """
    at_most = (
        MOST if said.is_number else min(MOST, _CELLS // max(len(said.answers.values_V), 1) ** 2)
    )
    pairs = pairs_of(said.answers, at_most=at_most)
    A = said.answers.raters
    rows = _rows(said, pairs)
    last = float("inf")
    rows.sort(key=lambda row: (last if row["high"] is None else row["high"], -row["n"]))
    return {
        "pairs": rows,
        "pairs_left_out": pairs.found - len(rows),
        "strangers": A * (A - 1) // 2 - pairs.found,
    }


def _rows(said: Answered, pairs: Pairs) -> list[dict[str, Any]]:
    P = len(pairs.first_P)
    n_P = np.bincount(pairs.pair_M, minlength=P)
    same_P = np.bincount(pairs.pair_M, pairs.one_M == pairs.two_M, minlength=P)
    kappas, alphas = _figures(said, pairs)
    shared = _Shared(said)
    is_one_P = pairs.is_one_value()
    rows = []
    for at, (one, two) in enumerate(zip(pairs.first_P, pairs.second_P, strict=True)):
        first, second = said.members[one], said.members[two]
        alpha = interval(alphas.value[at], alphas.low[at], alphas.high[at])
        tasks, judgments = shared.by(int(one), int(two))
        rows.append(
            {
                "first": first.pseudonym,
                "second": second.pseudonym,
                "alpha": alpha["value"],
                "low": alpha["low"],
                "high": alpha["high"],
                "undefined": _why_no_alpha(alpha["value"], is_one_value=bool(is_one_P[at])),
                "n": int(n_P[at]),
                **_alike(int(same_P[at]), int(n_P[at])),
                **{name: number(figure_P[at]) for name, figure_P in kappas.items()},
                "kappa_interval": _around(kappas["kappa"][at], kappas["error"][at], int(n_P[at])),
                "weighted_interval": _around(
                    kappas["weighted"][at], kappas["weighted_error"][at], int(n_P[at])
                ),
                "kappa_undefined": _why(kappas["kappa"][at], len(said.answers.values_V)),
                "tasks": tasks,
                "judgments": judgments,
                "behind": said.asked.behind
                | GIVEN
                | {"member": str(first.uid), "beside": str(second.uid)},
            }
        )
    return rows


def _alike(same: int, n: int) -> dict[str, Any]:
    """How many answers are alike, with Wilson's interval."""
    share = wilson(same, n)
    return {"percent": share.value, "percent_interval": {"low": share.low, "high": share.high}}


def _around(kappa: float, error: float, n: int) -> dict[str, float | None]:
    """The interval by kappa's standard error, which is that of many: None below FEWEST answers of both, and
    where nothing varied, which is no certainty.
    """
    reach = Z * error if n >= FEWEST and error > 0 else np.nan
    ends = np.clip([kappa - reach, kappa + reach], -1, 1)
    return {"low": number(ends[0]), "high": number(ends[1])}


def _why_no_alpha(alpha: float | None, *, is_one_value: bool) -> str | None:
    if alpha is not None:
        return None
    return (Undefined.ONE_VALUE if is_one_value else Undefined.TOO_CLOSE).value


def _why(kappa: float, values: int) -> str | None:
    """Why a kappa has no value."""
    if np.isfinite(kappa):
        return None
    return MANY_VALUES if values > FEW else Undefined.ONE_VALUE.value


def _figures(said: Answered, pairs: Pairs) -> tuple[dict[str, Floats], Alphas]:
    """Kappas by name, NaN for many values, and alphas."""
    P, values_V = len(pairs.first_P), said.answers.values_V
    V = len(values_V)
    nothing_P = np.full(P, np.nan)
    kappas = dict.fromkeys(("kappa", "error", "weighted", "weighted_error"), nothing_P)
    if said.is_number:
        alphas = alphas_of_numbers(pairs, values_V, said.level)
    else:
        alphas = alphas_of_tables(pairs.tables(V), values_V, said.level)
    if V <= FEW:
        tables_PVV = pairs.tables(V)
        kappas["kappa"], kappas["error"] = kappa(tables_PVV, np.eye(V))
        weights_VV = quadratic_weights(values_V)
        kappas["weighted"], kappas["weighted_error"] = kappa(tables_PVV, weights_VV)
    return kappas, alphas


class _Shared:
    """Which tasks each person judged, and by how many judgments of theirs."""

    def __init__(self, said: Answered) -> None:
        is_first_R = first_of_each(said.given.judgment_R)
        task_R, rater_R = said.given.task_R[is_first_R], said.answers.rater_R[is_first_R]
        width = int(task_R.max(initial=0)) + 1
        key_T, self._times_T = np.unique(rater_R * width + task_R, return_counts=True)
        rater_T, self._task_T = np.divmod(key_T, width)
        self._begin_A = np.searchsorted(rater_T, np.arange(said.answers.raters + 1))

    def by(self, one: int, two: int) -> tuple[int, int]:
        """How many tasks both judged, and how many judgments of the first those are."""
        mine, theirs = (slice(self._begin_A[each], self._begin_A[each + 1]) for each in (one, two))
        tasks, others = self._task_T[mine], self._task_T[theirs]
        at = np.minimum(np.searchsorted(others, tasks), len(others) - 1)
        both = others[at] == tasks
        return int(both.sum()), int(self._times_T[mine][both].sum())
