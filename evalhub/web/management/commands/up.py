"""Run everything that one machine needs."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from evalhub.common.supervisor.up import run


class Command(BaseCommand):
    help = "Run database, broker, web server and workers until Ctrl-C."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.EVALHUB_PORT)
        parser.add_argument(
            "--no-worker", action="store_true", help="leave out the workers and the clock"
        )
        parser.add_argument(
            "--demo", action="store_true", help="fill a workspace `demo` with `seed_demo` first"
        )

    def handle(self, *_args: str, **options: Any) -> None:  # Django's own signature
        def prepare() -> None:
            if options["demo"]:
                call_command("seed_demo", stdout=self.stdout)

        run(
            port=options["port"],
            with_workers=not options["no_worker"],
            prepare=prepare,
            say=self._say,
        )

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()
