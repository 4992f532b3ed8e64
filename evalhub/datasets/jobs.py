"""Building a dataset, and looking for near-duplicates ahead of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.db import transaction
from msgspec.structs import replace

from evalhub.accounts.models import Workspace
from evalhub.common.files import file_store
from evalhub.datasets.agreeing import barred
from evalhub.datasets.asking import write_test_prompts
from evalhub.datasets.augmenting.door import augmenter_for
from evalhub.datasets.behind import write_behind
from evalhub.datasets.building import Building
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.door import Cleaner
from evalhub.datasets.cleaning.entities import entities_of
from evalhub.datasets.definition import Definition, definition_of
from evalhub.datasets.errors import ErasedMeanwhile
from evalhub.datasets.leaks import demand_no_leak
from evalhub.datasets.lengths import lengths_for
from evalhub.datasets.manifest import card_of, manifest_of
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.provenance import provenance_of
from evalhub.datasets.queries import builds_with_groups, built
from evalhub.datasets.representing import slices_report
from evalhub.datasets.trusting import demand_trusted
from evalhub.jobs.beat import Beat
from evalhub.jobs.events import announce
from evalhub.jobs.models import Job
from evalhub.prompts.near import merge_near_duplicates
from evalhub.quality.models import ConsensusSnapshot
from evalhub.quality.reliable import ByCampaign, unreliable
from evalhub.quality.scope import Filters, Scope
from evalhub.quality.services import take_snapshot
from evalhub.quality.settling import fits_for
from evalhub.quality.weighing import fits_of


def build_dataset(job: Job, beat: Beat) -> dict[str, Any]:
    """Build what the frozen definition asks for, from the judgments of one snapshot."""
    build = DatasetBuild.objects.select_related("workspace", "dataset", "snapshot").get(job=job)
    if not build.is_built:
        definition = definition_of(build.definition)
        entities_of(definition.cleaning)  # says at once what is not installed here
        grouping = _group(build.workspace, beat) if definition.near_duplicates else {"looked": 0}
        snapshot = build.snapshot or _freeze(build, definition, beat)
        demand_trusted(build.workspace, definition)  # again: a judge may have judged meanwhile
        with tempfile.TemporaryDirectory(prefix="evalhub-build-") as folder:
            _build(build, definition, snapshot, grouping, beat, Path(folder))
    return {"build": str(build.uid), "digest": build.digest, "rows": build.rows}


def group_prompts(job: Job, beat: Beat) -> dict[str, Any]:
    """Look for near-duplicates among the prompts of a workspace that are new."""
    if job.workspace is None:
        raise ValueError("a job of this kind belongs to a workspace")
    return _group(job.workspace, beat)


def _group(workspace: Workspace, beat: Beat) -> dict[str, Any]:
    """Merge near-duplicates; name the builds that hold prompts which thereby lost their split."""
    near = merge_near_duplicates(
        workspace,
        report=lambda done, total: beat.report(
            done=done, total=total, note="looking for near-duplicates"
        ),
    )
    moved = {str(each.later) for each in near.moved}
    return {
        "looked": near.looked,
        "merged": len(near.merges),
        "compared": near.compared,
        "beyond": near.beyond,
        "lost_their_split": [
            {name: str(value) for name, value in asdict(each).items()} for each in near.moved
        ],
        "affected_builds": builds_with_groups(workspace, moved, beat.report),
    }


def _freeze(build: DatasetBuild, definition: Definition, beat: Beat) -> ConsensusSnapshot:
    """Take the snapshot once, so that a second attempt builds from the same judgments and fits."""
    snapshot = take_snapshot(build.workspace)
    fits = []
    if definition.consensus == "reliability" or definition.min_reliability is not None:
        everybody = replace(definition, min_reliability=None)
        fits = fits_for(scope_of(everybody, snapshot), beat=beat.report)
    with beat.fenced():
        snapshot.fits.set(fits)
        DatasetBuild.objects.filter(pk=build.pk).update(snapshot=snapshot)
    return snapshot


def _build(
    build: DatasetBuild,
    definition: Definition,
    snapshot: ConsensusSnapshot,
    grouping: dict[str, Any],
    beat: Beat,
    folder: Path,
) -> None:
    scope, agreement = barred(scope_of(definition, snapshot), definition, beat=beat.report)
    kind, lengths = BuildKind(build.kind), lengths_for(build.workspace, definition)
    cleaner = Cleaner(build.dataset, kind, definition.cleaning, folder / "cleaning")
    augmenter = augmenter_for(build.workspace, kind, definition, lengths, cleaner, folder)
    building = Building(
        kind=kind,
        definition=definition,
        lengths=lengths,
        cleaner=cleaner,
        augmenter=augmenter,
        folder=folder / "work",
    )

    def report(done: int, total: int) -> None:
        beat.report(done=done, total=total, note="reading judgments")

    collect_all(building, build.workspace, definition, scope, report=report, beat=beat.report)
    out = folder / "out"
    out.mkdir()
    beat.report(note="writing files")
    digest = building.write(out, beat.report)
    if kind == BuildKind.SFT:
        asked = write_test_prompts(
            scope,
            out / "prompts.jsonl",
            folder / "prompts",
            lengths,
            cleaner,
            definition,
            beat.report,
        )
        building.counts.test_prompts = asked._asdict()
    demand_no_leak(out, beat.report)
    write_behind(out, beat.report)
    manifest = manifest_of(
        build,
        definition=definition,
        scope=scope,
        agreement=agreement,
        counts=building.counts,
        lengths=lengths,
        grouping=grouping,
        cleaning=cleaner.report(),
        augmentation=augmenter.report() if augmenter else {},
        findings=building.findings.report(not_drawn=building.counts.left_out["not_drawn"]),
        digest=digest,
    )
    manifest |= provenance_of(scope, out / "lineage.jsonl", beat.report)
    manifest["slices"] = slices_report(build.workspace, definition.collections, out, beat.report)
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False), "utf-8")
    (out / "card.md").write_text(card_of(manifest), "utf-8")
    _finish(build, manifest, _store(out, beat), beat, cleaner)


def collect_all(
    building: Building,
    workspace: Workspace,
    definition: Definition,
    scope: Scope,
    *,
    report: Callable[[int, int], object],
    beat: Callable[[], object],
) -> None:
    """What people said, and the rows of earlier builds that are replayed."""
    building.collect(scope, report)
    own = 1 + len(definition.parts)
    for place, each in enumerate(definition.replay, start=own):
        earlier = built(workspace, each.build)
        building.replay(place, earlier, scope, beat=beat)


def scope_of(definition: Definition, snapshot: ConsensusSnapshot) -> Scope:
    return Scope(
        snapshot=snapshot,
        sources=definition.counted_sources,
        campaigns=tuple(definition.campaigns),
        collections=tuple(definition.collections),
        prefers_verdicts=definition.verdicts == "prefer",
        is_weighed=definition.consensus == "reliability",
        filters=_filters(definition, snapshot),
    )


def _filters(definition: Definition, snapshot: ConsensusSnapshot) -> Filters:
    least = definition.min_reliability
    left: ByCampaign = ()
    if least is not None:
        campaigns = snapshot.workspace.campaigns.order_by("pk").values_list("pk", flat=True)
        left = unreliable(fits_of(snapshot), least=least, campaigns=campaigns)
    return Filters(
        slices=tuple((key, tuple(values)) for key, values in definition.slices.items()),
        since=definition.judged_from,
        before=definition.judged_before,
        rubric_versions=tuple(definition.rubric_versions),
        groups=tuple(definition.groups),
        unreliable=left,
    )


def _store(folder: Path, beat: Beat) -> dict[str, dict[str, Any]]:
    store, files = file_store(), {}
    for path in sorted(folder.iterdir()):
        beat.report(note=f"storing {path.name}")
        stored = store.put(path, beat=beat.report)
        files[path.name] = {"key": stored.key, "sha256": stored.sha256, "bytes": stored.bytes}
    return files


def _finish(
    build: DatasetBuild,
    manifest: dict[str, Any],
    files: dict[str, dict[str, Any]],
    beat: Beat,
    cleaner: Cleaner,
) -> None:
    with transaction.atomic(), beat.fenced() as job:
        workspace = Workspace.objects.select_for_update(no_key=True).get(pk=build.workspace_id)
        if workspace.members.filter(erased_at__gte=job.started_at).exists():
            raise ErasedMeanwhile(
                "Somebody was erased while this was built, and the rows may hold their words. Build again."
            )
        cleaner.propose_spellings()
        build.digest, build.rows = manifest["digest"], manifest["rows"]
        build.files, build.manifest = files, manifest
        build.save(update_fields=["digest", "rows", "files", "manifest"])
        announce("build.ended", build.uid, kind=build.kind, digest=build.digest)
