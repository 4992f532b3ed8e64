"""An export that was interrupted goes on, to the bytes that it would have had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from evalhub.accounts.models import Workspace
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.models import Judgment
from evalhub.reports.errors import ExportInUse, OtherExport
from tests import factories as make
from tests.evalhub.reports.conftest import many

Export = Callable[..., bytes]
FORMATS = ["jsonl", "csv", "parquet"]


class Interrupted(Exception):
    pass


def after_pages(count: int) -> Callable[[int, int], None]:
    """Stops the export when so many pages are written."""
    seen = []

    def report(done: int, _total: int) -> None:
        seen.append(done)
        if len(seen) == count:
            raise Interrupted

    return report


@pytest.mark.django_db
@pytest.mark.parametrize("format", FORMATS)
def test_it_goes_on_behind_the_last_whole_page(
    task: Task, export: Export, format: str, tmp_path: Path
) -> None:
    rows = many(task, 7)
    Judgment.objects.filter(pk=rows[0].pk).update(is_extra=True)
    whole = export(format, name="whole")
    with pytest.raises(Interrupted):
        export(format, report=after_pages(2))
    assert not (tmp_path / "out").exists()
    with (tmp_path / "out.part").open("ab") as part:
        part.write(b"half a page, when the power went")
    seen: list[tuple[int, int]] = []

    text = export(format, report=lambda done, total: seen.append((done, total)))

    assert text == whole
    assert seen == [(6, 7), (7, 7)]  # nothing is read twice
    assert {each.name for each in tmp_path.iterdir()} == {"out", "whole"}


@pytest.mark.django_db
def test_what_came_after_its_beginning_is_not_in_it(
    task: Task, export: Export, tmp_path: Path
) -> None:
    rows = many(task, 5)
    whole = export(name="whole")
    with pytest.raises(Interrupted):
        export(report=after_pages(1))
    many(task, 2)
    make.JudgmentFactory.create(task=rows[4].task, member=rows[4].member, supersedes=rows[4])

    assert export() == whole


@pytest.mark.django_db
def test_a_withdrawal_shows_when_it_comes_before_its_page(task: Task, export: Export) -> None:
    rows = many(task, 4)
    with pytest.raises(Interrupted):
        export(everything=True, report=after_pages(1))
    for row in (rows[0], rows[3]):
        Judgment.objects.filter(pk=row.pk).update(withdrawn_at=timezone.now())

    lines = export(everything=True).splitlines()

    assert [b'"state":"withdrawn"' in line for line in lines] == [False, False, False, True]


@pytest.mark.django_db
def test_other_arguments_do_not_go_on_with_it(
    task: Task, export: Export, campaign: Campaign, tmp_path: Path
) -> None:
    many(task, 3)
    with pytest.raises(Interrupted):
        export(report=after_pages(1))
    before = (tmp_path / "out.part").read_bytes()

    with pytest.raises(OtherExport, match=r"out\.part"):
        export("csv")
    with pytest.raises(OtherExport):
        export(everything=True)

    assert (tmp_path / "out.part").read_bytes() == before


@pytest.mark.django_db
def test_a_part_that_is_shorter_than_its_notes_is_begun_anew(
    task: Task, export: Export, tmp_path: Path
) -> None:
    many(task, 5)
    whole = export(name="whole")
    with pytest.raises(Interrupted):
        export(report=after_pages(2))
    (tmp_path / "out.part").write_bytes(b"")

    assert export() == whole


@pytest.mark.django_db
def test_two_do_not_write_the_same_file(task: Task, export: Export) -> None:
    many(task, 3)

    def another(_done: int, _total: int) -> None:
        export()

    with pytest.raises(ExportInUse, match="Another process"):
        export(report=another)


CHILD = """
import os, sys, signal
import django
from django.conf import settings
django.setup()
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from pathlib import Path
from evalhub.campaigns.models import Campaign
from evalhub.reports.choices import ExportFormat
from evalhub.reports.exporting import export_judgments

def report(done, total):
    if done >= int(sys.argv[5]):
        os.kill(os.getpid(), signal.SIGKILL)

campaigns = Campaign.objects.select_related("workspace", "rubric_version__rubric")
export_judgments(
    campaigns.get(uid=sys.argv[2]), format=ExportFormat(sys.argv[3]), everything=False,
    target=Path(sys.argv[4]), report=report, page_size=2,
)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "format",
    ["jsonl", *(pytest.param(each, marks=pytest.mark.long) for each in ("csv", "parquet"))],
)
def test_a_process_that_was_killed_again_and_again_leaves_the_same_bytes(
    acme: Workspace, campaign: Campaign, task: Task, export: Export, format: str, tmp_path: Path
) -> None:
    many(task, 9)
    whole = export(format, name="whole")
    for dies_at in (2, 6):
        command = [sys.executable, "-c", CHILD, str(connection.settings_dict["NAME"])]
        command += [str(campaign.uid), format, str(tmp_path / "out"), str(dies_at)]
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
        died = subprocess.run(
            command, env=environment, cwd=settings.BASE_DIR, capture_output=True, check=False
        )
        assert died.returncode == -signal.SIGKILL, died.stderr.decode()
        assert not (tmp_path / "out").exists()

    assert export(format) == whole
