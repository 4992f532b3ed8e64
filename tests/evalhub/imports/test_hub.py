"""Datasets of a hub: real requests to a hub of our own on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from evalhub.accounts.models import Workspace
from evalhub.imports.errors import HubUnreachable
from evalhub.imports.hub import files_of_split, is_hub_id
from evalhub.imports.models import Import, ImportKind
from evalhub.imports.queries import summary_of
from evalhub.imports.services import start_hub_import
from evalhub.jobs.jobs import execute
from evalhub.prompts.models import Prompt
from tests.evalhub.formats.test_tables import as_parquet
from tests.evalhub.imports.hub_server import COMMIT, Hub, hub_of

CHAT = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]
OTHER = [{"role": "user", "content": "How?"}, {"role": "assistant", "content": "Thus."}]
FILES = {
    "README.md": b"# A dataset",
    "data/train-00000-of-00002.parquet": as_parquet([{"messages": CHAT}]),
    "data/train-00001-of-00002.parquet": as_parquet([{"messages": OTHER}, {"messages": []}]),
    "data/test-00000-of-00001.parquet": as_parquet([{"messages": CHAT}]),
    "loader.py": b"raise SystemExit('nobody runs this')",
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub_of(dict(FILES)) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def read(acme: Workspace, **more: str) -> Import:
    source = start_hub_import(
        workspace=acme, collection="faq", kind=ImportKind.JUDGMENTS, dataset="owner/name", **more
    )
    execute(source.job.uid)
    source.refresh_from_db()
    source.job.refresh_from_db()
    return source


@pytest.mark.django_db
def test_a_split_is_fetched_and_read_at_its_commit(
    acme: Workspace, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_environment")

    source = read(acme, split="train")

    assert source.job.error == ""
    assert set(hub.asked) == {"Bearer hf_of_the_environment"}
    found = summary_of(source)
    assert (found["new"], found["rejected"], found["format"]) == (2, 1, "openai-chat")
    assert found["rejected_rows"][0]["field"].startswith("data/train-00001-of-00002.parquet: ")
    assert source.hub == {"id": "owner/name", "split": "train", "revision": COMMIT}
    assert {each.messages[0]["content"] for each in Prompt.objects.all()} == {"Why?", "How?"}
    assert summary_of(read(acme, split="train"))["unchanged"] == 2


@pytest.mark.django_db
def test_a_split_that_is_not_there_and_an_unknown_dataset_are_told(
    acme: Workspace, hub: Hub
) -> None:
    assert "no files of rows" in read(acme, split="validation").job.error
    hub.files.clear()
    source = start_hub_import(
        workspace=acme, collection="faq", kind=ImportKind.PROMPTS, dataset="owner/other"
    )
    execute(source.job.uid)
    source.job.refresh_from_db()
    assert "did not give owner/other" in source.job.error
    assert "Traceback" not in source.job.error


@pytest.mark.parametrize(
    "name", ["../x", "a/b/c", "http://x.org/a", "a b", "", "a/..", "-a/b", "a/b@c"]
)
def test_what_is_no_id_is_never_asked_for(name: str) -> None:
    assert not is_hub_id(name)


@pytest.mark.django_db
@pytest.mark.parametrize("more", [{"split": "../x"}, {"revision": "a b"}, {"dataset": "../x"}])
def test_what_cannot_be_a_split_or_revision_is_refused(
    acme: Workspace, more: dict[str, str]
) -> None:
    with pytest.raises(HubUnreachable):
        start_hub_import(
            workspace=acme,
            collection="faq",
            kind=ImportKind.PROMPTS,
            **({"dataset": "owner/name"} | more),
        )


def test_files_of_a_split_are_found_by_name_or_folder() -> None:
    names = ["train.jsonl", "data/test/0.jsonl", "dataset_infos.json", "x.py", "en_train-1.csv"]
    assert files_of_split(names, "train") == ["en_train-1.csv", "train.jsonl"]
    assert files_of_split(names, "test") == ["data/test/0.jsonl"]
    assert files_of_split([*names, "all.parquet"], "") == ["all.parquet"]
    assert json.dumps(files_of_split([], "")) == "[]"
