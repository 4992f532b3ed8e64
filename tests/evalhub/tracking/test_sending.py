"""A service that is away, slow, wrong or missing: the run is not touched, and nothing is lost."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from evalhub.accounts.models import Member, Workspace
from evalhub.common.files import unwatched
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job
from evalhub.tracking.errors import TrackingFailed
from evalhub.tracking.facts import letter_of, points_of
from evalhub.tracking.models import Track
from evalhub.tracking.sending import send
from evalhub.tracking.services import heard, send_run
from tests.evalhub.tracking.scenes import (
    SAID,
    STEPS,
    last_job,
    run_with_figures,
    sent,
    tell,
    tracker,
)
from tests.mlflow_server import Mlflow, mlflow


@pytest.fixture
def server(settings: Any, tmp_path: Path) -> Iterator[Mlflow]:
    settings.EVALHUB_DATA_DIR = tmp_path
    with mlflow() as server:
        settings.EVALHUB_TRACKER_ADDRESSES = [server.url]
        yield server


def test_what_a_service_took_before_it_broke_is_not_sent_again(
    acme: Workspace, server: Mlflow
) -> None:
    run = run_with_figures(acme)
    tell(run, 1, [(step, 0.5) for step in range(51, 1_501)])
    to = tracker(acme, "mlflow", address=server.url)
    server.breaks_after = 6  # found nothing, made both, params, and one batch of two
    track = sent(run, to)
    assert (track.sent_to, track.has_end) == (900, False)
    assert "it answered 500. Nothing is lost" in track.error
    assert last_job().error == track.error
    run.job.refresh_from_db()
    assert (run.job.state, run.job.error) == ("succeeded", "")

    server.breaks_after = 1_000_000
    server.calls.clear()
    track = sent(run, to)
    assert (track.sent_to, track.has_end, track.error) == (1_500, True, "")
    assert "runs/create" not in server.calls
    (there,) = server.runs.values()
    assert len([row for row in there["metrics"] if row[0] == "loss"]) == 1_500
    assert there["status"] == "FINISHED"


def test_a_key_comes_from_the_worker_and_stands_nowhere(
    acme: Workspace, server: Mlflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tracker(acme, "mlflow", address=server.url, key_variable="MLFLOW_TRACKING_TOKEN")
    run = run_with_figures(acme)
    assert "environment has no MLFLOW_TRACKING_TOKEN" in sent(run, to).error
    assert server.calls == []

    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "a-real-secret")
    server.refuses = True
    assert "it refuses the key" in sent(run, to).error
    server.refuses = False
    track = sent(run, to)
    assert server.keys == {"Bearer a-real-secret"}
    for row in (*Job.objects.values(), *Track.objects.values(), vars(to)):
        assert "a-real-secret" not in str(row)
    assert "a-real-secret" not in letter_of(track).address + str(letter_of(track).facts)


def test_a_service_that_never_answers_is_left_in_time_with_all_its_processes(
    acme: Workspace, settings: Any
) -> None:
    before = set(psutil.Process().children(recursive=True))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings.EVALHUB_TRACKER_ADDRESSES = [address]
        to = tracker(acme, "mlflow", address=address)
        track = Track(run=run_with_figures(acme), tracker=to)
        began = time.monotonic()
        with pytest.raises(TrackingFailed, match="did not answer within 2 seconds"):
            send(letter_of(track), key="", told=print, beat=unwatched, seconds=2)
        assert time.monotonic() - began < 10
    assert set(psutil.Process().children(recursive=True)) <= before, "nobody is left"


def test_a_person_ends_a_sending(acme: Workspace, settings: Any) -> None:
    from evalhub.jobs import jobs

    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings.EVALHUB_TRACKER_ADDRESSES = [address]
        run = run_with_figures(acme)
        job = send_run(run=run, tracker=tracker(acme, "mlflow", address=address))
        job.cancel_requested_at = run.created_at
        job.save()
        jobs.execute(job.uid)
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_an_address_that_the_operator_took_back_gets_nothing(
    acme: Workspace, server: Mlflow, settings: Any
) -> None:
    run, to = run_with_figures(acme), tracker(acme, "mlflow", address=server.url)
    settings.EVALHUB_TRACKER_ADDRESSES = []
    assert "EVALHUB_TRACKER_ADDRESSES" in sent(run, to).error
    assert server.calls == []


def test_nobody_is_led_on_to_another_address(acme: Workspace, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        settings.EVALHUB_TRACKER_ADDRESSES = [address]

        def answer() -> None:
            line, _from = door.accept()
            line.recv(4096)
            line.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")  # fmt: skip
            line.close()

        thread = threading.Thread(target=answer)
        thread.start()
        track = sent(run_with_figures(acme), tracker(acme, "mlflow", address=address))
        thread.join()
    assert "it answered 302" in track.error


def test_a_missing_client_is_named_with_its_remedy(
    acme: Workspace, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EVALHUB_DATA_DIR = tmp_path / "data"
    hidden = tmp_path / "wandb.py"
    hidden.write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    track = sent(run_with_figures(acme), tracker(acme, "wandb", is_offline=True))
    assert "its client is not installed" in track.error
    assert '".[wandb]"' in track.error


def test_another_project_is_another_place(acme: Workspace, server: Mlflow) -> None:
    run, to = run_with_figures(acme), tracker(acme, "mlflow", address=server.url)
    sent(run, to)
    to.project = "other"
    to.save()
    track = sent(run, to)
    assert (track.sent_to, track.has_end) == (50, True)
    assert sorted(server.experiments) == ["evalhub", "other"]


def test_no_text_and_only_what_is_finite_leaves_the_house(acme: Workspace, settings: Any) -> None:
    settings.EVALHUB_PUBLIC_URL = "https://evalhub.example.org/"
    run = run_with_figures(acme, target_modules="q_proj, v_proj and so on")
    tell(run, 1, [(51, True)])  # type: ignore[list-item]  # a trainer's slip
    letter = letter_of(Track(run=run, tracker=tracker(acme, "tensorboard")))
    assert SAID not in json.dumps([letter.facts, letter.name, letter.final, letter.tags])
    assert "target_modules" not in letter.settings
    assert letter.settings["learning_rate"] == 0.0003
    assert letter.settings["seed"] == 3
    assert letter.digests == {"train": "ab" * 32}
    assert letter.link == f"https://evalhub.example.org/w/acme/runs/{run.uid}/"
    assert [(point.step, point.values) for point in letter.points] == [
        (step, {"loss": value}) for step, value in STEPS
    ]


def test_a_repeated_step_counts_as_the_last_attempt_did_it(acme: Workspace) -> None:
    run = run_with_figures(acme)
    tell(run, 2, [(49, 7.0), (50, 8.0)])
    tell(run, 2, [(50, 0.3)], name="eval_loss")
    points = {point.step: point.values for point in points_of(run, after=47)}
    assert points == {48: {"loss": 1 / 48}, 49: {"loss": 7.0}, 50: {"loss": 8.0, "eval_loss": 0.3}}


def test_the_end_of_a_run_is_heard_once_and_disturbs_nobody(
    acme: Workspace, erin: Member, settings: Any
) -> None:
    from evalhub.jobs.events import announce

    settings.EVALHUB_TRACKER_ADDRESSES = ["https://mlflow.example.org"]
    tracker(acme, "mlflow", address="https://mlflow.example.org/ours")
    tracker(acme, "tensorboard", is_on=False)
    run = run_with_figures(acme)
    news = announce("job.ended", run.job.uid, kind="runs.execute", state="succeeded")
    heard(news)
    heard(news)
    (job,) = Job.objects.filter(kind="tracking.send")
    assert (job.title, job.queue) == (f"Send {run} to MLflow", "default")
    heard(announce("job.ended", job.uid, kind="tracking.send", state="failed"))
    assert Job.objects.filter(kind="tracking.send").count() == 1


def test_too_many_jobs_are_told_on_the_run(
    acme: Workspace, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalhub.jobs import services
    from evalhub.jobs.events import announce

    monkeypatch.setattr(services, "MOST_WAITING", 0)
    tracker(acme, "tensorboard")
    run = run_with_figures(acme)
    heard(announce("job.ended", run.job.uid, kind="runs.execute", state="succeeded"))
    assert "send what is missing" in Track.objects.get(run=run).error
    assert not Job.objects.filter(kind="tracking.send").exists()


def test_two_sendings_of_one_run_come_one_after_the_other(acme: Workspace) -> None:
    from evalhub.jobs import jobs

    run, to = run_with_figures(acme), tracker(acme, "tensorboard")
    first = jobs.take(send_run(run=run, tracker=to).uid)
    second = send_run(run=run, tracker=to)
    jobs.execute(second.uid)
    second.refresh_from_db()
    assert second.state == "queued"
    assert first is not None
    cancel_job(job=first, by=None)
