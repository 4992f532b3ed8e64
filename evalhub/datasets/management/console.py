"""What the commands on builds share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from evalhub.common.errors import DomainError
from evalhub.common.files import Beat
from evalhub.datasets.access import build_named
from evalhub.datasets.models import DatasetBuild


def build_or_error(name: str) -> DatasetBuild:
    try:
        return build_named(name)
    except DomainError as error:
        raise CommandError(str(error)) from error


@contextmanager
def counting(title: str) -> Iterator[Beat]:
    """A line on stderr that counts the beats of long work."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    count = TextColumn("{task.completed:,.0f}")
    with Progress(*columns, count, console=Console(stderr=True)) as bar:
        row = bar.add_task(title, total=None)
        yield lambda: bar.advance(row)
