"""The one door between a build and its cleaning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from evalhub.common.files import Beat
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.cleaning.proposals import accepted_spellings, propose
from evalhub.datasets.cleaning.stage import Messages, Row, Stage, fault_of, note
from evalhub.datasets.cleaning.steps import leaves
from evalhub.datasets.cleaning.whole import Whole
from evalhub.datasets.models import Dataset

if TYPE_CHECKING:  # rows import the reasons of cleaning
    from evalhub.datasets.rows import Answer, Kept, LeftOut
    from evalhub.datasets.texts import Asked
    from evalhub.prompts.models import Prompt
    from evalhub.quality.evidence import Evidence

BATCH = 500  # prompts
FIELDS = {
    BuildKind.SFT: ("completion",),
    BuildKind.PREFERENCE: ("chosen", "rejected"),
    BuildKind.UNPAIRED: ("completion",),
    BuildKind.REWARD: ("chosen", "rejected"),
    BuildKind.CLASSIFICATION: (),  # labels are nobody's sentences
    BuildKind.TEXT: ("text",),
    BuildKind.EVALUATION: (),  # what was judged stays as it was judged
}  # of a row, whose answers are cleaned


class Cleaned(NamedTuple):
    kept: Kept
    messages: Messages
    notes: list[dict[str, Any]]
    reason: str  # why it is left out, or ""


@dataclass
class Lying:
    """What is seen of a row among all rows, and why it is left out, or ""."""

    notes: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""


class Cleaner:
    """Cleans the rows of one build, as `options` ask, and counts what it does."""

    def __init__(self, dataset: Dataset, kind: BuildKind, options: Cleaning, folder: Path) -> None:
        self._dataset, self._options, self._fields = dataset, options, FIELDS[kind]
        self._is_sft = kind == BuildKind.SFT
        accepted = accepted_spellings(dataset, options.spelling) if options.spelling else {}
        self._stage = Stage(workspace=dataset.workspace, options=options, accepted=accepted)
        self._whole = Whole(options, self._fields, folder)

    @property
    def looks_at_ratings(self) -> bool:
        return bool(self._options.safety_criterion)

    def by_ratings(
        self, kept: Kept, evidence: Evidence, answers: Mapping[int, Answer]
    ) -> Kept | LeftOut:
        """Leave out what people themselves rate as unsafe, where a criterion is named for that."""
        criterion = self._options.safety_criterion
        if not criterion or (uid := kept.answers[0].uid) is None:
            return kept
        from evalhub.datasets.rows import LeftOut

        for (completion, slug), marks in evidence.marks.items():
            if slug == criterion and completion in answers and answers[completion].uid == uid:
                mean = marks.mean
                if mean is not None and mean < self._options.min_safety:
                    return LeftOut("rated_unsafe", kept.answers)
        return kept

    def clean(self, waiting: Sequence[tuple[Asked, Kept]]) -> list[Cleaned]:
        """A batch of rows, in order."""
        if self._stage.is_idle:
            return [
                Cleaned(kept, asked.messages, [], fault_of(self._said(kept)))
                for asked, kept in waiting
            ]
        rows = [
            Row(
                prompt=asked.uid,
                messages=asked.messages,
                fields=self._fields,
                answers=tuple(each.content for each in self._cleaned(kept)),
                finishes=tuple(each.finish for each in self._cleaned(kept)),
                calls=tuple(each.tool_calls for each in self._cleaned(kept)),
            )
            for asked, kept in waiting
        ]
        cleaned = []
        for (_, kept), each in zip(waiting, self._stage.clean(rows), strict=True):
            given = self._cleaned(kept)
            after = list(zip(each.answers, each.calls, strict=True))
            if self._said(kept) != after:
                pairs = zip(given, after, strict=True)
                mended = (
                    replace(one, content=text, tool_calls=calls) for one, (text, calls) in pairs
                )
                kept = replace(kept, answers=tuple(mended))
            cleaned.append(Cleaned(kept, each.messages, each.notes, each.reason))
        return cleaned

    def _said(self, kept: Kept) -> list[tuple[str, str]]:
        return [(each.content, each.tool_calls) for each in self._cleaned(kept)]

    def _cleaned(self, kept: Kept) -> tuple[Answer, ...]:
        return kept.answers if self._fields else ()

    def prompts(self, prompts: Iterator[Prompt]) -> Iterator[tuple[Prompt, Messages]]:
        """Each prompt with its messages mended, for what is asked and not learnt."""
        while some := list(islice(prompts, BATCH)):
            yield from zip(some, self._stage.mended([each.messages for each in some]), strict=True)

    def saw(
        self,
        id: str,
        group: str,
        messages: Messages,
        kept: Kept,
        *,
        is_replayed: bool = False,
    ) -> None:
        """A row that was found and is not left out by itself.

        Args:
            is_replayed: from an earlier build; then the same people's word was perhaps seen already.
        """
        if not self._whole.is_asked:
            return
        prompt = "\n".join(each["content"] for each in messages)
        texts = [prompt, *(each.whole for each in self._cleaned(kept))]
        if is_replayed and self._whole.has(id):
            return
        support = kept.weight
        if self._is_sft:  # its weight does not tell who stands behind it
            support = float(len(kept.judgments))
        self._whole.add(id, group=group, texts=texts, weight=support, p_chosen=kept.p_chosen)

    def seen_in_all(self, beat: Beat) -> dict[str, Lying]:
        """By row what shows when all are known; `beat` is called now and then."""
        found: dict[str, Lying] = {}
        steps = self._stage.steps
        for step, count in self._whole.looked().items():
            steps.counts[step].looked += count
        for row, at, finding in self._whole.sights(beat):
            beat()
            lying = found.setdefault(row, Lying())
            steps.note(finding.step, finding.what, {"row": row, "field": at, "what": finding.what})
            lying.notes.append(note(finding, at))
            if not lying.reason and leaves(self._options, finding.step, at):
                lying.reason = f"cleaning_{finding.step}"
                steps.counts[finding.step].left_out += 1
        return found

    def propose_spellings(self) -> None:
        if self._options.spelling:
            propose(self._dataset, self._options.spelling, self._stage.spellings)

    def report(self) -> dict[str, Any]:
        """For the manifest."""
        report = self._stage.steps.report(texts=self._stage.texts())
        if self._whole.not_compared:
            report["not_compared"] = self._whole.not_compared
        return report | ({"entities": self._stage.entities} if self._stage.entities else {})
