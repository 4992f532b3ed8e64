"""Pushing to a bucket of moto's server, to a small hub, and to a folder; all on this machine."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import fsspec
import pytest
from django.core.management import CommandError, call_command

from evalhub.accounts.models import Member
from evalhub.audit.models import Entry
from evalhub.campaigns.models import Task
from evalhub.datasets.errors import TargetNotAllowed, UnfitTarget
from evalhub.datasets.export.asked import Asked, Container, asked_for
from evalhub.datasets.models import BuildPush, DatasetBuild
from evalhub.datasets.push import pushing
from evalhub.datasets.push.services import start_push
from evalhub.datasets.push.targets import allowed_target, target_of
from evalhub.jobs.jobs import execute
from tests.evalhub.datasets.conftest import Build
from tests.hub_server import TOKEN, Hub, running_hub

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:httpx2.*"),  # the hub's library
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),  # moto's
]

SECRET = "a-very-secret-key-of-the-store"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """s3://data on a server of this test's own."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-of-the-store")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    store = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    store.mkdir("data")
    yield store
    urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    server.stop()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield running


def folder_of(build: DatasetBuild) -> Asked:
    return asked_for(build, shape="trl", container=Container.FOLDER)


def push(build: DatasetBuild, to: str, *arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command(
        "push_build", "--build", str(build.uid), "--to", to, "--json", *arguments,
        stdout=out, stderr=io.StringIO(),
    )  # fmt: skip
    told: dict[str, Any] = json.loads(out.getvalue().splitlines()[-1])
    return told


def test_a_bucket_gets_the_folder_once_and_a_newer_build_in_its_place(
    compared: list[Task], build: Build, bucket: Any
) -> None:
    made = build()

    first = push(made, "s3://data/ours/pairs")
    written = {path: bucket.info(path)["LastModified"] for path in bucket.find("data")}
    second = push(made, "s3://data/ours/pairs/")

    assert (first["is_new"], second["is_new"]) == (True, False)
    assert set(written) == {f"data/ours/pairs/{name}" for name in [*first["files"], "evalhub.json"]}
    after = {path: bucket.info(path)["LastModified"] for path in bucket.find("data")}
    assert after == written
    assert json.loads(bucket.cat("data/ours/pairs/evalhub.json"))["digest"] == made.digest
    bucket.pipe("data/ours/pairs/notes.txt", b"somebody's own")
    push(made, "s3://data/ours/pairs", "--shape", "openai")
    push(made, "s3://data/ours/pairs", "--shape", "axolotl")
    left = {Path(path).name for path in bucket.find("data")}
    assert left == {
        "README.md", "axolotl.yaml", "evalhub.json", "notes.txt", "train.jsonl",
        "validation.jsonl", "test.jsonl",
    }  # fmt: skip
    assert Entry.objects.filter(verb="build.pushed_by_command").count() == 4
    assert SECRET not in str(list(Entry.objects.values_list("details")))


def test_what_somebody_deleted_is_pushed_again_and_what_is_missing_is_told(
    compared: list[Task], build: Build, bucket: Any
) -> None:
    made = build()
    push(made, "s3://data/pairs")
    bucket.rm("data/pairs/README.md")

    assert push(made, "s3://data/pairs")["is_new"] is True

    with pytest.raises(CommandError, match="did not take the files"):
        push(made, "s3://no-such-bucket/pairs")


def test_a_failure_is_told_by_its_kind_and_not_in_the_library_s_words() -> None:
    target = target_of("s3://data/pairs")
    error = OSError("https://store.example.org/?X-Amz-Signature=abc for key-of-the-store")

    told = pushing.told(target, error)

    assert told == "s3://data/pairs did not take the files: the connection ended with OSError."
    assert "credentials" in pushing.told(target, PermissionError("key-of-the-store"))


def test_a_hub_gets_one_private_commit_and_no_second_one(
    compared: list[Task], build: Build, hub: Hub
) -> None:
    made = build()

    first = push(made, "hf://datasets/acme/pairs")
    second = push(made, "hf://datasets/acme/pairs")

    assert (first["is_new"], second["is_new"], hub.commits) == (True, False, 1)
    files = hub.repos["acme/pairs"]
    assert set(files) == {*first["files"], "evalhub.json"}
    assert files["data/train-00000-of-00001.parquet"][:4] == b"PAR1"
    assert hub.private == {"acme/pairs": True}
    push(made, "hf://datasets/acme/pairs", "--shape", "llamafactory")
    assert "data/train-00000-of-00001.parquet" not in hub.repos["acme/pairs"]
    assert "dataset_info.json" in hub.repos["acme/pairs"]


def test_a_hub_that_refuses_the_token_is_told_without_it(
    compared: list[Task], build: Build, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
    made = build()

    with pytest.raises(CommandError, match="did not take the files") as caught:
        push(made, "hf://datasets/acme/pairs")
    assert "hf_of_somebody_else" not in str(caught.value)


def test_a_folder_takes_a_push_from_the_command(
    compared: list[Task], build: Build, tmp_path: Path
) -> None:
    made = build()
    assert push(made, f"file://{tmp_path}/there")["is_new"] is True
    assert (tmp_path / "there" / "evalhub.json").exists()
    assert push(made, f"file://{tmp_path}/there")["is_new"] is False


@pytest.mark.parametrize(
    "text",
    [
        "s3://", "s3://key:secret@bucket/x", "s3://bucket/../other", "s3://bucket/x?y",
        "hf://models/a/b", "hf://datasets/a", "hf://datasets/a/b/../../c", "file://relative",
        "http://example.org/x", "ftp://x", "bucket/x", "",
    ],
)  # fmt: skip
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(UnfitTarget):
        target_of(text)


def test_people_push_below_what_the_operator_named_and_never_to_this_machine(
    settings: Any,
) -> None:
    with pytest.raises(TargetNotAllowed):
        allowed_target("s3://data/ours")
    settings.EVALHUB_PUSH_TARGETS = ["s3://data/ours/", "hf://datasets/acme", "file:///"]
    for text in ("s3://data/ours", "s3://data/ours/a/b", "hf://datasets/acme/pairs"):
        assert str(allowed_target(text)) == text
    for text in ("s3://data/ours-too", "s3://data", "hf://datasets/acme2/p", "file:///elsewhere/x"):
        with pytest.raises(TargetNotAllowed):
            allowed_target(text)


def test_a_push_from_the_page_is_a_job_that_looks_again_whether_it_may(
    compared: list[Task], build: Build, erin: Member, hub: Hub, settings: Any
) -> None:
    settings.EVALHUB_PUSH_TARGETS = ["hf://datasets/acme"]
    made = build()
    asked = folder_of(made)

    one = start_push(build=made, asked=asked, target="hf://datasets/acme/pairs", by=erin)
    other = start_push(build=made, asked=asked, target="hf://datasets/acme/more", by=erin)
    execute(one.job.uid)
    settings.EVALHUB_PUSH_TARGETS = []
    execute(other.job.uid)

    one, other = BuildPush.objects.select_related("job").order_by("pk")
    assert (one.job.state, one.outcome["is_new"]) == ("succeeded", True)
    assert (other.job.state, set(hub.repos)) == ("failed", {"acme/pairs"})
    assert "EVALHUB_PUSH_TARGETS" in other.job.error
    verbs = list(Entry.objects.filter(verb__startswith="build_push").values_list("verb", flat=True))
    assert sorted(verbs) == ["build_push.ended", "build_push.started", "build_push.started"]
