from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.datasets.choices import BuildKind, SpellingState
from evalhub.datasets.definition import BestOf, Definition, as_json, definition_of
from evalhub.datasets.errors import BadDecision, BadDefinition, DatasetNameTaken
from evalhub.datasets.models import Dataset, DatasetBuild, SpellingProposal
from evalhub.datasets.named import check_names
from evalhub.datasets.queries import built
from evalhub.datasets.rows import LEARNT, WEIGHED
from evalhub.datasets.trusting import demand_trusted
from evalhub.jobs.models import Job
from evalhub.jobs.services import queue_job
from evalhub.prompts.models import Collection
from evalhub.quality.models import ConsensusSnapshot
from evalhub.registry.models import LanguageModel, ModelKind
from evalhub.rubrics.models import RubricVersion


def create_dataset(
    *,
    workspace: Workspace,
    name: str,
    kind: BuildKind,
    definition: dict[str, Any],
    by: Member | None = None,
) -> Dataset:
    """Store a definition; each field that is not given takes its default now.

    Raises:
        BadDefinition: a field is wrong, or a collection is not in the workspace.
        DatasetNameTaken: the workspace has a dataset of that name.
    """
    checked = _checked(workspace, kind, definition)
    if not name.strip():
        raise BadDefinition("Give the dataset a name.")
    try:
        with transaction.atomic():
            dataset = Dataset.objects.create(
                workspace=workspace, name=name.strip()[:100], kind=kind, definition=as_json(checked)
            )
            _record("dataset.created", f"dataset {dataset.uid}", workspace, by, name=dataset.name)
    except IntegrityError as error:
        raise DatasetNameTaken(f"There is a dataset “{name}” already.") from error
    return dataset


@transaction.atomic
def ensure_dataset(
    *,
    workspace: Workspace,
    name: str,
    kind: BuildKind,
    definition: dict[str, Any],
    by: Member | None = None,
) -> Dataset:
    """The workspace's dataset of that name with this definition; made or changed as needed.

    Builds that were made from an earlier definition keep it.

    Raises:
        BadDefinition: a field is wrong, or the name belongs to a dataset of another kind.
    """
    found = Dataset.objects.select_for_update().filter(workspace=workspace, name=name).first()
    if found is None:
        return create_dataset(
            workspace=workspace, name=name, kind=kind, definition=definition, by=by
        )
    checked = as_json(_checked(workspace, kind, definition))
    if found.kind != kind:
        raise BadDefinition(f"“{name}” is a {found.kind} dataset; choose another name.")
    if found.definition != checked:
        found.definition = checked
        found.save(update_fields=["definition"])
        _record("dataset.redefined", f"dataset {found.uid}", workspace, by, name=name)
    return found


@transaction.atomic
def start_build(
    *, dataset: Dataset, snapshot: ConsensusSnapshot | None = None, by: Member | None = None
) -> DatasetBuild:
    """Freeze the definition and queue the build of it.

    Args:
        snapshot: the judgments to build from; None: all that there are when the work begins.

    Raises:
        DomainError: the definition asks for judge models of which one may not be relied on.
    """
    demand_trusted(dataset.workspace, definition_of(dataset.definition))
    build = DatasetBuild(
        workspace=dataset.workspace,
        dataset=dataset,
        kind=dataset.kind,
        definition=dataset.definition,
        snapshot=snapshot,
        created_by=by,
    )
    build.job = queue_job(
        kind="datasets.build",
        title=f"Build {dataset.name}",
        workspace=dataset.workspace,
        by=by,
        subject_uid=build.uid,
    )
    build.save()
    _record("build.started", f"build {build.uid}", dataset.workspace, by, dataset=dataset.name)
    return build


@transaction.atomic
def decide_spelling(*, proposal: SpellingProposal, state: str, by: Member) -> SpellingProposal:
    """Accept or reject a correction; the next build applies what is accepted.

    Raises:
        BadDecision: the state is neither accepted nor rejected.
    """
    if state not in (SpellingState.ACCEPTED, SpellingState.REJECTED):
        raise BadDecision("A spelling is accepted or rejected.")
    proposal.state, proposal.decided_by, proposal.decided_at = state, by, timezone.now()
    proposal.save(update_fields=["state", "decided_by", "decided_at"])
    target, workspace = f"spelling {proposal.uid}", proposal.dataset.workspace
    _record(f"spelling.{state}", target, workspace, by, word=proposal.word, meant=proposal.meant)
    return proposal


