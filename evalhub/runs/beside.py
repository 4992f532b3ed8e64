"""What a training run reads beside the build it learns from: a probe, the task it was taught before, a teacher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from evalhub.accounts.models import Workspace
from evalhub.common.errors import NotFound
from evalhub.common.uids import is_uid
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.models import DatasetBuild
from evalhub.prompts.models import Split
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.runs.errors import BadSpec
from evalhub.runs.inputs import FileRef, split_files
from evalhub.runs.models import EARLIER, PROBE, Recipe

PROBES = (BuildKind.SFT, BuildKind.PREFERENCE)
TEACHER = "teacher"


@dataclass(frozen=True, kw_only=True)
class Beside:
    """`probe`: its validation rows are read before the first step and after the last; nothing learns from them.
    `earlier`: by its training rows elastic weights know what to hold. `teacher`: what it would say next is
    learnt, word by word; of rloo the reward model.
    """

    probe: DatasetBuild | None = None
    earlier: DatasetBuild | None = None
    teacher: LanguageModel | None = None

    def named(self) -> dict[str, DatasetBuild]:
        given = {PROBE: self.probe, EARLIER: self.earlier}
        return {name: build for name, build in given.items() if build is not None}

    def inputs(
        self, *, build: DatasetBuild, recipe: str, model: LanguageModel, options: Mapping[str, Any]
    ) -> dict[str, FileRef]:
        """The files by the names that the trainer gives them.

        Args:
            build: that the run learns from.

        Raises:
            BadSpec: a build or a teacher that the recipe cannot read, or that does nothing with these options.
        """
        self._demand_taught(build, recipe, distils=bool(options.get("distil")))
        for name, other in self.named().items():
            if other.workspace_id != build.workspace_id:
                raise BadSpec("The builds of a run belong to one workspace.")
            if other == build:
                raise BadSpec(f"The build that is learnt from cannot be the {name} one as well: name the build of another task.")  # fmt: skip
        ewc = bool(options.get("ewc"))
        if ewc != (self.earlier is not None):
            raise BadSpec("ewc holds an adapter by rows of the task that it was taught before: name both, a weight and the earlier build, or none.")  # fmt: skip
        if ewc and model.kind != ModelKind.ADAPTER:
            raise BadSpec("ewc holds an adapter that is trained further; a base gets a fresh one, so take kl_to_base instead.")  # fmt: skip
        found = {}
        if self.probe is not None:
            found[PROBE] = probe_file(self.probe, recipe)
        if self.earlier is not None:
            found[EARLIER] = _earlier_file(self.earlier)
        return found

    def _demand_taught(self, build: DatasetBuild, recipe: str, *, distils: bool) -> None:
        if recipe == Recipe.RLOO and self.teacher is None:
            raise BadSpec("rloo learns from what a reward model says: name one as the teacher.")
        if recipe != Recipe.RLOO and distils != (self.teacher is not None):
            raise BadSpec("distil learns from what a teacher would say: name both, a weight and the teacher, or none.")  # fmt: skip
        if self.teacher is not None and self.teacher.workspace_id != build.workspace_id:
            raise BadSpec("The teacher of a run belongs to its workspace.")


NONE_BESIDE = Beside()


def told(beside: Beside) -> dict[str, str]:
    """As JSON keeps it: uids, by what each is read for."""
    found = {name: str(build.uid) for name, build in beside.named().items()}
    return found | ({TEACHER: str(beside.teacher.uid)} if beside.teacher else {})


def beside_of(uids: Mapping[str, str], workspace: Workspace) -> Beside:
    """What `told` kept.

    Raises:
        NotFound: a build or a model that is not of this workspace.
    """
    builds = DatasetBuild.objects.filter(workspace=workspace)
    models = LanguageModel.objects.filter(workspace=workspace)
    found: dict[str, Any] = {}
    for name, uid in uids.items():
        rows: QuerySet[Any] = models if name == TEACHER else builds
        found[name] = rows.filter(uid=uid).first() if is_uid(uid) else None
        if found[name] is None:
            what = "model" if name == TEACHER else "build"
            raise NotFound(f"{name} names no {what} of “{workspace.slug}”: {uid}.")
    return Beside(**found)


def probe_file(build: DatasetBuild, recipe: str) -> FileRef:
    """The rows that tell what is forgotten.

    Raises:
        BadSpec: the recipe forgets nothing, or the build has no such rows.
    """
    if recipe == Recipe.REWARD:
        raise BadSpec("A reward model writes nothing that it could forget: leave the probe out.")
    if build.kind not in PROBES:
        raise BadSpec(f"A probe is a {' or a '.join(PROBES)} build; {build} is a {build.kind} build.")  # fmt: skip
    file = split_files(build).get(Split.VALIDATION)
    if file is None:
        raise BadSpec(f"A probe is read from validation rows, and {build} has none: build it with a validation split.")  # fmt: skip
    return file


def _earlier_file(build: DatasetBuild) -> FileRef:
    if build.kind != BuildKind.SFT:
        raise BadSpec(f"ewc reads an sft build; {build} is a {build.kind} build.")
    file = split_files(build).get(Split.TRAIN)
    if file is None:
        raise BadSpec(f"{build} holds no training rows, so nothing tells what to hold.")
    return file
