"""Who can be relied on less than a build asks for, by the fits that its snapshot names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from statistics import fmean

from evalhub.quality.figures import Fits, figures_of

ByCampaign = tuple[tuple[int, tuple[int, ...]], ...]  # campaign and members, by key


def unreliable(fits: Fits, *, least: float, campaigns: Iterable[int]) -> ByCampaign:
    """People whose least figure in a campaign is under `least`; see `figure_of`. In a campaign that tells
    nothing of a person, as where answers are written, the mean of what the others tell decides.

    Args:
        campaigns: all that people are to be left out of, by key.
    """
    found: dict[int, set[int]] = defaultdict(set)
    there = sorted({*campaigns, *fits})
    raters = {key for each in fits.values() for fit in each.values() for key in fit["raters"]}
    for member in map(int, raters):
        known = figures_of(fits, member)
        elsewhere = fmean(figure for each in known.values() for figure in each)
        for campaign in there:
            figure = min(known[campaign]) if campaign in known else elsewhere
            if figure < least:
                found[campaign].add(member)
    return tuple((key, tuple(sorted(found[key]))) for key in sorted(found))
