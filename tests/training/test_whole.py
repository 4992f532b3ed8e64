"""Training all weights of a small model: what it makes, what it refuses, and that it goes on to the bit."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import SELDOM, documents, pairs, texts
from training.contract import OPTIONS
from training.fitting import TIGHT
from training.preflight import rate_is_odd
from training.utilisation import mfu
from training.whole import bytes_of

pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"
)
QUICK: dict[str, Any] = {
    "trains": "all",
    "learning_rate": 3e-3,
    "batch_size": 4,
    "max_steps": 4,
} | SELDOM
ROWS = {"sft": texts(8), "dpo": pairs(8), "text": documents(8)}


def asked(run: Run, model: Path, recipe: str = "sft", adapter: str = "", **options: Any) -> Run:
    rows = ROWS[recipe]
    inputs = {"train": run.rows("train", rows), "validation": run.rows("validation", rows[:4])}
    spec = {"model": str(model), "adapter": adapter, "inputs": inputs}
    return run.ask(recipe, options={**QUICK, **options}, **spec)


def weights_of(run: Run) -> bytes:
    return (run.folder / "artifacts" / "model" / "model.safetensors").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["sft", *(pytest.param(each, marks=pytest.mark.long) for each in ("dpo", "text"))])  # fmt: skip
def test_the_artifact_is_a_whole_model_that_is_a_base_again(
    recipe: str, tiny_model: Path, run: Run, another_run: Run
) -> None:
    """It learns, differs from its base, and what training goes on from is what it ended with."""
    result = asked(run, tiny_model, recipe).attempt()
    assert result.ok, result.error
    assert "adapter_inert" not in {each["code"] for each in result.findings}
    made = run.folder / "artifacts" / "model"
    found = {path.name for path in made.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= found
    assert not (run.folder / "artifacts" / "adapter").exists()
    assert json.loads((made / "config.json").read_text())["architectures"] == ["LlamaForCausalLM"]

    again = asked(another_run, made, recipe, max_steps=1).attempt()
    assert again.ok, again.error
    measured = "eval_reward_accuracy" if recipe == "dpo" else "eval_loss"
    first = another_run.events("metrics")[0]
    if recipe == "dpo":  # the reference is the new base, so it begins at rest
        assert (first["eval_margin"], result.metrics[measured]) == (0, 1)
    else:
        assert first[measured] == pytest.approx(result.metrics[measured], abs=1e-5)
        assert run.events("metrics")[0][measured] > result.metrics[measured]


@pytest.mark.slow
def test_what_holds_a_model_holds_a_whole_one_and_the_best_is_kept_over_a_kill(
    tiny_model: Path, run: Run
) -> None:
    """kl_to_base begins at 0 and rises; patience keeps the weights of the best evaluation."""
    more = {"kl_to_base": 0.5, "patience": 1, "evaluate_every": 2, "checkpoint_every": 2, "l2": 0.1}
    result = asked(run, tiny_model, **more).attempt()
    assert result.ok, result.error
    held = [body["kl_to_base"] for body in run.events("metrics") if "kl_to_base" in body]
    assert held[0] == pytest.approx(0, abs=1e-6)
    assert held[-1] > 1e-4
    assert result.metrics["best_step"] == 4
    before = weights_of(run)
    (run.folder / "checkpoints" / "step-00000004" / "optimizer.pt").unlink()
    assert run.attempt(2).ok
    begun = [each["done"] for each in run.events("progress", 2) if each["note"] == "training"]
    assert begun == [2]
    assert weights_of(run) == before


@pytest.mark.slow
def test_a_saved_model_that_says_something_else_is_refused(
    tiny_model: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import proving

    def spoilt(loaded: Any, attempt: Any) -> Any:
        model = proven(loaded, attempt)
        model.lm_head.weight.data.mul_(2)
        return model

    proven = proving.load_saved
    monkeypatch.setattr(proving, "load_saved", spoilt)
    result = asked(run, tiny_model, max_steps=1).attempt()
    assert "The model that was saved says something else" in result.error


@pytest.mark.slow
def test_an_adapter_and_a_model_that_does_not_fit_are_refused_before_anything_is_loaded(
    tiny_model: Path, run: Run, another_run: Run, trained: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = asked(run, tiny_model, adapter=str(trained.adapter)).attempt()
    assert "merge that into its base" in refused.error
    from training import whole

    monkeypatch.setattr(whole, "memory_bytes", lambda device: 200_000)
    too_large = asked(another_run, tiny_model, kl_to_base=0.1).attempt()
    assert "the device has 0.0 GB: train an adapter" in too_large.error
    assert [each["code"] for each in too_large.findings] == ["does_not_fit"]


def test_the_room_by_hand() -> None:
    """Weight, gradient and two of AdamW are 4 × 4 bytes: 0.5e9 weights take 8 GB, 10 with a copy; so a
    card of 80 GB takes 4.5 billion of them with a tenth to spare."""
    assert bytes_of(500_000_000, copies=0) == 8_000_000_000
    assert bytes_of(500_000_000, copies=1) == 10_000_000_000
    assert math.isclose(TIGHT * 80e9 / bytes_of(1, copies=0), 4.5e9)


def test_what_is_no_setting_of_a_whole_model_is_named() -> None:
    told = OPTIONS["sft"].of({"trains": "all", "lora_rank": 8, "lora_plus": 4.0, "ewc": 1.0})
    assert [each.split()[0] for each in told.faults()] == ["lora_rank", "lora_plus", "ewc"]
    assert OPTIONS["dpo"].of({"trains": "half"}).faults() == [
        "trains is half, but must be one of adapter, all"
    ]
    assert "trains" not in OPTIONS["kto"].__dataclass_fields__


def test_a_rate_for_an_adapter_is_high_for_all_weights() -> None:
    """1e-4 is what adapters want, and ten times what all weights want."""
    assert rate_is_odd("sft", 1e-4, weights=10**9)[1] == ""
    code, told = rate_is_odd("sft", 1e-4, weights=10**9, is_whole=True)
    assert code == "rate_high"
    assert "of all weights 1e-06 to 5e-05" in told


def test_a_token_of_a_whole_model_costs_six_operations_a_weight() -> None:
    """PaLM, appendix B: 1,000 tokens a second through 1e9 weights are 6e12, of 989e12 0.61 %."""
    assert mfu(1000, weights=10**9, peak=989e12, per_weight=6) == pytest.approx(0.006067, abs=1e-6)