@transaction.atomic
def erase_files(*, build: DatasetBuild, names: Iterable[str], by: Member | None = None) -> None:
    """Mark files of a build as gone because they held the words of somebody who was erased.

    Digests and manifest stay. The caller deletes the bytes, which other builds may name too.
    """
    locked = DatasetBuild.objects.select_for_update().get(pk=build.pk)
    gone = {name: locked.files.pop(name) for name in names if name in locked.files}
    if gone:
        locked.erased_files |= gone
        locked.erased_at = locked.erased_at or timezone.now()
        locked.save(update_fields=["files", "erased_files", "erased_at"])
        _record("build.erased", f"build {build.uid}", build.workspace, by, files=sorted(gone))
    build.refresh_from_db(fields=["files", "erased_files", "erased_at"])


@transaction.atomic
def record_lengths(
    *,
    build: DatasetBuild,
    model: LanguageModel,
    figures: dict[str, Any],
    run: str,
    by: Member | None = None,
) -> None:
    """What a trainer counted of a build's rows for a base; replaces an earlier count for that base.

    Args:
        figures: {"limit", "splits": {split: {"rows", "too_long", "longest", …}}}, in tokens.
        run: uid of who counted.
    """
    locked = DatasetBuild.objects.select_for_update().get(pk=build.pk)
    at = timezone.now().isoformat(timespec="seconds")
    locked.token_lengths[str(model.uid)] = {"model": model.name, "run": run, "at": at, **figures}
    locked.save(update_fields=["token_lengths"])
    _record("build.measured", f"build {build.uid}", build.workspace, by, model=model.name, run=run)


@transaction.atomic
def mark_crossed(*, build: DatasetBuild) -> None:
    """Groups on two sides of a build turned out to be one: nothing is trained or measured on it."""
    if DatasetBuild.objects.filter(pk=build.pk, crossed_at=None).update(crossed_at=timezone.now()):
        _record("build.crossed", f"build {build.uid}", build.workspace, None)


def start_grouping(*, workspace: Workspace, by: Member | None = None) -> Job:
    """Queue the look for near-duplicates; every build does it first anyway."""
    return queue_job(
        kind="prompts.group", title="Look for near-duplicate prompts", workspace=workspace, by=by
    )


def _checked(workspace: Workspace, kind: BuildKind, values: dict[str, Any]) -> Definition:
    definition = definition_of(values)
    ours = set(Collection.objects.filter(workspace=workspace).values_list("slug", flat=True))
    named = {slug for part in definition.parts for slug in part.collections}
    named.update(definition.augment_never.collections)
    if strange := sorted({*definition.collections, *named} - ours):
        raise BadDefinition(f"There is no collection {', '.join(strange)} in this workspace.")
    if definition.augment and kind == BuildKind.EVALUATION:
        raise BadDefinition("An evaluation set holds what people judged as it is: augment nothing.")
    if definition.best_of:
        _check_best_of(workspace, kind, definition.best_of)
    campaigns = workspace.campaigns.filter(uid__in=definition.campaigns).count()
    if campaigns != len(set(definition.campaigns)):
        raise BadDefinition("A campaign that the definition names is not in this workspace.")
    versions = RubricVersion.objects.filter(rubric__workspace=workspace)
    known = versions.filter(uid__in=definition.rubric_versions).count()
    if known != len(set(definition.rubric_versions)):
        raise BadDefinition("A rubric version that the definition names is not in this workspace.")
    if definition.balance and kind not in WEIGHED:
        raise BadDefinition(
            f"balance changes weights, and training on {kind} rows does not read them: give each value of "
            "the slice a part with a share instead."
        )
    check_names(workspace, definition)
    for each in definition.replay:
        earlier = built(workspace, each.build)
        if earlier.kind != kind:
            raise BadDefinition(f"The build {each.build} to replay is not of kind {kind}.")
        form = earlier.manifest["definition"]["form"]
        if kind in LEARNT and form != definition.form:
            raise BadDefinition(
                f"The build {each.build} to replay has rows of form {form}, this one {definition.form}."
            )
    return definition


def _check_best_of(workspace: Workspace, kind: BuildKind, best_of: BestOf) -> None:
    if kind != BuildKind.SFT:
        raise BadDefinition("best_of chooses the one answer of an SFT row; leave it out here.")
    models = LanguageModel.objects.of_workspace(workspace).filter(kind=ModelKind.REWARD)
    if not models.filter(uid=best_of.model).exists():
        raise BadDefinition("The model that best_of names is no reward model of this workspace.")


def _record(
    verb: str, target: str, workspace: Workspace, by: Member | None, **details: object
) -> None:
    actor = by.pseudonym if by else "system"
    record(verb, actor=actor, workspace=workspace.slug, target=target, **details)
