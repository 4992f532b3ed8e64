"""What a service got, read back from its own files or its own server, equals ours step by step."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from evalhub.accounts.models import Workspace
from evalhub.jobs.choices import JobState
from evalhub.jobs.models import Job
from tests.evalhub.tracking.scenes import SAID, STEPS, run_with_figures, sent, tell, tracker
from tests.mlflow_server import history, real_or_standing_in, run_there


def needs(module: str, extra: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        find_spec(module) is None,
        reason=f'{module} is not installed: pip install -c constraints.txt -e ".[{extra}]"',
    )


@pytest.fixture(autouse=True)
def own_disk(settings: Any, tmp_path: Path) -> None:
    settings.EVALHUB_DATA_DIR = tmp_path


def under_way(job: Job) -> None:
    job.state, job.ended_at = JobState.QUEUED, None
    job.save()


def nothing_was_said(folder: Path) -> bool:
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert files
    return not any(SAID.encode() in each for each in files)


# TensorBoard


def scalars(folder: Path) -> list[tuple[str, int, float]]:
    """Each scalar of the folder's event files: length, its sum, the event, its sum."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for path in sorted(folder.iterdir()):
        whole, at = path.read_bytes(), 0
        while at < len(whole):
            (size,) = struct.unpack_from("<Q", whole, at)
            event = Event.FromString(whole[at + 12 : at + 12 + size])
            at += 12 + size + 4
            found += [
                (value.tag, event.step, value.simple_value)
                for value in event.summary.value
                if value.HasField("simple_value")
            ]
    return found


@needs("tensorboardX", "tensorboard")
def test_tensorboard_reads_every_point_once_though_it_was_sent_in_two_parts(
    acme: Workspace, tmp_path: Path
) -> None:
    run = run_with_figures(acme)
    run.job.refresh_from_db()
    whole_job = {"state": run.job.state, "ended_at": run.job.ended_at}
    under_way(run.job)
    to = tracker(acme, "tensorboard")
    first = sent(run, to)
    assert (first.sent_to, first.has_end, first.error) == (49, False, "")  # the last step waits

    tell(run, 1, [(51, 0.5)])
    Job.objects.filter(pk=run.job.pk).update(**whole_job)
    run.job.refresh_from_db()
    assert sent(run, to).has_end

    found = scalars(Path(first.seen_at))
    assert [(step, value) for name, step, value in found if name == "loss"] == [
        (step, pytest.approx(value)) for step, value in [*STEPS, (51, 0.5)]
    ]
    assert ("final/eval_loss", 51, 0.25) in found
    assert nothing_was_said(tmp_path / "tracking")


@needs("tensorboardX", "tensorboard")
def test_a_sending_that_nobody_remembers_is_replaced(acme: Workspace) -> None:
    run, to = run_with_figures(acme), tracker(acme, "tensorboard")
    track = sent(run, to)
    track.sent_to, track.has_end = None, False  # the worker died before it could write that down
    track.save()
    again = sent(run, to)
    losses = [each for each in scalars(Path(again.seen_at)) if each[0] == "loss"]
    assert len(losses) == 50


# MLflow


def test_mlflow_has_every_point_once_and_how_the_run_ended(acme: Workspace, settings: Any) -> None:
    with real_or_standing_in() as address:
        settings.EVALHUB_TRACKER_ADDRESSES = [address]
        run, to = run_with_figures(acme), tracker(acme, "mlflow", address=address)
        track = sent(run, to)
        assert (track.error, track.sent_to, track.has_end) == ("", 50, True)
        assert history(track.seen_at, "loss") == STEPS

        track.sent_to, track.has_end = None, False  # nobody remembers: all of it once more
        track.save()
        again = sent(run, to)
        assert again.seen_at == track.seen_at
        assert history(again.seen_at, "loss") == STEPS
        assert history(again.seen_at, "final/eval_loss") == [(0, 0.25)]

        there = run_there(again.seen_at)
        params = {each["key"]: each["value"] for each in there["data"]["params"]}
        assert there["info"]["status"] == "FINISHED"
        assert float(params["learning_rate"]) == 0.0003
        assert params["sha256/train"] == "ab" * 32
        assert SAID not in json.dumps(there)


# Weights & Biases


def records(path: Path) -> Iterator[Any]:  # Any: wandb's Record
    """Of a .wandb file: after seven bytes, pieces in blocks of 32 KiB (sum, length, kind: 1 whole, 2 to 4 parts)."""
    from wandb.proto.wandb_internal_pb2 import Record

    whole, at, parts, block = path.read_bytes(), 7, b"", 1 << 15
    while at + 7 <= len(whole):
        if block - at % block < 7:
            at += block - at % block
            continue
        _sum, size, kind = struct.unpack_from("<IHB", whole, at)
        parts += whole[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in {1, 4}:
            yield Record.FromString(parts)
            parts = b""


@needs("wandb", "wandb")
def test_the_offline_file_of_weights_and_biases_has_every_point(
    acme: Workspace, tmp_path: Path
) -> None:
    run = run_with_figures(acme)
    track = sent(run, tracker(acme, "wandb", is_offline=True))
    assert (track.error, track.sent_to, track.has_end) == ("", 50, True)

    (file,) = tmp_path.rglob("*.wandb")
    found, ids = [], []
    for record in records(file):
        if record.WhichOneof("record_type") == "history":
            items = {
                each.key or each.nested_key[0]: each.value_json for each in record.history.item
            }
            found.append((record.history.step.num, json.loads(items["loss"])))
        elif record.WhichOneof("record_type") == "run":
            ids.append((record.run.run_id, record.run.host))
    assert found == STEPS
    assert ids == [(str(run.uid), "evalhub")]
    assert nothing_was_said(tmp_path / "tracking")


# Comet


@needs("comet_ml", "comet")
def test_the_offline_archive_of_comet_has_every_point(acme: Workspace, tmp_path: Path) -> None:
    run = run_with_figures(acme)
    track = sent(run, tracker(acme, "comet", is_offline=True))
    assert (track.error, track.sent_to, track.has_end) == ("", 50, True)

    (file,) = tmp_path.rglob("*.zip")
    with ZipFile(file) as archive:
        told = archive.read("messages.json").decode()
        about = archive.read("experiment.json").decode()
    lines = [json.loads(line) for line in told.splitlines()]
    metrics = [each["payload"]["metric"] for each in lines if each["type"] == "metric_msg"]
    points = [(m["step"], m["metricValue"]) for m in metrics if m["metricName"] == "loss"]
    assert points == STEPS
    assert run.uid.hex in about
    assert SAID not in told + about
