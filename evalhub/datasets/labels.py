"""From what people called a prompt to rows of a classification set."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import Definition
from evalhub.datasets.rows import Answer, Answers, Kept, LeftOut
from evalhub.quality.evidence import Evidence, Label


def label_rows(
    evidence: Evidence, _answers: Answers, definition: Definition
) -> Iterator[Kept | LeftOut]:
    """One label per criterion that enough people agree on; as an Answer, whose text it is."""
    by_criterion: dict[str, list[Label]] = defaultdict(list)
    for label in evidence.labels:
        if not definition.criterion or definition.criterion == label.criterion:
            by_criterion[label.criterion].append(label)
    for criterion, labels in sorted(by_criterion.items()):
        counts = Counter(label.text for label in labels if label.text is not None)
        if not counts:
            yield LeftOut("nobody_could_tell")
            continue
        text, votes = min(counts.items(), key=lambda each: (-each[1], each[0]))
        total = sum(counts.values())
        if votes / total < definition.least_share(BuildKind.CLASSIFICATION):
            yield LeftOut("no_consensus")
            continue
        judgments = tuple(sorted({label.judgment for label in labels}))
        reason = f"{votes} of {total} say so"
        yield Kept((Answer(text, None),), criterion, reason, judgments, votes / total, float(votes))
