"""From what people called a prompt to rows of a classification set."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import exp, log
from statistics import fmean

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import Definition
from evalhub.datasets.rows import Answer, Answers, Kept, LeftOut
from evalhub.quality.evidence import Evidence, Label

_NEVER = 1e-6  # in place of 0, for what nobody of a campaign has said yet


def label_rows(
    evidence: Evidence, _answers: Answers, definition: Definition
) -> Iterator[Kept | LeftOut]:
    """One label per criterion that enough people agree on; as an Answer, whose text it is."""
    by_criterion: dict[str, list[Label]] = defaultdict(list)
    for label in evidence.labels:
        if not definition.criterion or definition.criterion == label.criterion:
            by_criterion[label.criterion].append(label)
    for criterion, labels in sorted(by_criterion.items()):
        said = [label for label in labels if label.text is not None]
        if not said:
            yield LeftOut("nobody_could_tell")
            continue
        counts = Counter(label.text for label in said if label.text is not None)
        shares = _shares(said)
        text = min(counts, key=lambda each: (-shares[each], each))
        if shares[text] < definition.least_share(BuildKind.CLASSIFICATION):
            yield LeftOut("no_consensus")
            continue
        votes = counts[text]
        judgments = tuple(sorted({label.judgment for label in labels}))
        reason = f"{votes} of {counts.total()} say so"
        if definition.consensus == "reliability":
            reason += f", {shares[text]:.0%} by how far they can be relied on"
        answer = Answer(text, None)
        yield Kept((answer,), criterion, reason, judgments, shares[text], float(votes))


def _shares(said: Sequence[Label]) -> dict[str, float]:
    """How probable each text is: by who says it, where that is known of all who do; else its share of
    those who could tell, each by their weight.

    Source:
        A. Dawid, A. Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm",
        Applied Statistics 28, 1979, equation 2.5, with the error rates and prior of the campaign's fit; of
        labels of several campaigns with the mean of their priors.
    """
    called = [each.called for each in said if each.called]
    if len(called) == len(said):
        texts = sorted({text for each in called for text in each.prior})
        logs = {
            text: log(max(fmean(each.prior.get(text, 0.0) for each in called), _NEVER))
            + sum(log(max(each.likelihood.get(text, 0.0), _NEVER)) for each in called)
            for text in texts
        }
        most = max(logs.values())
        likely: Mapping[str, float] = {text: exp(each - most) for text, each in logs.items()}
    else:
        weights: dict[str, float] = defaultdict(float)
        is_by_lot = not any(each.weight for each in said)  # then all count the same
        for each in said:
            weights[str(each.text)] += 1.0 if is_by_lot else each.weight
        likely = weights
    total = sum(likely.values())
    return {text: each / total for text, each in likely.items()}
