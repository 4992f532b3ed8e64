"""What of a complaint a model was trained on; in a worker, as it reads files of builds."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from evalhub.datasets.behind import Kind, key_of, keys_behind, keys_of
from evalhub.datasets.models import DatasetBuild
from evalhub.followups.choices import Learnt
from evalhub.prompts.models import Prompt
from evalhub.registry.models import LanguageModel
from evalhub.runs.models import Run

TRAINED_ON = "train.jsonl"


class Memory:
    """The judgments and prompt groups behind the rows that a model, or one that it continues, was trained on."""

    def __init__(self, model: LanguageModel, judgments: Iterable[UUID], groups: set[int]) -> None:
        builds = builds_behind(model)
        self._judgments = _behind(builds, "judgments", judgments)
        prompts = dict(_prompts_of(groups))
        met = _behind(builds, "prompts", prompts)
        self._groups = {group for prompt, group in prompts.items() if key_of(prompt) in met}

    def of(self, judgment: UUID, group: int) -> Learnt:
        if key_of(judgment) in self._judgments:
            return Learnt.TAUGHT
        return Learnt.MET if group in self._groups else Learnt.NEW


def builds_behind(model: LanguageModel) -> list[DatasetBuild]:
    """What the runs learnt from that made the model and those that it continues, here or elsewhere."""
    chain = [model]
    while (parent := chain[-1].parent) is not None:
        chain.append(parent)
    found: dict[int, DatasetBuild] = {}
    for run in Run.objects.filter(output_model__in=chain).order_by("pk"):
        found |= {build.pk: build for build in run.learnt_builds}
    outside = DatasetBuild.objects.filter(outside_trainings__model__in=chain)
    found |= {build.pk: build for build in outside}
    return [build for build in found.values() if build.digest]


def _behind(builds: list[DatasetBuild], kind: Kind, uids: Iterable[UUID]) -> set[int]:
    wanted = keys_of(uids)
    found: set[int] = set()
    for build in builds:
        found |= keys_behind(build, kind, wanted, file=TRAINED_ON)
    return found


def _prompts_of(groups: set[int]) -> Iterable[tuple[UUID, int]]:
    """All prompts of those groups and of what was merged into them, each with its root."""
    for field in ("group", "group__merged_into"):
        rows = Prompt.objects.filter(**{f"{field}__in": groups}).order_by("pk")
        yield from rows.values_list("uid", f"{field}_id")
