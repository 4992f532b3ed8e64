"""What should be known of a set before anyone trains on it: counted while its rows are written.

A finding that `blocks` keeps a set from training until somebody says why it is right all the same.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from msgspec import Struct

from evalhub.datasets.choices import BuildKind
from evalhub.datasets.kinds import PAIRS
from evalhub.datasets.rows import Kept
from evalhub.datasets.spill import Entry
from evalhub.prompts.models import Split
from evalhub.stats.proportions import wilson

SECRET = re.compile(r"\b(?:key|card|iban)\b")  # kinds of personal data that must not be learnt
Level = Literal["blocks", "caution", "note"]
EXAMPLES = 20  # rows of each finding in the manifest; all of them stand in findings.jsonl
LEAST_TO_LEARN = 10  # rows; under that nothing is learnt but the rows themselves
LEAST_TO_WATCH = 20  # validation rows, for early stopping to see anything but noise
ONE_SIDED = 0.8  # share of one class from which a set is called lopsided
UNSURE = 0.7  # p_chosen under which people disagreed
LEANS = 0.05  # how far the share of longer answers lies from a half, at least, to be said

ADVICE: Mapping[BuildKind, tuple[int, str]] = {
    BuildKind.SFT: (
        500,
        "500 to 1,000 good rows teach simple instructions, a domain wants 5,000 and more; with fewer "
        "expect a change of tone and form, not of knowledge",
    ),
    BuildKind.PREFERENCE: (
        1000,
        "1,000 pairs and more move a model surely; with fewer take a small learning rate and measure "
        "with intervals",
    ),
    BuildKind.UNPAIRED: (1000, "KTO wants about as many rows as DPO wants pairs, twice over"),
    BuildKind.REWARD: (
        2000,
        "a reward model is only as good as what it has seen: under 2,000 pairs it mostly learns length "
        "and form",
    ),
    BuildKind.CLASSIFICATION: (200, "50 rows of each class are the least that can be measured"),
    BuildKind.TEXT: (1000, "raw text teaches words, not answers; it wants a great deal of it"),
}
OF_CLEANING: Mapping[str, tuple[Level, str]] = {
    "personal": ("caution", "mask it or leave the rows out (cleaning: personal)"),
    "unsafe": ("caution", "look at the rows; leave out what a model must not say"),
    "refused": ("note", "a set that declines teaches declining"),
    "truncated": ("caution", "a model learns to stop short; leave the rows out or ask again"),
    "off_topic": ("note", "look whether the answer belongs to the prompt"),
    "language": ("caution", "name every language that is wanted, or leave the rows out"),
    "outliers": ("note", "look whether they belong here"),
    "near_duplicates": ("note", "they count more than once; leave them out"),
    "contradictions": ("caution", "the same pair is taught both ways; decide, or leave them out"),
    "cycles": ("caution", "no order satisfies them; decide, or leave them out"),
}
MANY_AUGMENTED = 0.2  # of the rows that people made, from which augmented ones are a caution
MUCH_LEFT = 0.2  # of the training rows, from which what a mixture leaves is a caution
WORDS: Mapping[str, str] = {
    "augmented": "rows that augmentation made, which nobody judged as they are",
    "nothing_to_learn": "there is next to nothing to learn from",
    "few_rows": "fewer rows than is advised",
    "not_drawn": "much of what people taught is left out by the mixture",
    "few_to_watch": "too few validation rows to stop early by",
    "secrets": "keys and passwords, card or account numbers",
    "length": "the length of an answer tells which one is chosen",
    "rated_lower": "the chosen answer has the lower mean rating",
    "unsure": "people disagreed",
    "one_judgment": "a single judgment stands behind the row",
    "lopsided": "nearly all rows are of one class",
    "personal": "personal data",
    "unsafe": "unsafe or offensive words",
    "refused": "short answers that decline",
    "truncated": "answers that stop short",
    "off_topic": "answers that share no word with their prompt",
    "language": "texts in none of the languages asked for",
    "outliers": "texts far shorter or longer than the others",
    "near_duplicates": "rows that say nearly the same as another",
    "contradictions": "pairs of which another row prefers the other answer",
    "cycles": "preferences that go round in a circle",
}


@dataclass
class Finding:
    name: str
    level: Level
    told: str  # the figures, in words
    advice: str
    rows: int = 0  # that it is about; 0: about the set as a whole
    examples: list[str] = field(default_factory=list)  # ids of rows
    at: int = 0  # where its rows begin in findings.jsonl, in bytes

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"words": WORDS[self.name]}


def facts_of(kind: BuildKind, kept: Kept, notes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What `Findings` will look at, of a row that is made."""
    said: tuple[str, str] | tuple[()] = ()
    if kind == BuildKind.CLASSIFICATION:
        said = (kept.origin, kept.answers[0].content)
    elif kind == BuildKind.UNPAIRED:
        said = ("label", "good" if kept.is_good else "bad")
    return {
        "lengths": [len(each.whole) for each in kept.answers],
        "p_chosen": kept.p_chosen,
        "said": said,
        "flags": sorted({*kept.flags, *_flags(notes)}),
    }


