from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from evalhub.accounts.models import Workspace
from evalhub.prompts.models import Prompt

pytestmark = pytest.mark.django_db

GOOD = {"id": "p1", "messages": [{"role": "user", "content": "Why?"}]}


def run(name: str, path: Path, *more: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(
        name, str(path), "--workspace", "acme", "--collection", "faq", "--json", *more, stdout=out
    )
    summary: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return summary


def test_the_command_reads_the_file_and_ends_with_one_object(
    acme: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text(json.dumps(GOOD) + "\n{broken\n")

    summary = run("import_prompts", path)

    assert (summary["rows"], summary["new"], summary["rejected"]) == (2, 1, 1)
    assert (summary["kind"], summary["format"]) == ("prompts", "evalhub")
    assert summary["rejected_rows"][0]["line"] == 2
    assert Prompt.objects.count() == 1


def test_nothing_taken_is_an_error(acme: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text("{broken\n")

    with pytest.raises(CommandError, match="every row was rejected"):
        run("import_prompts", path, "--format", "evalhub")


def test_nothing_new_is_no_error(acme: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    path.write_text(json.dumps(GOOD) + "\n")
    run("import_prompts", path)

    assert run("import_prompts", path)["unchanged"] == 1


def test_judgments_of_prompts_that_are_not_there_say_what_to_do(
    acme: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "judgments.jsonl"
    row = {"id": "j", "prompt": "p", "responses": ["a", "b"], "preferences": [{"choice": "a"}]}
    path.write_text(json.dumps(row) + "\n")

    with pytest.raises(CommandError, match="every row was rejected"):
        run("import_judgments", path)


@pytest.mark.parametrize(("workspace", "file"), [("nowhere", "p.jsonl"), ("acme", "missing.jsonl")])
def test_a_workspace_or_file_that_is_not_there_is_named(
    acme: Workspace, tmp_path: Path, workspace: str, file: str
) -> None:
    (tmp_path / "p.jsonl").write_text(json.dumps(GOOD))

    with pytest.raises(CommandError, match=r"nowhere|missing"):
        call_command(
            "import_prompts", tmp_path / file, "--workspace", workspace, "--collection", "c"
        )


def test_masking_waits_for_a_yes_at_the_command_too(acme: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "prompts.jsonl"
    turn = {"role": "user", "content": "I am zoe@x.org"}
    path.write_text(json.dumps(GOOD | {"messages": [turn]}) + "\n")

    summary = run("import_prompts", path, "--mask", "email", "phone")

    assert (summary["masked"], summary["awaits_confirmation"]) == ({"email": 1}, True)
    assert not Prompt.objects.exists()

    summary = run("import_prompts", path, "--mask", "email", "phone", "--yes")

    assert (summary["new"], summary["awaits_confirmation"]) == (1, False)
    assert Prompt.objects.get().messages[0]["content"] == "I am [EMAIL]"
