"""Is everything in order, and if not, what to do."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from evalhub.web.doctor import as_json, examine


class Command(BaseCommand):
    help = "Check every part and say the remedy for each fault. Ends with 1 if there is any."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one object for programs")

    def handle(self, *_args: str, **options: Any) -> None:  # Django's own signature
        findings = examine()
        if options["json"]:
            self.stdout.write(as_json(findings))
        else:
            for each in findings:
                style = self.style.SUCCESS if each.ok else self.style.ERROR
                mark = style("ok   " if each.ok else "FAULT")
                self.stdout.write(f"{mark} {each.name:<12} {each.detail}")
                if each.remedy:
                    self.stdout.write(f"      {'':<12} → {each.remedy}")
        if not all(each.ok for each in findings):
            raise SystemExit(1)
