"""What a run was told, in a form that every target reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from evalhub.datasets.models import DatasetBuild
from evalhub.registry.files import NEEDED, folder_of, is_stored
from evalhub.registry.models import LanguageModel
from evalhub.runs.errors import CannotExportRun
from evalhub.runs.models import TRAINING, Recipe, Run
from training.contract import OPTIONS, TrainOptions

BASE, ADAPTER, DATA, OUTPUT = "./base", "adapter", "data", "out"  # beside the exported file
JUDGE, JUDGE_BASE = "reward", "./reward-base"
USUAL_LENGTH = 2048  # tokens, where a target wants a number and the model names none
TEN_TIMES = 0.1  # share of all steps: how often is looked and saved where a run does not say


@dataclass(frozen=True)
class Exportable:
    """A run that trains. `source` names no place of this machine."""

    run: Run
    build: DatasetBuild
    base: LanguageModel
    options: TrainOptions
    splits: tuple[str, ...]
    judge: LanguageModel | None = None  # the reward model of rloo

    @property
    def recipe(self) -> str:
        return self.run.recipe

    @property
    def seed(self) -> int:
        return int(self.run.spec["seed"])

    @property
    def source(self) -> str:
        """The base's hub id, or where its files shall be put."""
        return _named(self.base.source, or_place=BASE)

    @property
    def judge_source(self) -> str:
        """The same of the reward model's base, which mostly is that base."""
        if self.judge is None or self.judge.base == self.base:
            return self.source
        return _named(self.judge.base.source, or_place=JUDGE_BASE)

    @property
    def goes_on(self) -> bool:
        """Whether an adapter is trained further."""
        return self.run.starts_from.is_adapter

    @property
    def trains_all(self) -> bool:
        return self.options.is_whole

    @property
    def rows_each(self) -> int:
        """That a device reads of a batch: other trainers count them so."""
        return max(1, self.options.batch_size // self.options.devices)

    @property
    def evaluates(self) -> bool:
        return "validation" in self.splits

    @property
    def modules(self) -> str | list[str]:
        named = self.options.target_modules
        return named if named == "all-linear" else [each.strip() for each in named.split(",")]

    @property
    def eval_steps(self) -> int | float:
        return self.options.evaluate_every or TEN_TIMES

    @property
    def save_steps(self) -> int | float:
        """With patience wherever is looked, because the best must have been kept."""
        if self.options.patience:
            return self.eval_steps
        return self.options.checkpoint_every or TEN_TIMES

    def asks(self, name: str) -> Any:  # Any: options differ by recipe
        """An option that only some recipes have; None elsewhere."""
        return getattr(self.options, name, None)


def _named(source: str, *, or_place: str) -> str:
    return or_place if folder_of(source) or is_stored(source) else source


@dataclass
class Exported:
    """A file for another trainer, and in sentences what of the run it does not hold."""

    filename: str
    shape: str  # of the data beside it
    text: str = ""
    unheld: list[str] = field(default_factory=list)


def exportable(run: Run) -> Exportable:
    """Raise CannotExportRun for a run that trains nothing, or learned from no build."""
    if run.recipe not in TRAINING or run.model is None:
        raise CannotExportRun(
            f"A run of the recipe {run.recipe} trains nothing; {', '.join(TRAINING)} can be exported."
        )
    build = run.learnt_builds.order_by("pk").first()
    if build is None:
        raise CannotExportRun("This run learned from no build, so there is no data to go with it.")
    options = OPTIONS[run.recipe].of(run.spec["options"])
    if not isinstance(options, TrainOptions):
        raise TypeError(f"{run.recipe} has no options for training")
    splits = tuple(name for name in ("train", "validation") if name in run.spec["inputs"])
    judge = run.teacher if run.recipe == Recipe.RLOO else None
    return Exportable(run, build, run.model.base, options, splits, judge)


def demand_no_judge(spec: Exportable, trainer: str) -> None:
    """Raise CannotExportRun for a run against a reward model."""
    if spec.judge is not None:
        raise CannotExportRun(
            f"rloo learns from a reward model of evalhub, which {trainer}’s settings cannot name; export it as trl."
        )


def length_of(spec: Exportable) -> int:
    """The tokens that a row may have, as a number."""
    if spec.options.max_length:
        return spec.options.max_length
    folder = folder_of(spec.base.source)
    if folder is None:
        return USUAL_LENGTH
    config = json.loads((folder / NEEDED).read_text("utf-8"))
    return int(config.get("max_position_embeddings") or USUAL_LENGTH)


def on_devices(spec: Exportable, command: str) -> str:
    """How a trainer is started that takes every device it sees."""
    seen = ",".join(map(str, range(spec.options.devices)))
    return f"CUDA_VISIBLE_DEVICES={seen} {command}" if spec.options.devices > 1 else command


def unknown_to(spec: Exportable, held: set[str]) -> list[str]:
    """The run's own settings for which a target has neither a place nor a sentence."""
    default = asdict(OPTIONS[spec.recipe]())
    given = asdict(spec.options)
    return [
        f"{name}: {given[name]!r} has no counterpart here."
        for name in sorted(given)
        if name not in held and given[name] != default[name]
    ]


def header(spec: Exportable, made: Exported, *, how: str) -> str:
    """Comment lines: what it is, what must lie beside it, and what it does not hold."""
    lines = [
        f"{spec.recipe.upper()} on {quoted(spec.base.name)}, with the settings of evalhub's run",
        f"{spec.run.uid}.",
        f"Start it with: {how}",
        "",
        f"Data: {quoted(str(spec.build.dataset))}, build {spec.build.digest}, in {DATA}/, written by",
        f"  manage.py export_build --build {spec.build.digest} --shape {made.shape} --format jsonl \\",
        f"    --split train --split validation --output {DATA}",
    ]
    if spec.source == BASE:
        lines.append(f"Base: put the files of {quoted(spec.base.name)} into {BASE}.")
    if spec.goes_on:
        lines.append(
            f"Adapter to go on from: put the files of {quoted(spec.run.starts_from.name)} into "
            f"{ADAPTER}/; its rank and modules are in there."
        )
    if spec.judge is not None:
        lines.append(f"Reward model: put the files of {quoted(spec.judge.name)} into {JUDGE}/.")
        if spec.judge_source == JUDGE_BASE:
            lines.append(f"Its base: put {quoted(spec.judge.base.name)} into {JUDGE_BASE}.")
    lines += ["", "Not the same as in evalhub:", *(f"- {each}" for each in made.unheld)]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def quoted(text: str) -> str:
    """What people wrote, on one line, so that it stays inside a comment."""
    return json.dumps(text)
