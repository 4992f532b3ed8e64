from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from evalhub.audit.models import Entry
from evalhub.campaigns.models import Task
from evalhub.common.files import file_store
from evalhub.datasets.errors import CannotExport, NotBuilt, OutputInUse
from evalhub.datasets.export import writing
from evalhub.datasets.export.asked import Container, asked_for
from evalhub.datasets.export.writing import export_build
from evalhub.datasets.models import DatasetBuild
from evalhub.datasets.verifying import Check, verify_build
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.prompts.models import Prompt
from tests.evalhub.datasets.conftest import Build
from tests.factories import DatasetBuildFactory

pytestmark = pytest.mark.django_db


def command(name: str, build: DatasetBuild | str, *arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    uid = build if isinstance(build, str) else str(build.uid)
    call_command(name, "--build", uid, *arguments, "--json", stdout=out, stderr=io.StringIO())
    told: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return told


def test_a_file_is_one_split_and_says_what_was_not_asked_for(
    compared: list[Task], build: Build, tmp_path: Path
) -> None:
    made = build()
    path = tmp_path / "rows.jsonl"

    told = command(
        "export_build", made, "--shape", "openai", "--format", "jsonl", "--output", str(path)
    )

    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 8
    assert set(lines[0]) == {"input", "preferred_output", "non_preferred_output"}
    assert told["rows"] == {"train": 8}
    assert told["not_asked_for"] == {"validation": 1, "test": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["rows.jsonl"]
    assert Entry.objects.get(verb="build.exported_by_command").details["rows"] == {"train": 8}


def test_a_folder_has_every_split_the_card_and_what_the_program_reads_beside(
    compared: list[Task], build: Build, tmp_path: Path
) -> None:
    made = build()
    folder = tmp_path / "out"

    told = command(
        "export_build", made.digest, "--shape", "llamafactory", "--format", "json",
        "--output", str(folder),
    )  # fmt: skip

    assert told["rows"] == {"train": 8, "validation": 1, "test": 1}
    info = json.loads((folder / "dataset_info.json").read_text())
    for split, entry in zip(("train", "validation", "test"), info.values(), strict=True):
        assert len(json.loads((folder / entry["file_name"]).read_text())) == told["rows"][split]
    assert made.digest in (folder / "README.md").read_text()
    mark = json.loads((folder / writing.MARK).read_text())
    assert (mark["digest"], mark["shape"]) == (made.digest, "llamafactory")
    assert set(mark["files"]) == {
        "README.md", "dataset_info.json", "train.json", "validation.json", "test.json",
    }  # fmt: skip


def test_what_a_shape_cannot_hold_is_left_out_and_counted(
    compared: list[Task], build: Build, tmp_path: Path
) -> None:
    first = compared[0].prompt
    Prompt.objects.filter(pk=first.pk).update(
        messages=[{"role": "system", "content": "Be brief."}, *first.messages]
    )
    made = build()

    found = export_build(
        made, asked_for(made, shape="alpaca", container="json"), tmp_path / "alpaca"
    )

    assert (found.rows["train"], dict(found.left_out)) == (7, {"system": 1})
    assert dict(found.lost) == {}  # one vote each: p_chosen and weight are 1


def test_an_export_twice_is_the_same_bytes_and_nothing_else_is_overwritten(
    compared: list[Task], build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "SHARD", 3)
    made = build()
    asked = asked_for(made, shape="trl", container="folder")

    first = export_build(made, asked, tmp_path / "out").files
    second = export_build(made, asked, tmp_path / "out").files

    assert first == second
    assert "data/train-00002-of-00003.parquet" in first
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputInUse):
        export_build(made, asked, tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_an_interrupted_export_leaves_what_was_there(
    compared: list[Task], build: Build, tmp_path: Path
) -> None:
    made = build()
    asked = asked_for(made, shape="trl", container="jsonl", splits=("train",))
    path = tmp_path / "rows.jsonl"
    path.write_text("before")

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_build(made, asked, path, beat=stop)
    assert path.read_text() == "before"
    export_build(made, asked, path)
    assert len(path.read_text().splitlines()) == 8


def test_what_cannot_be_had_is_refused_before_anything_is_written(
    compared: list[Task], build: Build
) -> None:
    with pytest.raises(NotBuilt):
        asked_for(DatasetBuildFactory.create(), shape="trl", container="json")
    made = build()
    made.kind = "text"
    with pytest.raises(CannotExport, match="trl, llamafactory, axolotl"):
        asked_for(made, shape="openai", container="json")
    for wrong in ({"shape": "xml"}, {"container": "xml"}, {"splits": ("all",)}):
        given: dict[str, Any] = {"shape": "trl", "container": Container.JSON} | wrong
        with pytest.raises(CannotExport):
            asked_for(made, **given)


def test_a_command_refuses_what_it_cannot_do_with_a_sentence(
    compared: list[Task], build: Build, tmp_path: Path
) -> None:
    made = build()
    two = ("--split", "train", "--split", "test")
    for arguments, told in (
        (("--format", "csv", "--output", str(tmp_path / "a.csv"), *two), "one file"),
        (("--format", "csv", "--split", "test", "--output", str(tmp_path / "a")), "ends in"),
    ):
        with pytest.raises(CommandError, match=told):
            command("export_build", made, *arguments)
    for name in ("nonsense", "f" * 64):
        with pytest.raises(CommandError, match=name):
            command("export_build", name, "--output", str(tmp_path / "a"))


# verify_build


def wrong_in(build: DatasetBuild, *, rebuild: bool = False) -> dict[str, int]:
    found: list[Check] = verify_build(build, rebuild=rebuild)
    return {each.name: each.wrong for each in found if each.wrong}


def change(build: DatasetBuild, name: str, lines: list[dict[str, Any]]) -> None:
    """Put other lines into a file of the build, its sha256 as if nothing had happened."""
    store = file_store()
    text = "".join(json.dumps(each) + "\n" for each in lines)
    path = Path(store._root) / f"other-{name}"
    path.write_text(text)
    stored = store.put(path)
    build.files[name] = {"key": stored.key, "sha256": stored.sha256, "bytes": stored.bytes}


def lines(build: DatasetBuild, name: str) -> list[dict[str, Any]]:
    with file_store().open(build.files[name]["key"]) as stream:
        return [json.loads(line) for line in stream]


def test_a_good_build_verifies_also_when_made_again(compared: list[Task], build: Build) -> None:
    made = build()

    told = command("verify_build", made.digest, "--rebuild")

    assert told["ok"] is True
    assert {name: each["checked"] for name, each in told["checks"].items()} == {
        "files": 10, "digest": 1, "lines": 10, "groups": 10, "judgments": 10, "snapshot": 1,
        "rebuilt": 1,
    }  # fmt: skip


def test_a_changed_byte_is_found_and_the_command_fails(compared: list[Task], build: Build) -> None:
    made = build()
    with file_store()._fs.open(file_store()._path(made.files["train.jsonl"]["key"]), "ab") as file:
        file.write(b" ")

    with pytest.raises(CommandError, match="1 things"):
        command("verify_build", made)
    assert wrong_in(made) == {"files": 1}


def test_other_rows_under_a_good_checksum_do_not_have_the_digest(
    compared: list[Task], build: Build
) -> None:
    made = build()
    rows = lines(made, "train.jsonl")
    change(made, "train.jsonl", rows[1:])

    assert wrong_in(made) == {"digest": 1, "lines": 2}  # a line too many, and a wrong count


def test_a_group_in_two_splits_is_found(compared: list[Task], build: Build) -> None:
    made = build()
    (row,) = lines(made, "test.jsonl")
    group = lines(made, "train.jsonl")[3]["group"]
    change(made, "test.jsonl", [row | {"group": group}])

    assert wrong_in(made) == {"digest": 1, "groups": 1}


def test_a_lineage_that_names_other_splits_or_judgments_is_found(
    compared: list[Task], build: Build
) -> None:
    made = build()
    first, second, *rest = lines(made, "lineage.jsonl")
    unknown = "11111111-2222-3333-4444-555555555555"
    told = [
        first | {"split": "test" if first["split"] != "test" else "train"},
        second | {"judgments": [unknown]},
        *rest,
    ]
    change(made, "lineage.jsonl", told)

    assert wrong_in(made) == {"lines": 1, "judgments": 1}


def test_judgments_that_are_other_than_in_the_snapshot_are_found(
    compared: list[Task], build: Build
) -> None:
    made = build()
    Judgment.objects.filter(task=compared[0]).update(is_extra=True)

    assert wrong_in(made, rebuild=True) == {"snapshot": 1, "rebuilt": 1}


def test_a_build_that_was_never_built_cannot_be_verified() -> None:
    made = DatasetBuildFactory.create()
    assert Job.objects.filter(pk=made.job_id).exists()

    with pytest.raises(CommandError, match="queued"):
        command("verify_build", made)
