"""Names, places and whatever else Presidio knows in a text: workers only, with the extra `privacy`."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from evalhub.common.personal_data import Found
from evalhub.datasets.cleaning.code import blanked_code
from evalhub.datasets.cleaning.language import can_detect, language_of
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.errors import CleaningNotReady

if TYPE_CHECKING:
    from presidio_analyzer import AnalyzerEngine
    from spacy.language import Language

AT_ONCE = 20_000  # characters: what spaCy needs of memory grows with a text's length
_MASK = re.compile(r"\[[A-Z][A-Z_]*\]")  # what an import has masked: “EMAIL” is no organisation
_OF_MODEL = {
    "PER": "PERSON",
    "PERSON": "PERSON",
    "LOC": "LOCATION",
    "GPE": "LOCATION",
    "ORG": "ORGANIZATION",
    "NORP": "NRP",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
}  # labels of spaCy's models: Presidio's names; others are not personal


class Pipe(NamedTuple):
    """What reads one language. `told` names it with its version."""

    nlp: Language
    told: str
    labels: frozenset[str]


class Entities:
    """Finds what `cleaning.entities` asks for. `told` states by what, for the manifest and the recipe."""

    def __init__(self, options: Cleaning) -> None:
        self._options = options
        pipes = _pipes(tuple(sorted(options.entity_models.items())))
        self._languages = list(pipes)
        self._engine = _engine(tuple(sorted(options.entity_models.items())))
        self._asked = self._known(pipes)
        self.told = {
            "engine": "presidio-analyzer",
            "version": version("presidio-analyzer"),
            "spacy": version("spacy"),
            "models": {code: pipe.told for code, pipe in sorted(pipes.items())},
            "entities": sorted(set(options.entities)),
            "sure_from": options.entities_from,
        }
        if len(pipes) > 1:
            self.told["language_by"] = f"lingua {version('lingua-language-detector')}"

    def find(self, text: str) -> list[Found]:
        """What stands where, in the order of the text; no two overlap, and none lies in code."""
        languages = self._languages_of(text)
        prose = blanked_code(text)
        found = [
            each
            for start, piece in _pieces(prose)
            for language in languages
            for each in self._analyzed(piece, language, start)
        ]
        return _apart(found, prose)

    def _analyzed(self, piece: str, language: str, start: int) -> Iterator[tuple[float, Found]]:
        asked = self._asked[language]
        if not asked or not piece.strip():
            return
        for each in self._engine.analyze(
            piece, language=language, entities=asked, score_threshold=self._options.entities_from
        ):
            kind = each.entity_type.lower()
            yield each.score, Found(kind, start + each.start, start + each.end)

    def _languages_of(self, text: str) -> Sequence[str]:
        """All where the text is too short to tell; none where it is in another language."""
        if len(self._languages) == 1:
            return self._languages
        code = language_of(text, expected=self._languages)
        if code is None:
            return self._languages
        return [code] if code in self._languages else ()

    def _known(self, pipes: Mapping[str, Pipe]) -> dict[str, list[str]]:
        """By language the entities that are asked for and that something there finds."""
        asked, known = set(self._options.entities), {}
        for language, pipe in pipes.items():
            by_patterns = {
                entity
                for each in self._engine.get_recognizers(language)
                if each.name != "SpacyRecognizer"
                for entity in each.get_supported_entities()
            }
            by_model = {_OF_MODEL[label] for label in pipe.labels if label in _OF_MODEL}
            known[language] = sorted(asked & (by_patterns | by_model))
        if missing := sorted(asked - {each for found in known.values() for each in found}):
            by_some_model = sorted(set(_OF_MODEL.values()) & set(missing))
            remedy = (
                "name a spaCy model in cleaning.entity_models, "
                'as in {"en": "en_core_web_sm"}, that knows them'
                if by_some_model
                else "leave them out, or see Presidio’s list of entities"
            )
            raise CleaningNotReady(
                f"cleaning.entities asks for {', '.join(missing)}, which nothing here finds: {remedy}."
            )
        return known


def entities_of(options: Cleaning) -> Entities | None:
    """What finds the entities that are asked for; None where none are.

    Raises:
        CleaningNotReady: the extra, a model, or its version is not there; names the field and the remedy.
    """
    if not options.entities or options.personal == "off":
        return None
    if find_spec("presidio_analyzer") is None or find_spec("spacy") is None:
        raise CleaningNotReady(
            f"cleaning.entities asks for {', '.join(options.entities)}, and Presidio is not installed "
            "on this worker: pip install “evalhub[privacy]” there, or leave cleaning.entities empty."
        )
    if len(options.entity_models) > 1 and not can_detect():
        raise CleaningNotReady(
            "cleaning.entity_models names several languages, and nothing here tells them apart: "
            "pip install “evalhub[language]” on the worker, or name one model."
        )
    return Entities(options)


@lru_cache(maxsize=2)
def _engine(models: tuple[tuple[str, str], ...]) -> AnalyzerEngine:
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine

    # It tells of each recogniser that it loads, and warns of each that is for another language
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    pipes = _pipes(models)
    labels = {label for pipe in pipes.values() for label in pipe.labels}
    nlp = SpacyNlpEngine(
        ner_model_configuration=NerModelConfiguration(
            labels_to_ignore=sorted(labels - _OF_MODEL.keys()),
            model_to_presidio_entity_mapping=_OF_MODEL,
        )
    )
    nlp.nlp = {code: pipe.nlp for code, pipe in pipes.items()}  # its own load() would download
    registry = RecognizerRegistry(supported_languages=list(pipes))
    registry.load_predefined_recognizers(languages=list(pipes), nlp_engine=nlp)
    return AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=list(pipes))


@lru_cache(maxsize=2)
def _pipes(models: tuple[tuple[str, str], ...]) -> dict[str, Pipe]:
    import spacy

    if not models:
        return {"en": Pipe(spacy.blank("en"), "none: patterns alone", frozenset())}
    return {code: _pipe(code, asked) for code, asked in models}


def _pipe(code: str, asked: str) -> Pipe:
    """A model by its name, or by `name==version`."""
    import spacy

    name, _, wanted = asked.partition("==")
    if not spacy.util.is_package(name):
        raise CleaningNotReady(
            f"cleaning.entity_models names {name}, which is not installed on this worker: "
            f"python -m spacy download {name} there, or name another model."
        )
    nlp = spacy.load(name, exclude=["parser", "senter"])  # of sentences nobody asks here
    found = str(nlp.meta["version"])
    if wanted and wanted != found:
        raise CleaningNotReady(
            f"cleaning.entity_models asks for {name} {wanted}, and version {found} is installed on "
            "this worker: install the one that is asked for, or ask for the other."
        )
    if nlp.meta["lang"] not in (code, "xx"):
        raise CleaningNotReady(
            f"cleaning.entity_models has {name} under {code}, and it reads {nlp.meta['lang']}."
        )
    by_pipe = nlp.pipe_labels
    labels = (label for pipe in ("ner", "entity_ruler") for label in by_pipe.get(pipe, []))
    return Pipe(nlp, f"{name} {found}", frozenset(labels))


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Where each piece of at most AT_ONCE characters begins, cut at white space where there is any."""
    start = 0
    while start < len(text):
        end = min(start + AT_ONCE, len(text))
        if end < len(text):
            blank = max(text.rfind(each, start, end) for each in " \n\t")
            end = blank + 1 if blank > start else end
        yield start, text[start:end]
        start = end


def _apart(found: Sequence[tuple[float, Found]], text: str) -> list[Found]:
    """Of those that overlap the surest, then the longest, then the first."""
    taken = bytearray(len(text))
    for mask in _MASK.finditer(text):
        taken[mask.start() : mask.end()] = b"\x01" * (mask.end() - mask.start())
    kept = []
    ordered = sorted(
        found, key=lambda each: (-each[0], each[1].start - each[1].end, each[1].start, each[1].kind)
    )
    for _, each in ordered:
        if each.end > each.start and not any(taken[each.start : each.end]):
            taken[each.start : each.end] = b"\x01" * (each.end - each.start)
            kept.append(each)
    return sorted(kept, key=lambda each: each.start)


def told_in_words(told: Mapping[str, Any]) -> str:
    """For the card and the page: by what, in which version, with which models."""
    models = ", ".join(f"{code}: {name}" for code, name in told["models"].items())
    return f"{told['engine']} {told['version']} on spaCy {told['spacy']} ({models})"
