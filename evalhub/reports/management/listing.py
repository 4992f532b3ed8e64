"""Lists that the command prints row by row; see evalhub.reports.listed."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from typing import Any

from django.core.management.base import CommandError, OutputWrapper
from rich.console import Console
from rich.table import Table

from evalhub.campaigns.models import Campaign
from evalhub.common.spreadsheets import csv_lines
from evalhub.quality.exclusions import people_in
from evalhub.quality.sureness import questions_in
from evalhub.reports import listed
from evalhub.reports.listed import Listed

SHOWN = 50  # rows of a table that may be long


def write_list(out: OutputWrapper, kind: str, found: Listed, options: dict[str, Any]) -> None:
    """Row by row, so that a million needs no memory; as a table only the first."""
    if options["csv"]:
        rows = ([row[name] for name in found.head] for row in found.rows)
        for line in csv_lines(found.head, rows):
            out.write(line, ending="")
        return
    if options["json"]:
        about = json.dumps({"campaign": str(options["campaign"])} | found.about)
        out.write(f'{about[:-1]}, "results": [', ending="")
        for nth, row in enumerate(found.rows):
            out.write(("," if nth else "") + json.dumps(row), ending="")
        out.write("]}")
        return
    table = Table(*found.shown, title=kind)
    for row in islice(found.rows, SHOWN):
        table.add_row(*(_cell(row[name]) for name in found.shown))
    console = Console(stderr=True)
    with console.capture() as shown:
        console.print(table)
    out.write(shown.get())
    for name, value in found.about.items():
        out.write(f"{name}: {'–' if value is None else value}")
    if next(found.rows, None) is not None:
        out.write(f"The first {SHOWN}; --json and --csv give all.")


def _consensus(campaign: Campaign, options: dict[str, Any]) -> Listed:
    below, question = options["below"], options["question"]
    if below is not None and not 0 <= below <= 1:
        raise CommandError("--below takes 0 to 1.")
    known = [slug for slug, _name in questions_in(campaign)]
    if question and question not in known:
        raise CommandError(f"There is no question {question}; there are: {', '.join(known)}.")
    return listed.consensus(campaign, question=question, below=below)


def _exclusion(campaign: Campaign, options: dict[str, Any]) -> Listed:
    people = people_in(campaign)
    member = next((each for each in people if each.uid == options["member"]), None)
    if member is None:
        known = ", ".join(f"{each.uid} ({each})" for each in people) or "nobody"
        raise CommandError(f"--member names somebody who judged here: {known}.")
    return listed.exclusion(campaign, member)


LISTS: dict[str, Callable[[Campaign, dict[str, Any]], Listed]] = {
    "consensus": _consensus,
    "disputes": lambda campaign, _options: listed.disputes(campaign),
    "exclusion": _exclusion,
    "gold": lambda campaign, _options: listed.gold(campaign),
}


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
