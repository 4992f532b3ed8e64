from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.accounts.models import Workspace
from evalhub.common.errors import DomainError, NotFound
from evalhub.datasets.models import DatasetBuild
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.registry.access import model_named
from evalhub.runs.beside import Beside
from evalhub.runs.errors import BadSpec
from evalhub.runs.models import EARLIER, PROBE, Run
from evalhub.runs.queries import run_summary
from evalhub.runs.services import start_training


class TrainSpec(msgspec.Struct, forbid_unknown_fields=True):
    """SPEC.json: {"recipe": "dpo", "model": name, "builds": {"train": uid}, "options": {}, "seed": 0}.

    Builds may name a `probe` and an `earlier` one as well; `teacher` names a model.
    """

    recipe: str
    model: str
    builds: dict[str, str]
    options: dict[str, Any] = {}
    seed: int = 0
    teacher: str = ""
    despite: str = ""  # why the build's findings that block do not matter
    label: str = ""  # only workers that offer it take the run


class Command(BaseCommand):
    help = "Train an adapter as a spec file says; Ctrl-C cancels."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("spec", type=Path, metavar="SPEC.json")
        parser.add_argument("--workspace", default="", help="its slug; else the build's own")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        run = self._started(options["spec"], options["workspace"])
        run.job = run_or_follow(run.job)
        run.refresh_from_db()
        summary = run_summary(run)
        if options["json"]:
            self.stdout.write(json.dumps(summary, ensure_ascii=False))
        else:
            self.stdout.write(f"{run}: {summary['state']}, adapter {summary['model'] or 'none'}")
            for each in summary["findings"]:
                self.stdout.write(f"{each['level']}: {each['words']}: {each['told']}")
                self.stdout.write(f"  {each['remedy']}")
        if run.job.state != JobState.SUCCEEDED:
            raise CommandError(run.job.error or f"The run was {run.job.state}.")

    def _started(self, path: Path, slug: str) -> Run:
        try:
            spec = msgspec.json.decode(path.read_bytes(), type=TrainSpec)
            uid = spec.builds.get("train", "")
            workspace = workspace_named(slug) if slug else _build(uid).workspace
            return start_training(
                workspace=workspace,
                recipe=spec.recipe,
                model=model_named(workspace.pk, spec.model),
                build=_build(uid, workspace),
                options=spec.options,
                seed=spec.seed,
                despite=spec.despite,
                label=spec.label,
                beside=Beside(
                    teacher=model_named(workspace.pk, spec.teacher) if spec.teacher else None,
                    **{name: _build(uid, workspace, name) for name, uid in _beside(spec)},
                ),
            )
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise CommandError(f"{path} is no spec: {error}.") from error
        except DomainError as error:
            raise CommandError(str(error)) from error


def _beside(spec: TrainSpec) -> list[tuple[str, str]]:
    others = {name: uid for name, uid in spec.builds.items() if name != "train"}
    if strange := sorted(others.keys() - {PROBE, EARLIER}):
        raise BadSpec(
            f"builds names {', '.join(strange)}; a run reads train, {PROBE} and {EARLIER}."
        )
    return [*others.items()]


def _build(uid: str, workspace: Workspace | None = None, name: str = "train") -> DatasetBuild:
    """The build of that uid, in `workspace` where one is named."""
    builds = DatasetBuild.objects.select_related("workspace")
    if workspace is not None:
        builds = builds.filter(workspace=workspace)
    try:
        found = builds.filter(uid=uid).first()
    except ValidationError:
        found = None
    if found is None:
        where = f" of “{workspace.slug}”" if workspace else ""
        raise NotFound(f"builds.{name} names no build{where}; the datasets page lists them.")
    return found
