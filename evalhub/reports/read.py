"""What the reports of a campaign are made of, read once for as many of them as are made."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from evalhub.campaigns.models import Campaign
from evalhub.quality.arrays import (
    Lengths,
    Models,
    Preferences,
    Ratings,
    lengths_of,
    models_of,
    preferences_of,
    ratings_of,
)
from evalhub.quality.questions import Asked, compared_in, rated_in
from evalhub.reports.slicing import Slicing, slicing_of


class Read:
    """Each thing is read when a report first asks for it, and kept while this is.

    Five reports are made of the same answers, and reading these is most of what a report costs: at a
    million 7 CPU s each. A report alone is made of a Read of its own.
    """

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign

    @cached_property
    def ratings(self) -> Ratings:
        return ratings_of(self.campaign)

    @cached_property
    def preferences(self) -> Preferences:
        return preferences_of(self.campaign)

    @cached_property
    def models(self) -> Models:
        return models_of(self.campaign)

    @cached_property
    def lengths(self) -> Lengths:
        return lengths_of(self.campaign)

    @cached_property
    def slicing(self) -> Slicing:
        return slicing_of(self.campaign)

    def unprompted(self) -> Iterator[Asked]:
        """The questions, without what was confirmed from a proposal; see `unprompted_in`."""
        yield from rated_in(self.ratings.unprompted())
        yield from compared_in(self.preferences.unprompted())
