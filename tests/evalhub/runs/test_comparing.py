"""Runs side by side: what differs, what came out, and nothing made up where a run has none."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import Member
from evalhub.common.charts import overlaid_chart
from evalhub.runs.comparing import MOST_POINTS, compare
from evalhub.runs.models import Run
from evalhub.runs.services import keep_measured
from tests import factories
from tests.evalhub.runs.test_telling import HOSTILE, say


def sft(erin: Member, *, options: dict[str, Any] | None = None, **columns: Any) -> Run:
    spec = {"recipe": "sft", "seed": 0, "options": options or {}}
    return factories.RunFactory.create(workspace=erin.workspace, recipe="sft", spec=spec, **columns)


def tell(run: Run, *losses: float, name: str = "loss") -> None:
    for step, loss in enumerate(losses, start=1):
        say(run, "metrics", {"step": step, name: loss})


def page(client: Client, erin: Member, *runs: object) -> Any:
    client.force_login(erin.user)
    named = [str(getattr(run, "uid", run)) for run in runs]
    return client.get(reverse("runs:compare", args=["acme"], query={"run": named}))


@pytest.fixture
def pair(erin: Member) -> list[Run]:
    slow = sft(erin, options={"learning_rate": 1e-4}, metrics={"eval_loss": 0.5}, seconds=60.0)
    quick = sft(erin, options={"learning_rate": 1e-3, "batch_size": 4}, metrics={"steps": 9.0})
    build = factories.DatasetBuildFactory.create(dataset__workspace=erin.workspace, digest="ab" * 32)  # fmt: skip
    quick.builds.add(build)
    tell(slow, 0.7, 0.5)
    tell(quick, 0.9, 0.3, 0.2)
    tell(quick, 1.0, 2.0, name="grad_norm")
    return [slow, quick]


def test_only_what_differs_is_told(pair: list[Run]) -> None:
    differs = {line.name: line.values for line in compare(pair).differs}
    build = pair[1].builds.get()
    assert differs == {
        "build": [None, f"{build.dataset} abababababab"],
        "learning_rate": [1e-4, 1e-3],
        "batch_size": [8, 4],
    }


def test_a_figure_that_a_run_lacks_is_missing_and_not_zero(
    client: Client, erin: Member, pair: list[Run]
) -> None:
    figures = {line.name: line.values for line in compare(pair).figures}
    assert figures["steps"][0] is None
    assert figures["eval_loss"][1] is None
    assert figures["device_seconds"][0].value == 60.0
    assert ">—<" in page(client, erin, *pair).content.decode()


def test_intervals_are_told_where_somebody_worked_them_out(erin: Member, pair: list[Run]) -> None:
    keep_measured(
        run=pair[0], figures={"eval_loss": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9}}
    )
    say(pair[1], "probe", {"slices": [{"slice": "all", "rise": 0.2, "low": 0.1, "high": 0.3}]})
    figures = {line.name: line.values for line in compare(pair).figures}
    assert str(figures["eval_loss"][0]) == "0.5 [0.4, 0.6]"
    assert figures["probe_loss_rise"][0] is None
    assert figures["probe_loss_rise"][1].low == 0.1


def test_curves_lie_on_the_same_axes() -> None:
    """Over steps 1 to 3 and values 0 to 1: the second line begins where the first one ends."""
    chart = overlaid_chart("loss", [[(1, 0.0), (2, 1.0)], None, [(2, 1.0), (3, 0.0)]])
    first, second = chart.lines
    assert (first.nth, second.nth) == (0, 2)
    assert first.points.split()[-1] == second.points.split()[0]
    assert [tick.label for tick in chart.x_ticks] == ["1", "1.67", "2.33", "3"]


def test_long_curves_are_thinned_and_keep_their_ends(erin: Member, pair: list[Run]) -> None:
    tell(pair[0], *(float(n) for n in range(1000)))
    loss = next(curve for curve in compare(pair).curves if curve.name == "loss")
    assert loss.points[0] is not None
    assert len(loss.points[0]) == MOST_POINTS
    assert (loss.points[0][0][0], loss.points[0][-1]) == (1, (1000, 999.0))
    assert [str(end) for end in loss.ends] == ["999", "0.2"]


def test_answers_stand_side_by_side_and_are_escaped(
    client: Client, erin: Member, pair: list[Run]
) -> None:
    for run, step, content in ((pair[0], 1, "early"), (pair[0], 2, HOSTILE), (pair[1], 2, "Yes.")):
        say(run, "sample", {"step": step, "prompt": "p1", "asked": HOSTILE, "content": content})
    say(pair[1], "sample", {"step": 2, "prompt": "p2", "content": "alone"})
    both, alone = compare(pair).samples
    assert [answer.content for answer in both.answers if answer] == [HOSTILE, "Yes."]
    assert alone.answers[0] is None
    shown = page(client, erin, *pair).content.decode()
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown


def test_page_api_and_command_say_the_same(client: Client, erin: Member, pair: list[Run]) -> None:
    client.force_login(erin.user)
    uids = [str(run.uid) for run in reversed(pair)]
    told = client.get("/api/v1/runs/compare", {"run": uids}).json()
    out = StringIO()
    call_command("compare_runs", *uids, workspace="acme", json=True, stdout=out)
    assert told == json.loads(out.getvalue()) == json.loads(json.dumps(told))
    assert [each["run"] for each in told["runs"]] == uids
    assert told["differs"]["batch_size"] == [4, 8]
    assert told["figures"]["steps"] == [{"value": 9.0, "low": None, "high": None}, None]
    words = StringIO()
    call_command("compare_runs", *uids, workspace="acme", stdout=words)
    assert "—" in words.getvalue()
    ticked = client.get(reverse("runs:list", args=["acme"])).content.decode()
    assert all(f'name="run" value="{uid}"' in ticked for uid in uids)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_two_to_eight_can_be_compared(client: Client, erin: Member, count: int) -> None:
    runs = [sft(erin) for _ in range(count)]
    told = page(client, erin, *runs, *runs[:1])  # one that is named twice counts once
    assert told.status_code == 400
    assert f"2 to 8 runs can be compared, and {count}" in told.content.decode()
    answer = client.get("/api/v1/runs/compare", {"run": [str(run.uid) for run in runs]})
    assert answer.json()["code"] == "cannot_compare_runs"
    if count:
        with pytest.raises(CommandError, match="2 to 8 runs"):
            call_command("compare_runs", *(str(run.uid) for run in runs), workspace="acme")


def test_a_strangers_run_and_none_answer_alike(client: Client, erin: Member) -> None:
    mine, theirs = sft(erin), factories.RunFactory.create()
    strange, absent = (page(client, erin, mine, other) for other in (theirs, uuid4()))
    assert strange.status_code == absent.status_code == 404
    assert page(client, erin, mine, "x").status_code == 404
    for other in (theirs.uid, uuid4()):
        answer = client.get("/api/v1/runs/compare", {"run": [str(mine.uid), str(other)]})
        assert (answer.status_code, answer.json()["detail"]) == (404, "No such run.")
