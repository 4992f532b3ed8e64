"""The figures that a gate asks for: as stored, or worked out from the rows. Workers only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from evalhub.common.files import Beat
from evalhub.evaluation.gate import MustBeat, NotWorse
from evalhub.evaluation.models import Comparison
from evalhub.prompts.models import Prompt
from evalhub.runs.models import Run

if TYPE_CHECKING:  # at run time only workers may load what needs scipy
    from evalhub.evaluation.measures import Tables


class Evidence:
    """Differences between the candidate and what it is held against.

    Args:
        comparisons: by what the candidate was compared with, and where if that is a probe:
            "baseline", "incumbent", "baseline on 6f9…".
        tables: gives the rows that a run left; called when they are needed.
        beat: called while resamples are drawn.
    """

    def __init__(
        self, comparisons: Mapping[str, Comparison], tables: Callable[[Run], Tables], beat: Beat
    ) -> None:
        self._comparisons, self._read, self._beat = comparisons, tables, beat
        self._tables: dict[int, Tables] = {}
        self._groups: dict[str, set[str]] = {}

    def find(self, condition: MustBeat | NotWorse, than: str) -> Mapping[str, Any] | None:
        """The stored difference; another confidence or a slice is worked out from the rows."""
        from evalhub.stats.intervals import LEVEL

        comparison = self._comparisons.get(place_of(than, getattr(condition, "probe", "")))
        if comparison is None:  # a probe that nothing was measured on
            return None
        if not condition.slice and condition.confidence == LEVEL:
            stored: Mapping[str, Any] | None = comparison.metrics.get(condition.metric)
            return stored
        return self._worked_out(condition, comparison)

    def _worked_out(
        self, condition: MustBeat | NotWorse, comparison: Comparison
    ) -> Mapping[str, Any] | None:
        from evalhub.evaluation.drawn import with_direction
        from evalhub.evaluation.measures import difference_on, measures_of, paired_rows

        before = self._tables_of(comparison.baseline.run)
        after = self._tables_of(comparison.candidate.run)
        measure = measures_of(after).get(condition.metric)
        if measure is None:
            return self._of_draws(condition, before, after)
        wanted = self._groups_of(comparison, condition.slice) if condition.slice else None
        rows = paired_rows(measure, before, after, wanted)
        if not rows:
            return None
        difference = difference_on(measure, rows, level=condition.confidence, beat=self._beat)
        return with_direction(condition.metric, asdict(difference), after)

    def _of_draws(
        self, condition: MustBeat | NotWorse, before: Tables, after: Tables
    ) -> Mapping[str, Any] | None:
        """Of such a figure nothing is known by slice."""
        from evalhub.evaluation.drawn import difference, drawn_in, with_direction

        ours, theirs = (drawn_in(each).get(condition.metric) for each in (after, before))
        if ours is None or theirs is None or condition.slice:
            return None
        found = difference(theirs, ours, level=condition.confidence)
        return with_direction(condition.metric, found, after) if found else None

    def _tables_of(self, run: Run) -> Tables:
        if run.pk not in self._tables:
            self._tables[run.pk] = self._read(run)
        return self._tables[run.pk]

    def _groups_of(self, comparison: Comparison, slice_: str) -> set[str]:
        """Of the workspace, the prompt groups with a prompt in the slice; a merged one by its root."""
        if slice_ not in self._groups:
            key, _, value = slice_.partition("=")
            prompts = Prompt.objects.filter(
                workspace=comparison.workspace, slices__contains={key: value}
            )
            found = prompts.order_by().values_list("group__uid", "group__merged_into__uid")
            self._groups[slice_] = {str(root or own) for own, root in found.distinct()}
        return self._groups[slice_]


def place_of(than: str, probe: str) -> str:
    """How a comparison is named in a Promotion's evidence."""
    return f"{than} on {probe}" if probe else than


def probe_in(place: str) -> str:
    """The uid of the probe in what `place_of` made; empty: the set itself."""
    return place.partition(" on ")[2]
