"""Corrections of spelling: proposed by a build, decided by people, applied by the next build."""

from __future__ import annotations

from collections import Counter

from evalhub.datasets.choices import SpellingState
from evalhub.datasets.cleaning.spelling import proposal_for
from evalhub.datasets.models import Dataset, SpellingProposal

MOST = 200  # words looked up for a build, the most frequent first; each costs a millisecond


def accepted_spellings(dataset: Dataset, language: str) -> dict[str, str]:
    accepted = SpellingProposal.objects.filter(
        dataset=dataset, language=language, state=SpellingState.ACCEPTED
    )
    return dict(accepted.order_by("word").values_list("word", "meant"))


def propose(dataset: Dataset, language: str, counts: Counter[str]) -> None:
    """Keep what may be meant by the unknown words of a build; what is decided stays decided."""
    most = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST]
    proposals = [
        SpellingProposal(dataset=dataset, language=language, word=word, meant=meant, count=count)
        for word, count in most
        if (meant := proposal_for(word, language))
    ]
    SpellingProposal.objects.bulk_create(
        proposals,
        update_conflicts=True,
        unique_fields=["dataset", "language", "word"],
        update_fields=["count"],
    )
