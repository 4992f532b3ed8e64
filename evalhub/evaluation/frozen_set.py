"""What models are measured on: the test split of frozen builds or a benchmark, named by one digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.common.canonical import digest_of
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.evaluation.errors import NothingToMeasure
from evalhub.evaluation.models import Benchmark
from evalhub.registry.models import LanguageModel
from evalhub.runs.demands import checked_options
from evalhub.runs.inputs import FileRef, build_file
from evalhub.runs.models import Recipe

FILES = {  # input of the recipe: (kind of build, its file)
    "texts": (BuildKind.SFT, "test.jsonl"),
    "prompts": (BuildKind.SFT, "prompts.jsonl"),
    "pairs": (BuildKind.PREFERENCE, "test.jsonl"),
}
TECHNICAL = ("batch_size", "threads", "allow_dropped")  # options that change no figure
JUDGED = (BuildKind.PREFERENCE, BuildKind.REWARD)  # whose test rows are pairs for a reward model


def names_in(text: str) -> list[str]:
    """The names that somebody wrote with commas between them."""
    return [name for each in text.split(",") if (name := each.strip())]


@dataclass(frozen=True)
class FrozenSet:
    """Files by the name that the evaluate recipe gives them.

    The digest covers their bytes, hence ids and contents of all rows, the settings of decoding, and the
    reward model: figures are only compared where all are equal. An option that is written out as its
    default, or changes no figure, is not in it.
    """

    inputs: dict[str, FileRef]
    options: dict[str, Any]
    rewarder: LanguageModel | None = None  # gives the answers rewards

    @property
    def digest(self) -> str:
        """Raise BadSpec for an option that the recipe evaluate does not know, or that means nothing."""
        files = {name: file.sha256 for name, file in self.inputs.items()}
        named: dict[str, Any] = {"files": files, "options": _telling(self.options)}
        if self.rewarder is not None:
            named["rewarder"] = self.rewarder.digest or str(self.rewarder.uid)
        return digest_of(named)


def frozen_set(
    builds: Sequence[DatasetBuild],
    options: Mapping[str, Any],
    *,
    benchmark: Benchmark | None = None,
    rewarder: LanguageModel | None = None,
) -> FrozenSet:
    """What a model that writes answers is measured on.

    Of a benchmark all rows, of builds those of the test split; tasks of a harness are named in `options`.

    Raises:
        NothingToMeasure: builds and a benchmark together, or none of both and no tasks; a reward build; no
            build has such rows.
    """
    if benchmark is not None and builds:
        raise NothingToMeasure(
            "A benchmark is measured on by itself: name it, or builds, not both."
        )
    if benchmark is not None:
        rows = FileRef(benchmark.key, benchmark.digest)
        return FrozenSet({"prompts": rows}, dict(options), rewarder)
    if not builds and not options.get("harness"):
        raise NothingToMeasure(
            "Name what to measure on: a build, a benchmark, or tasks of lm-evaluation-harness."
        )
    for build in builds:
        if build.kind == BuildKind.REWARD:
            raise NothingToMeasure(
                f"{build} is a reward build, whose pairs are for reward models: a model that writes answers is "
                "measured on the pairs of a preference build. Name one of those, or leave it out."
            )
    inputs = {}
    for name, (kind, file) in FILES.items():
        for build in builds:
            if build.kind == kind and build.rows.get("test") and (found := build_file(build, file)):
                inputs[name] = found
    if builds and not inputs:
        raise NothingToMeasure(
            "The builds have no row in the test split, so there is nothing to measure a model on. "
            "One prompt group in ten is drawn for it: judge more prompts, then build again."
        )
    return FrozenSet(inputs, dict(options), rewarder)


def judged_set(builds: Sequence[DatasetBuild], options: Mapping[str, Any]) -> FrozenSet:
    """What a reward model is measured on: the pairs of a test split.

    Raises:
        NothingToMeasure: it is not one build of pairs, or has none.
    """
    pairs = None
    if len(builds) == 1 and builds[0].kind in JUDGED and builds[0].rows.get("test"):
        pairs = build_file(builds[0], "test.jsonl")
    if pairs is None:
        raise NothingToMeasure(
            "A reward model writes no answers and is measured on held-out pairs: name one preference or reward "
            "build with rows in its test split, and nothing else."
        )
    return FrozenSet({"pairs": pairs}, dict(options))


def _telling(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those that say something: an option that is new one day must not make new sets of old ones."""
    chosen = vars(checked_options(Recipe.EVALUATE.value, 0, dict(options)))
    defaults = vars(checked_options(Recipe.EVALUATE.value, 0, {}))
    return {
        name: value
        for name, value in chosen.items()
        if name not in TECHNICAL and value != defaults[name]
    }
