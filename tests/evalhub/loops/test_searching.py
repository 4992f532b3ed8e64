"""A Round that searches trains the best try of its sweep."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from evalhub.accounts.models import Member
from evalhub.jobs import jobs
from evalhub.loops.models import Round
from evalhub.loops.searching import Search
from evalhub.loops.services import cancel_round, start_round
from evalhub.registry.files import weights_of
from evalhub.runs.fit import rates_to_search
from evalhub.runs.models import Run
from evalhub.sweeps.models import Sweep
from evalhub.sweeps.services import cancel_sweep
from tests.evalhub.loops.scenes import a_loop, do_one, turned
from tests.evalhub.runs.scenes import without_torch
from tests.null_trainer import RECIPES
from training.contract import RunSpec

SEARCH = {
    "recipe": "dpo",
    "space": {"learning_rate": {"choices": [0.0001, 0.001]}},
    "sampler": "grid",
    "tries": 2,
}


@pytest.fixture(autouse=True)
def _no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up trainer, for which the second rate is the better one."""
    without_torch(monkeypatch)
    train = RECIPES["dpo"]

    def with_loss(spec: RunSpec, run_dir: Path, artifacts: Path) -> dict[str, float]:
        loss = 0.2 if spec.options["learning_rate"] == 0.001 else 0.4
        return train(spec, run_dir, artifacts) | {"eval_loss": loss}

    monkeypatch.setitem(RECIPES, "dpo", with_loss)


@pytest.fixture
def begun(erin: Member, tmp_path: Path) -> Round:
    return start_round(loop=a_loop(erin, tmp_path, search=SEARCH), by=erin)


def searching() -> Sweep:
    for _ in range(20):
        jobs.deliver_waiting()
        if Sweep.objects.exists():
            break
        do_one()
    return Sweep.objects.get()


def test_the_best_try_is_what_is_trained_and_goes_on(begun: Round) -> None:
    round_ = turned(begun)
    train = round_.steps.get(kind="train")
    assert round_.state == "succeeded", train.error
    sweep = Sweep.objects.get()
    assert (train.result["sweep"], sweep.tries.count()) == (str(sweep.uid), 2)
    final = Run.objects.get(uid=train.result["runs"][0])
    assert sweep.final == final
    assert train.result["model"] == str(final.adapter.uid)
    assert final.spec["options"]["learning_rate"] == 0.001


def test_coarse_to_fine_without_a_space_searches_the_usual_rates(erin: Member, tmp_path: Path) -> None:  # fmt: skip
    """Whatever rate the recipe's options name; those of dpo, of a model whose size is not known."""
    search = {"recipe": "dpo", "sampler": "refine", "tries": 2}
    loop = a_loop(erin, tmp_path, search=search, dpo={"learning_rate": 0.5})
    start_round(loop=loop, by=erin)
    sweep = searching()
    low, high = rates_to_search("dpo", weights=weights_of(sweep.model.source))
    assert sweep.space == {"learning_rate": {"low": low, "high": high}}
    jobs.deliver_waiting()
    rates = [try_.run.spec["options"]["learning_rate"] for try_ in sweep.tries.all()]
    assert rates
    assert all(low <= rate <= high for rate in rates)


@pytest.mark.parametrize("sampler", ["grid", "random", "tpe"])
def test_a_search_by_others_needs_a_space(sampler: str) -> None:
    faults = read_search(sampler).faults()
    assert [each for each in faults if "Nothing is searched" in each]
    assert read_search("refine").faults() == []


def read_search(sampler: str) -> Search:
    return msgspec.convert({"recipe": "sft", "sampler": sampler}, Search)


def test_a_search_that_is_cancelled_fails_the_step(begun: Round, erin: Member) -> None:
    cancel_sweep(sweep=searching(), by=erin)
    round_ = turned(begun)
    assert round_.steps.get(kind="train").error == "The search was cancelled."


def test_cancelling_the_round_cancels_the_search(begun: Round, erin: Member) -> None:
    sweep = searching()
    cancel_round(round_=Round.objects.get(pk=begun.pk), by=erin)
    sweep.refresh_from_db()
    assert sweep.state == "cancelled"
