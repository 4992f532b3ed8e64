from __future__ import annotations

import json
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from evalhub.demo.race.clients import UNSTEADY
from evalhub.demo.race.ground import ground
from evalhub.demo.race.ledger import Ledger
from evalhub.demo.race.race import Outcome, run_race
from evalhub.demo.race.shown import show_outcome, shown

TASKS_PER_CLIENT = 10
PEOPLE_PER_PLACE = 4  # with fewer, skips could leave a task without anybody
CANCELLED = 128 + signal.SIGINT


class Command(BaseCommand):
    help = (
        "Prove that no judgment is lost and none is one too many: many clients judge on an instance "
        "of its own while its servers are killed. Ends with 1 if the accounts find a fault."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clients", type=int, default=200)
        parser.add_argument("--tasks", type=int, help=f"{TASKS_PER_CLIENT} for each client")
        parser.add_argument("--overlap", type=int, default=3, help="judgments per task (k)")
        parser.add_argument("--seed", type=int, default=1, help="what the clients choose")
        parser.add_argument("--json", action="store_true", help="print one JSON object and no more")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's own signature
        clients, overlap = options["clients"], options["overlap"]
        if overlap < 1 or clients < PEOPLE_PER_PLACE * overlap:
            raise CommandError(f"At least {PEOPLE_PER_PLACE} clients for each judgment of a task.")
        tasks = options["tasks"] or TASKS_PER_CLIENT * clients
        console = Console(stderr=True, highlight=False)
        ledger = Ledger(wanted=tasks * overlap)
        for each in (signal.SIGINT, signal.SIGTERM):  # also where a shell had it ignored
            signal.signal(each, signal.default_int_handler)
        try:
            outcome = self._race(console, ledger, clients, tasks, overlap, options["seed"])
        except KeyboardInterrupt:
            console.print("Cancelled. The instance that it had started is gone.")
            sys.exit(CANCELLED)
        show_outcome(console, ledger, outcome)
        if options["json"]:
            self.stdout.write(json.dumps(outcome.figures.as_dict()))
        if not outcome.is_clean:
            raise CommandError("The race found a fault.")

    def _race(
        self, console: Console, ledger: Ledger, clients: int, tasks: int, overlap: int, seed: int
    ) -> Outcome:
        sizes = {"clients": clients, "tasks": tasks, "overlap": overlap, "hand": UNSTEADY.hand}
        with shown(console, ledger) as show, ground(**sizes, say=show.say) as (up, course):
            show.say(f"{clients:,} clients on {tasks:,} tasks")
            return run_race(
                up, course, ledger, seed=seed, habits=UNSTEADY, say=show.say, look=show.look
            )
