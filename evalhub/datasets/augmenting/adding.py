"""Augmented rows beside those they are made from: in their group and side, never in their place.

A row is offered when it is made, as its texts are known then; what becomes of an offer is decided when
the rows are written: an augmented row stands only where its parent does. So whoever takes away a file
for the words of somebody takes the augmented rows with it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from evalhub.common.canonical import canonical_bytes
from evalhub.common.files import Beat
from evalhub.datasets.augmenting.options import Way
from evalhub.datasets.augmenting.variants import Messages, Texts, maker_of
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.definition import Definition
from evalhub.datasets.rows import Kept, as_row
from evalhub.datasets.spill import AUGMENTED, REPLAY, Entry, SortedRows
from evalhub.datasets.texts import Asked
from evalhub.prompts.grouping import fingerprint_of
from evalhub.prompts.models import Split

FLAG = "augmented"  # of a row, for findings
_TEXTS = (
    "id",
    "prompt",
    "completion",
    "chosen",
    "rejected",
    "text",
)  # what differs from the parent
DROPPED = {
    "not_drawn": "beyond the share asked for",
    "held_out": "would ask what a held-out prompt asks",
    "same_as_another": "the same as another row",
    "same_text": "would have two equal answers",
    "label": "whose label would change",
    "too_long": "longer than the model can take",
}
_NEVER = -1  # in place of a way: of this row none is made
Fits = Callable[[Messages, list[str]], bool]


class Augmenter:
    """Makes the augmented rows of one build, and counts what became of each offer.

    Args:
        held_out: fingerprints of the prompts that are measured on: no row may come to ask the same.
        fits: whether a prompt and its answers are short enough.
    """

    def __init__(
        self,
        kind: BuildKind,
        definition: Definition,
        *,
        held_out: Container[str],
        fits: Fits,
        folder: Path,
    ) -> None:
        self._kind, self._form, self._never = kind, definition.form, definition.augment_never
        self._ways: list[Way] = definition.augment
        self._makers = [maker_of(way) for way in self._ways]
        self._held_out, self._fits, self._folder = held_out, fits, folder
        self._offers = SortedRows(folder / "offers")
        self._parents, self._spared = 0, 0
        self._dropped: Counter[str] = Counter()
        self._possible, self._made = [0] * len(self._ways), [0] * len(self._ways)

    def offer(self, asked: Asked, kept: Kept, parent: str) -> None:
        """Make what each way makes of a row for training, whose content uid is `parent`."""
        if self._never.holds(asked.collection, json.loads(asked.slices)):
            self._spared += 1
            return self._offers.add(_offer(parent, _NEVER, {}, {}))
        calls = "".join([asked.tools, *(each.tool_calls for each in kept.answers)])
        given = Texts(asked.messages, tuple(each.content for each in kept.answers), calls)
        for nth, make in enumerate(self._makers):
            made = make(given, parent)
            if made is None or made[:2] == given[:2]:
                continue
            texts = zip(kept.answers, made.answers, strict=True)
            varied = replace(kept, answers=tuple(replace(one, content=text) for one, text in texts))
            if fault := self._fault(kept, varied, made.messages):
                self._dropped[fault] += 1
                continue
            row = as_row(
                self._kind, made.messages, asked.group, varied, self._form, tools=asked.tools
            )
            lengths = [len(each.whole) for each in varied.answers]
            said = {name: row[name] for name in _TEXTS if name in row}
            self._offers.add(_offer(parent, nth, said, {"lengths": lengths}))
        return None

    def _fault(self, kept: Kept, varied: Kept, messages: Messages) -> str:
        texts = [each.whole for each in varied.answers]
        if self._kind == BuildKind.CLASSIFICATION and varied.answers != kept.answers:
            return "label"  # it is about what was swapped
        if len(texts) == 2 and texts[0] == texts[1]:
            return "same_text"
        if messages and fingerprint_of(messages) in self._held_out:
            return "held_out"
        return "" if self._fits(messages, texts) else "too_long"

    def rows(self, settled: Iterable[Entry], beat: Beat) -> Iterator[Entry]:
        """The rows as they will be written, in order, and among them the augmented ones."""
        everything = SortedRows(self._folder / "rows")
        offers = _ByParent(self._offers)
        for entry in settled:
            beat()
            everything.add(entry)
            given = offers.of(entry.id)
            if entry.split == Split.TRAIN and not entry.origin.startswith(REPLAY):
                self._parents += 1
                for row in self._offered(entry, given):
                    everything.add(row)
        room = self._room()
        for same in everything:
            own = [entry for entry in same if not entry.origin.startswith(AUGMENTED)]
            if own:
                yield from own
            elif room[same[0].part] > self._made[same[0].part]:
                self._made[same[0].part] += 1
                yield same[0]
            else:
                self._dropped["not_drawn"] += 1
            self._dropped["same_as_another"] += len(same) - 1

    def _room(self) -> list[int]:
        return [int(way.share * self._parents + 1e-9) for way in self._ways]

    def _offered(self, parent: Entry, offers: list[Entry]) -> Iterator[Entry]:
        if any(each.part == _NEVER for each in offers):
            return
        seen = set()
        for each in offers:
            if each.row not in seen:  # rows of one text that became one offer the same
                seen.add(each.row)
                self._possible[each.part] += 1
                yield _beside(parent, each, self._ways[each.part])

    def report(self) -> dict[str, Any]:
        """For the manifest; `of` is how many training rows are not augmented."""
        if not self._ways:
            return {}
        made = sum(self._made)
        told = zip(self._ways, self._room(), self._possible, self._made, strict=True)
        return {
            "rows": made,
            "of": self._parents,
            "share": round(made / self._parents, 4) if self._parents else 0.0,
            "ways": [
                {
                    "by": name_of(way),
                    "name": name_of(way).replace("_", " "),
                    "at_most": room,
                    "possible": possible,
                    "made": count,
                }
                for way, room, possible, count in told
            ],
            "never": self._spared,
            "dropped": {
                DROPPED[name]: self._dropped[name] for name in DROPPED if self._dropped[name]
            },
        }


def name_of(way: Way) -> str:
    return str(way.__struct_config__.tag)


def _offer(parent: str, nth: int, texts: dict[str, Any], facts: dict[str, Any]) -> Entry:
    row, told = canonical_bytes(texts), canonical_bytes(facts)
    return Entry(parent, Split.TRAIN.value, "", "", 0, nth, "", told, row, b"{}")


def _beside(parent: Entry, offer: Entry, way: Way) -> Entry:
    """The augmented row: other texts, and for the rest what its parent is."""
    row, lineage = parent.read()
    row |= json.loads(offer.row)
    by = name_of(way)
    lineage |= {
        "id": row["id"],
        "from": AUGMENTED + by.replace("_", " "),
        "reason": f"made by {by.replace('_', ' ')} of a row that is here: {lineage['reason']}",
        "augmented": {"by": by, "seed": way.seed, "parent": parent.id},
    }
    facts = parent.known() | offer.known()
    facts["flags"] = sorted({*facts.get("flags", []), FLAG})
    return replace(
        parent,
        id=row["id"],
        origin=lineage["from"],
        part=offer.part,
        facts=canonical_bytes(facts),
        row=canonical_bytes(row),
        lineage=canonical_bytes(lineage),
    )


class _ByParent:
    """Offers by their parent, whose ids are asked for in order."""

    def __init__(self, offers: SortedRows) -> None:
        self._groups = iter(offers)
        self._next = next(self._groups, None)

    def of(self, parent: str) -> list[Entry]:
        while self._next is not None and self._next[0].id < parent:
            self._next = next(self._groups, None)
        if self._next is None or self._next[0].id != parent:
            return []
        return self._next