def is_mended(note: Mapping[str, Any]) -> bool:
    """Whether a line of a row's lineage tells what was done to a text, and not what stands in it."""
    return bool(note["what"].startswith(("changed", "masked ")))


def _flags(notes: Iterable[Mapping[str, Any]]) -> set[str]:
    """The steps that found something which stands in the row still."""
    left = [each for each in notes if not is_mended(each)]
    flags = {each["step"] for each in left}
    told = {
        word for each in left if each["step"] == "personal" for word in SECRET.findall(each["what"])
    }
    return flags | ({"secrets"} if told else set())


class Sighting(Struct, frozen=True):
    finding: str
    row: str
    split: str


class Findings:
    """Sees each row as it is written; `report` says what was found, `sightings` of which rows."""

    def __init__(self, kind: BuildKind) -> None:
        self._kind = kind
        self._rows: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = defaultdict(list)
        self._longer: Counter[str] = Counter()  # of pairs: longer, shorter or equal is chosen
        self._classes: dict[str, Counter[str]] = defaultdict(Counter)
        self._noise = 0.0
        self.places: dict[str, int] = {}  # of each finding in the file of all, once that is written

    def see(self, entry: Entry) -> Iterator[Sighting]:
        """Count a row, and name what is to be said about it alone."""
        facts = entry.known()
        self._rows[entry.split] += 1
        for name in self._of(entry, facts):
            self._seen[name] += 1
            if len(self._examples[name]) < EXAMPLES:
                self._examples[name].append(entry.id)
            yield Sighting(name, entry.id, entry.split)

    def _of(self, entry: Entry, facts: Mapping[str, Any]) -> Iterable[str]:
        found = {name for name in facts["flags"] if name in WORDS}
        if self._kind in PAIRS:
            chosen, rejected = facts["lengths"]
            side = "longer" if chosen > rejected else "shorter" if chosen < rejected else "equal"
            self._longer[side] += 1
            self._noise += 1 - facts["p_chosen"]
            if facts["p_chosen"] < UNSURE:
                found.add("unsure")
        if facts["said"]:
            question, answer = facts["said"]
            self._classes[question][answer] += 1
        if entry.judgments == 1:
            found.add("one_judgment")
        return sorted(found)

    def report(self, *, not_drawn: int = 0) -> dict[str, Any]:
        """For the manifest: figures of the whole set, and the findings, the gravest first.

        Args:
            not_drawn: training rows that the mixture did not take.
        """
        grave = {"blocks": 0, "caution": 1, "note": 2}
        found = sorted(
            [*self._findings(), *self._left(not_drawn)],
            key=lambda each: (grave[each.level], -each.rows),
        )
        return {
            "findings": [each.as_json() for each in found],
            "blocks": [each.name for each in found if each.level == "blocks"],
            "length": self._length_figures(),
            "label_noise": self._noise_figures(),
            "classes": {name: dict(each) for name, each in sorted(self._classes.items())},
        }

    def _findings(self) -> Iterator[Finding]:
        yield from self._size()
        yield from self._balance()
        if length := self._length_figures():
            low, high = length["low"], length["high"]
            if low > 0.5 + LEANS or high < 0.5 - LEANS:
                more = "longer" if low > 0.5 else "shorter"
                told = f"the {more} answer is chosen in {length['chosen_longer']:.0%} of pairs"
                advice = "people may reward length alone: see the bias report, or balance by length"
                told = f"{told}; length alone is right in {length['auc']:.0%}"
                yield Finding("length", "caution", told, advice)
        total = sum(self._rows.values())
        plain: Mapping[str, tuple[Level, str]] = {
            "secrets": ("blocks", "a model repeats what it learnt: mask them (cleaning: personal)"),
            "rated_lower": ("caution", "votes and ratings say the opposite; ask the people again"),
            "unsure": ("note", "train with soft labels, or ask more people"),
            "one_judgment": ("note", "one person's word is wrong more often than two people's"),
            "augmented": self._of_augmented(),
            **OF_CLEANING,
        }
        for name, count in self._seen.items():
            level, advice = plain[name]
            told = f"{count:,} of {total:,} rows ({count / total:.1%})"
            at = self.places.get(name, 0)
            yield Finding(name, level, told, advice, count, self._examples[name], at)

    def _left(self, not_drawn: int) -> Iterator[Finding]:
        there = self._rows[Split.TRAIN] + not_drawn
        if not_drawn > MUCH_LEFT * there:
            told = f"{not_drawn:,} of {there:,} training rows ({not_drawn / there:.0%})"
            advice = "one part has too few rows for its share: give it a smaller one, or more rows"
            yield Finding("not_drawn", "caution", told, advice)

    def _of_augmented(self) -> tuple[Level, str]:
        made = self._seen["augmented"]
        people = self._rows[Split.TRAIN] - made
        if made >= MANY_AUGMENTED * people:
            return "caution", "look at many of them, train without them too, and compare"
        return "note", "look at some of them before you train"

    def _size(self) -> Iterator[Finding]:
        if self._kind not in ADVICE:
            return
        train = self._rows[Split.TRAIN] - self._seen["augmented"]  # no row adds what is not known
        watched = self._rows[Split.VALIDATION]
        least, advice = ADVICE[self._kind]
        if train < LEAST_TO_LEARN:
            told = f"{train:,} training rows"
            yield Finding("nothing_to_learn", "blocks", told, "judge more prompts first")
        elif train < least:
            yield Finding("few_rows", "caution", f"{train:,} training rows", advice)
        if watched < LEAST_TO_WATCH:
            told, advice = f"{watched:,} validation rows", "fix the number of steps instead"
            yield Finding("few_to_watch", "note", told, advice)

    def _balance(self) -> Iterator[Finding]:
        for question, classes in sorted(self._classes.items()):
            most, count = classes.most_common(1)[0]
            share = count / classes.total()
            if share >= ONE_SIDED and classes.total() >= LEAST_TO_LEARN:
                told = f"{share:.0%} of the rows on “{question}” say “{most}”"
                advice = (
                    "a model that always says so is right as often; add the others, or weigh them"
                )
                yield Finding("lopsided", "caution", told, advice)

    def _length_figures(self) -> dict[str, Any]:
        """Of pairs: how often the longer one is chosen, and how often length alone is right (the area
        under its curve: equal lengths count half).
        """
        total = self._longer.total()
        if not total:
            return {}
        longer, equal = self._longer["longer"], self._longer["equal"]
        share, auc = wilson(longer, total), (longer + equal / 2) / total
        told = {"chosen_longer": share.value, "low": share.low, "high": share.high, "auc": auc}
        return {name: round(value or 0, 4) for name, value in told.items()} | {"pairs": total}

    def _noise_figures(self) -> dict[str, Any]:
        """Of pairs: the share that is expected to be the wrong way round, by p_chosen itself."""
        total = self._longer.total()
        return {"expected": round(self._noise / total, 4), "pairs": total} if total else {}
