from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import workspace_named
from evalhub.accounts.models import Workspace
from evalhub.common.errors import DomainError, NotFound
from evalhub.loops.choices import RoundState
from evalhub.loops.console import demand_workers, watch
from evalhub.loops.deciding import decide_on
from evalhub.loops.forecast import forecast_of
from evalhub.loops.models import Loop, Round
from evalhub.loops.report import round_report
from evalhub.loops.services import default_loop, resume_round, start_round
from evalhub.loops.telling import in_lines, next_round
from evalhub.registry.access import model_named


class Command(BaseCommand):
    help = "Start a Round of a Loop, resume one that failed, or decide on a model made elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument(
            "--loop",
            default="",
            help="the Loop's slug; needed if there are several, and one is made if there is none",
        )
        parser.add_argument("--resume", type=UUID, metavar="UID", help="a Round that failed")
        parser.add_argument(
            "--decide-on", default="", metavar="MODEL",
            help="learn nothing: measure this adapter, and decide on it by the Loop's gate",
        )  # fmt: skip
        parser.add_argument(
            "--dry-run", action="store_true", help="say what a Round would do and cost; do nothing"
        )
        parser.add_argument("--wait", action="store_true", help="until it has ended")
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        try:
            if options["dry_run"]:
                self._foretell(options)
                return
            if options["wait"]:
                demand_workers()
            round_ = self._started(options)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["wait"]:
            round_ = self._awaited(round_)
        if options["json"]:
            self.stdout.write(json.dumps(round_report(round_), ensure_ascii=False))
        else:
            self._tell(round_)
        if round_.state in (RoundState.FAILED, RoundState.CANCELLED):
            raise CommandError(self._why(round_))

    def _foretell(self, options: dict[str, Any]) -> None:
        workspace = workspace_named(options["workspace"])
        loop = self._loop(workspace, options["loop"], makes=False)
        if options["json"]:
            told = forecast_of(loop).as_json() | {"next": next_round(loop)}
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for line in in_lines(forecast_of(loop)):
            self.stdout.write(line)

    def _started(self, options: dict[str, Any]) -> Round:
        workspace = workspace_named(options["workspace"])
        if name := options["decide_on"]:
            loop = self._loop(workspace, options["loop"], makes=False)
            return decide_on(loop=loop, model=model_named(workspace.pk, name))
        if options["resume"] is None:
            return start_round(loop=self._loop(workspace, options["loop"]))
        rounds = Round.objects.filter(loop__workspace=workspace)
        round_ = rounds.filter(uid=options["resume"]).first()
        if round_ is None:
            raise NotFound(f"There is no Round {options['resume']} in {options['workspace']}.")
        return resume_round(round_=round_)

    def _loop(self, workspace: Workspace, slug: str, *, makes: bool = True) -> Loop:
        """Where none is named: the only one; where there is none, one is made, unless not `makes`."""
        loops = workspace.loops.select_related("workspace")
        if not slug and not makes and loops.count() == 1:
            return loops.get()
        if not slug and makes:
            return default_loop(workspace=workspace)
        loop = loops.filter(slug=slug).first()
        if loop is None:
            known = ", ".join(workspace.loops.values_list("slug", flat=True)) or "none"
            raise NotFound(f"“{workspace.slug}” has no Loop “{slug}”; it has: {known}. See --loop.")
        return loop

    def _awaited(self, round_: Round) -> Round:
        try:
            return watch(round_)
        except KeyboardInterrupt:
            raise CommandError(
                f"Stopped watching; the Round goes on. Its page, or GET /api/v1/rounds/{round_.uid}, "
                "tells how it ends."
            ) from None

    def _tell(self, round_: Round) -> None:
        self.stdout.write(f"{round_}: {round_.state} ({round_.uid})")
        report = round_report(round_)
        if report["promotion"]:
            self.stdout.write(report["promotion"]["reason"])
        if report["campaign"]:
            self.stdout.write(f"{report['campaign']['tasks']} new tasks are open.")

    def _why(self, round_: Round) -> str:
        step = round_.steps.exclude(error="").first()
        told = f"The step “{step.kind}” failed: {step.error}" if step else f"It was {round_.state}."
        return f"{told}\nGo on from there with --resume {round_.uid}"
