"""From judgments, prompts or a person to every build, run, model, evaluation and promotion they touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from evalhub.accounts.models import Member, Workspace
from evalhub.common.files import Beat, unwatched
from evalhub.datasets.behind import Found, Ints, Kind, found_in, key_of_text, keys_of
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.rows import prompt_uid
from evalhub.evaluation.models import Evaluation, Promotion
from evalhub.judgments.models import Judgment
from evalhub.lineage.access import Subject
from evalhub.prompts.models import Prompt
from evalhub.prompts.queries import written_from
from evalhub.registry.models import LanguageModel, Stage
from evalhub.runs.models import Run


@dataclass(frozen=True)
class TouchedBuild:
    build: DatasetBuild
    found: Found

    @property
    def files(self) -> list[tuple[str, int]]:
        return [(name.removesuffix(".jsonl"), count) for name, count in self.found.files.items()]

    @property
    def digests(self) -> set[str]:
        """Of the files that hold such rows, there or erased."""
        known = self.build.erased_files | self.build.files
        return {known[name]["sha256"] for name in self.found.files if name in known}


LEARNT = {"train.jsonl", "validation.jsonl"}  # files of a build that training reads


@dataclass(frozen=True)
class TouchedModel:
    model: LanguageModel
    through: str  # "trained on it" or the name of the model that it comes from

    @property
    def rounds(self) -> list[Any]:
        """Rounds, of an app above, that its training was of."""
        run = getattr(self.model, "made_by", None)  # a reverse one-to-one that may be absent
        return list(run.rounds.all()) if run else []


@dataclass(frozen=True)
class Touched:
    """`tested` are evaluations on rows of it; `evaluations` those and the ones of its models."""

    builds: list[TouchedBuild]
    runs: list[Run]
    models: list[TouchedModel]
    evaluations: list[Evaluation]
    tested: list[Evaluation]
    promotions: list[Promotion]

    @property
    def in_service(self) -> list[LanguageModel]:
        return [each.model for each in self.models if each.model.stage == Stage.INCUMBENT]

    @property
    def resting(self) -> int:
        return sum(each.found.resting for each in self.builds)


def touched_by(subject: Subject, beat: Beat = unwatched) -> Touched:
    """What a judgment, all judgments on a prompt, or all of a member went into.

    With a prompt goes what was written anew from it.
    """
    if isinstance(subject, Prompt):
        return touched_by_prompts(subject.workspace, [subject, *written_from(subject)], beat)
    if isinstance(subject, Member):
        return touched_by_judgments(subject.workspace, _said_by(subject), beat)
    return touched_by_judgments(subject.workspace, [subject.uid], beat)


def touched_by_judgments(
    workspace: Workspace, uids: Iterable[UUID], beat: Beat = unwatched
) -> Touched:
    return _touched(workspace, "judgments", keys_of(uids), beat)


def touched_by_prompts(
    workspace: Workspace, prompts: Iterable[Prompt], beat: Beat = unwatched
) -> Touched:
    """Also where a prompt was only asked, for what is measured on generated answers."""
    found = list(prompts)
    keys = keys_of(each.uid for each in found)
    asked = {key_of_text(prompt_uid(each.messages)) for each in found}
    return _touched(workspace, "prompts", _with(keys, asked), beat)


def _with(keys: Ints, more: set[int]) -> Ints:
    import numpy as np

    return np.union1d(keys, np.array(sorted(more), np.int64))


def _said_by(member: Member) -> Iterator[UUID]:
    said = Judgment.objects.filter(workspace=member.workspace_id, member=member).order_by()
    with transaction.atomic():  # a server-side cursor lives in a transaction
        yield from said.values_list("uid", flat=True).iterator(chunk_size=5000)


def _touched(workspace: Workspace, kind: Kind, wanted: Ints, beat: Beat) -> Touched:
    builds = []
    made = DatasetBuild.objects.filter(workspace=workspace).exclude(digest="").order_by("-pk")
    for build in made.select_related("dataset").prefetch_related("rounds__loop"):
        beat()
        if (found := found_in(build, kind, wanted)).uids:
            builds.append(TouchedBuild(build, found))
    runs = _runs_on(builds)
    models = models_of(runs, outside=_trained_outside(builds))
    evaluations = Evaluation.objects.select_related("model", "run").order_by("-pk")
    keys = [each.model.pk for each in models]
    tested = list(evaluations.filter(run__in=[run.pk for run in runs]))
    measured = list(evaluations.filter(model__in=keys).exclude(pk__in=[each.pk for each in tested]))
    promotions = Promotion.objects.filter(model__in=keys).select_related("model")
    return Touched(builds, runs, models, tested + measured, tested, list(promotions))


def _runs_on(builds: list[TouchedBuild]) -> list[Run]:
    """Those that were given a file with such rows: a row for training touches no test."""
    digests = {digest for each in builds for digest in each.digests}
    runs = Run.objects.filter(builds__in=[each.build.pk for each in builds]).distinct()
    return [
        run
        for run in runs.select_related("output_model", "job")
        .prefetch_related("rounds__loop")
        .order_by("-pk")
        if digests & {file["sha256"] for file in run.spec.get("inputs", {}).values()}
    ]


def _trained_outside(builds: list[TouchedBuild]) -> list[LanguageModel]:
    """Registered with one of those builds as their data: such rows were there to be learnt."""
    given = [each.build.pk for each in builds if LEARNT & set(each.found.files)]
    return outside_models(given)


def outside_models(builds: Iterable[int]) -> list[LanguageModel]:
    """Adapters that were trained elsewhere on a build of those keys."""
    found = LanguageModel.objects.filter(outside_training__build__in=builds)
    return list(found.order_by("-pk"))


def models_of(runs: list[Run], *, outside: Iterable[LanguageModel] = ()) -> list[TouchedModel]:
    """What the runs made, and whatever comes from it: trained further, merged, served elsewhere, taught by it.

    Args:
        outside: models that learned from the same rows without a run of ours.
    """
    made = [run.output_model for run in runs if run.output_model is not None]
    found = {model.pk: TouchedModel(model, "trained on it") for model in (*made, *outside)}
    level = [each.model for each in found.values()]
    while level:
        children = LanguageModel.objects.filter(parent__in=[each.pk for each in level])
        fresh = [
            TouchedModel(each, f"comes from {each.parent}")
            for each in children.select_related("parent")
        ]
        fresh = [each for each in (*fresh, *_taught_by(level)) if each.model.pk not in found]
        found |= {each.model.pk: each for each in fresh}
        level = [each.model for each in fresh]
    return list(found.values())


def _taught_by(teachers: list[LanguageModel]) -> list[TouchedModel]:
    by_uid = {str(each.uid): each for each in teachers}
    runs = Run.objects.filter(spec__teacher__in=list(by_uid)).exclude(output_model=None)
    return [
        TouchedModel(run.adapter, f"learnt from {by_uid[run.spec['teacher']]}")
        for run in runs.select_related("output_model").order_by("pk")
    ]


def as_json(touched: Touched) -> dict[str, Any]:
    """For the API, commands, and the record of a decision."""
    return {
        "builds": [
            {
                "build": str(each.build.uid),
                "dataset": each.build.dataset.name,
                "rounds": [str(round_.uid) for round_ in each.build.rounds.all()],
                "rows": each.found.files,
                "rows_resting_on_it": each.found.resting,
                "rows_shared_with_others": each.found.shared,
            }
            for each in touched.builds
        ],
        "runs": [
            {
                "run": str(run.uid),
                "recipe": run.recipe,
                "rounds": [str(round_.uid) for round_ in run.rounds.all()],
            }
            for run in touched.runs
        ],
        "models": [
            {
                "model": str(each.model.uid),
                "name": each.model.name,
                "through": each.through,
                "stage": each.model.stage,
            }
            for each in touched.models
        ],
        "evaluations": [str(each.uid) for each in touched.evaluations],
        "promotions": [
            {"promotion": str(each.uid), "model": each.model.name, "decision": each.decision}
            for each in touched.promotions
        ],
    }
