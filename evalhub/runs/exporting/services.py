from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.files import Beat, file_store, unwatched
from evalhub.datasets.errors import OutputInUse
from evalhub.datasets.export.asked import asked_for
from evalhub.datasets.export.services import export_to_disk
from evalhub.datasets.export.writing import Exported as ExportedRows
from evalhub.runs.errors import CannotExportRun
from evalhub.runs.exporting import axolotl, llamafactory, trl
from evalhub.runs.exporting.spec import ADAPTER, DATA, JUDGE, Exportable, Exported, exportable
from evalhub.runs.models import TRAINING, Recipe, Run

TARGETS: dict[str, Callable[[Exportable], Exported]] = {
    "trl": trl.script,
    "axolotl": axolotl.configuration,
    "llamafactory": llamafactory.configuration,
}
LEARNT = ("train", "validation")  # never the test split; one without rows makes no file
TITLES = {"trl": "TRL script", "axolotl": "axolotl YAML", "llamafactory": "LLaMA-Factory YAML"}


def titles_for(run: Run) -> dict[str, str]:
    """The targets that may hold a run, by name."""
    if run.recipe not in TRAINING:
        return {}
    return {name: title for name, title in TITLES.items() if name == "trl" or run.recipe != Recipe.RLOO}  # fmt: skip


def export_run(*, run: Run, target: str, by: Member | None = None) -> Exported:
    """The run's settings for another trainer; who took them stands in the audit log.

    Raises:
        CannotExportRun: there is no such target, the run trains nothing, or that target cannot
            learn what it learned.
    """
    if target not in TARGETS:
        raise CannotExportRun(f"A run is exported as one of {', '.join(TARGETS)}.")
    made = TARGETS[target](exportable(run))
    record(
        "run.exported",
        actor=by.pseudonym if by else "system",
        workspace=run.workspace.slug,
        target=f"run {run.uid}",
        exported_as=target,
    )
    return made


def export_to_folder(
    *, run: Run, target: str, folder: Path, beat: Beat = unwatched
) -> tuple[Exported, ExportedRows]:
    """Write the file, the build in the shape it reads, and an adapter that was trained further.

    Raises:
        CannotExportRun: as `export_run`.
        OutputInUse: something lies there already.
    """
    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise OutputInUse(f"{folder} is there already; name another folder.")
    made = export_run(run=run, target=target)
    spec = exportable(run)
    asked = asked_for(spec.build, shape=made.shape, container="jsonl", splits=LEARNT)
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    rows = export_to_disk(build=spec.build, asked=asked, target=part / DATA, beat=beat)
    if spec.goes_on:
        for path, file in run.starts_from.facts["files"].items():
            file_store().fetch(file["key"], part / ADAPTER / path, beat=beat)
    if spec.judge is not None:
        for path, file in spec.judge.facts["files"].items():
            file_store().fetch(file["key"], part / JUDGE / path, beat=beat)
    (part / made.filename).write_text(made.text, "utf-8")
    if folder.exists():
        folder.rmdir()
    part.replace(folder)
    return made, rows
