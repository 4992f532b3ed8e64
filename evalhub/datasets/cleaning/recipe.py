"""The steps that one text goes through, in order, and what they find. A function of text alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import msgspec

from evalhub.common.canonical import digest_of
from evalhub.common.personal_data import Found, Kind, find_personal_data, masked
from evalhub.datasets.cleaning.answers import is_refusal, is_truncated
from evalhub.datasets.cleaning.entities import entities_of
from evalhub.datasets.cleaning.language import can_detect, language_of
from evalhub.datasets.cleaning.normal import NORMAL
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.cleaning.repairs import mend_unicode, neutralise_tokens, tidy_space
from evalhub.datasets.cleaning.spelling import corrected
from evalhub.datasets.cleaning.unsafe import Check, WordList, installed_check
from evalhub.datasets.errors import CleaningNotReady

VERSIONS = {
    "unicode": 1,
    "white_space": 1,
    "control_tokens": 1,
    "normalise": 1,
    "spelling": 1,
    "personal": 1,
    "unsafe": 1,
    "language": 3,
    "refused": 1,
    "truncated": 1,
    "off_topic": 1,
    "outliers": 1,
    "near_duplicates": 1,
    "contradictions": 1,
    "cycles": 1,
}
# What each kind of personal data has something of: a quick look, as few texts have any
_SIGNS: dict[re.Pattern[str], tuple[Kind, ...]] = {
    re.compile("@"): ("email",),
    re.compile(r"\d(?:\D{0,6}\d){6}"): ("card", "iban", "phone"),
    re.compile(r"\d\.\d{1,3}\.\d|:[0-9A-Fa-f]{0,4}:"): ("ip",),
    re.compile(r"[-_][\w-]{10}|AKIA|AIza|eyJ|PRIVATE KEY"): ("key",),
}
_ROUNDS = 8  # of the repairs, until none of them changes anything; two are the rule

Role = Literal["prompt", "answer", "call"]  # call: a text in an argument, which is often code


class Finding(NamedTuple):
    step: str
    what: str  # in words; never personal data itself


class CleanText(NamedTuple):
    text: str
    findings: list[Finding]


@dataclass
class Recipe:
    """What is done to texts of one role. `digest` names it: other options, another digest.

    Args:
        accepted: corrections of spelling that a person accepted.

    Raises:
        CleaningNotReady: what finds names and the like, or what rows are to be left out by, is not there.
    """

    options: Cleaning
    role: Role
    accepted: Mapping[str, str] = field(default_factory=dict)
    digest: str = field(init=False)
    steps: list[str] = field(init=False)  # that are run
    not_run: dict[str, str] = field(init=False)  # step -> why, though it was asked for

    def __post_init__(self) -> None:
        options = self.options
        self._words = WordList(options.unsafe_words)
        checks = {name: installed_check(name) for name in options.unsafe_checks}
        self._checks: dict[str, Check] = {name: each for name, each in checks.items() if each}
        self.entities = entities_of(options)
        self.not_run = {}
        if missing := sorted(checks.keys() - self._checks.keys()):
            self._does_not_run("unsafe", f"no plug-in {', '.join(missing)} is installed")
        if options.language != "off" and options.languages and not can_detect():
            self._does_not_run("language", "the extra “language” is not installed")
        self._repairs = self._chosen_repairs()
        self.steps = [*(name for name, _ in self._repairs), *self._looks()]
        self.digest = digest_of(
            [
                self.role,
                [[each, VERSIONS[each]] for each in self.steps],
                [sorted(options.unsafe_words), sorted(self._checks), sorted(options.languages)],
                [options.personal == "mask", sorted(options.normalise), options.reading],
                sorted(self.accepted.items()),
                *([self.entities.told] if self.entities else []),
            ]
        )[:16]

    def _does_not_run(self, step: str, why: str) -> None:
        """Where rows would be left out by it, a build without it holds other rows: there is none."""
        if getattr(self.options, step) == "leave_out":
            raise CleaningNotReady(
                f"cleaning.{step} leaves rows out, and cannot look here: {why} on this worker. Install "
                f"it there, or let cleaning.{step} report."
            )
        self.not_run[step] = why

    def clean(self, texts: Sequence[str]) -> list[CleanText]:
        """Each text, mended, with what was done to it and found in it."""
        cleaned = [self._one(text) for text in texts]
        for name in sorted(self._checks) if "unsafe" in self.steps else ():
            said = self._checks[name]([each.text for each in cleaned])
            for each, word in zip(cleaned, said, strict=True):
                if word:
                    each.findings.append(Finding("unsafe", f"{word} ({name})"))
        return cleaned

    def _chosen_repairs(self) -> list[tuple[str, Callable[[str], str]]]:
        options = self.options
        chosen: list[tuple[str, Callable[[str], str]]] = []
        if options.unicode:
            chosen.append(("unicode", mend_unicode))
        is_prose = self.role != "call"
        if options.white_space and is_prose:
            chosen.append(("white_space", tidy_space))
        if options.control_tokens:
            chosen.append(("control_tokens", neutralise_tokens))
        if options.normalise and is_prose:
            chosen.append(("normalise", self._normalised))
        if self.accepted and is_prose:
            chosen.append(("spelling", lambda text: corrected(text, self.accepted)))
        return chosen

    def _normalised(self, text: str) -> str:
        for name in sorted(self.options.normalise):
            text = NORMAL[name](text, self.options.reading)
        return text

    def _looks(self) -> list[str]:
        options, is_answer = self.options, self.role == "answer"
        asked = {
            "personal": options.personal != "off",
            "unsafe": options.unsafe != "off",
            "language": self.role != "call"
            and options.language != "off"
            and bool(options.languages),
            "refused": is_answer and options.refused != "off",
            "truncated": is_answer and options.truncated != "off",
        }
        is_missing = "language" in self.not_run
        return [
            name
            for name, wanted in asked.items()
            if wanted and not (name == "language" and is_missing)
        ]

    def _one(self, given: str) -> CleanText:
        text, done = given, dict[str, None]()
        for _ in range(_ROUNDS):
            before = text
            for name, repair in self._repairs:
                changed = repair(text)
                if changed != text:
                    text, done[name] = changed, None
            if text == before:
                break
        findings = [Finding(name, "changed") for name in done]
        if "personal" in self.steps:
            text = self._personal(text, findings)
        if "unsafe" in self.steps:
            findings += [Finding("unsafe", f"“{each}”") for each in self._words.of(text)]
        if "language" in self.steps:
            found = language_of(text, expected=self.options.languages)
            if found and found not in self.options.languages:
                findings.append(Finding("language", found))
        if "refused" in self.steps and is_refusal(text):
            findings.append(Finding("refused", "declines"))
        if "truncated" in self.steps and is_truncated(text):
            findings.append(Finding("truncated", "ends within a sentence or within code"))
        return CleanText(text, findings)

    def _personal(self, text: str, findings: list[Finding]) -> str:
        found = self._found_personal(text)
        if not found:
            return text
        without = masked(text, found)
        masks = self.options.personal == "mask"
        for kind, count in sorted(without.counts.items()):
            what = f"{count} × {kind}"
            findings.append(Finding("personal", f"masked {what}" if masks else what))
        return without.text if masks else text

    def _found_personal(self, text: str) -> list[Found]:
        """What the patterns find, and between that the entities that are asked for."""
        kinds = [kind for sign, some in _SIGNS.items() if sign.search(text) for kind in some]
        found = find_personal_data(text, kinds) if kinds else []
        if self.entities is None:
            return found
        more = [
            each
            for each in self.entities.find(text)
            if all(each.end <= other.start or other.end <= each.start for other in found)
        ]
        return sorted([*found, *more], key=lambda each: each.start)


def encoded(cleaned: CleanText, given: str) -> tuple[str | None, list[list[str]]]:
    """As it is stored: the text only where it changed."""
    return None if cleaned.text == given else cleaned.text, [
        list(each) for each in cleaned.findings
    ]


def decoded(text: str | None, findings: list[list[str]], given: str) -> CleanText:
    return CleanText(given if text is None else text, msgspec.convert(findings, list[Finding]))
