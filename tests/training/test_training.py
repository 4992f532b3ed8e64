"""Invariants of training, on a model made on the spot."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import SELDOM, pairs, texts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

LN2 = math.log(2)
PURE = {"loss": ["sigmoid"], "loss_weights": [1.0]}
QUICK = {"learning_rate": 1e-2, "batch_size": 4, "lora_rank": 2, "epochs": 2} | SELDOM


def sft(run: Run, model: Path, rows: list[dict[str, Any]], **options: Any) -> Run:
    inputs = {"train": run.rows("train", rows), "validation": run.rows("validation", texts(5))}
    run.ask("sft", model=str(model), inputs=inputs, options={**QUICK, **options})
    result = run.attempt()
    assert result.ok, result.error
    return run


def dpo(run: Run, model: Path, rows: list[dict[str, Any]], *, adapter: str = "", **options: Any) -> Run:  # fmt: skip
    inputs = {"train": run.rows("train", rows), "validation": run.rows("validation", pairs(3))}
    run.ask("dpo", model=str(model), adapter=adapter, inputs=inputs, options={**QUICK, **options})
    result = run.attempt()
    assert result.ok, result.error
    return run


def test_dpo_starts_at_ln_2_and_falls(tiny_model: Path, run: Run) -> None:
    """A fresh adapter changes nothing, so policy = reference and the first loss is -log(1/2)."""
    losses = dpo(run, tiny_model, pairs(8), **PURE).losses()
    assert losses[0] == pytest.approx(LN2, abs=1e-3)
    assert losses[-1] < losses[0]
    first, *_, last = [body for body in run.events("metrics") if "eval_margin" in body]
    assert first["eval_margin"] == 0
    assert last["eval_margin"] > 0
    assert last["eval_reward_accuracy"] == 1


def test_dpo_after_sft_starts_at_ln_2_too(tiny_model: Path, run: Run, trained: Run) -> None:
    """The frozen copy of the adapter is the reference; the artifact is one adapter, without it."""
    losses = dpo(run, tiny_model, pairs(8), adapter=str(trained.adapter), **PURE).losses()
    assert losses[0] == pytest.approx(LN2, abs=1e-3)
    assert run.weights != trained.weights
    found = sorted(path.name for path in run.adapter.rglob("*"))
    assert found == ["README.md", "adapter_config.json", "adapter_model.safetensors"]


def test_the_added_share_of_likelihood_is_in_the_loss(tiny_model: Path, run: Run) -> None:
    """The first loss is ln 2 + 0.5 × the mean negative log-probability per chosen token."""
    dpo(run, tiny_model, pairs(4), loss=["sigmoid", "sft"], loss_weights=[1.0, 0.5], max_steps=1)
    (step,) = [body for body in run.events("metrics") if "loss" in body]
    assert step["loss"] == pytest.approx(LN2 - 0.5 * step["chosen_logp"], abs=1e-4)


def test_swapping_chosen_and_rejected_flips_the_margin(
    tiny_model: Path, run: Run, another_run: Run
) -> None:
    swapped = [
        {**row, "chosen": row["rejected"], "rejected": row["chosen"]} for row in pairs(8)
    ]  # fmt: skip
    one = dpo(run, tiny_model, pairs(8), **PURE).result().metrics["eval_margin"]
    other = dpo(another_run, tiny_model, swapped, **PURE).result().metrics["eval_margin"]
    assert one > 0 > other


def test_other_columns_do_not_disturb(tiny_model: Path, run: Run, another_run: Run) -> None:
    more = {
        "weight": 2.0,  # of every row: only proportions count
        "slices": {"kind": "x"},
        "label": None,
        "input_ids": [1],
    }
    assert dpo(run, tiny_model, pairs(8)).weights == dpo(another_run, tiny_model, pairs(8, **more)).weights  # fmt: skip


def test_the_same_seed_gives_the_same_losses(tiny_model: Path, run: Run, another_run: Run) -> None:
    one, other = sft(run, tiny_model, texts(12)), sft(another_run, tiny_model, texts(12))
    assert one.losses() == other.losses()
    assert one.weights == other.weights


def test_eight_rows_at_once_are_eight_times_one(
    tiny_model: Path, run: Run, another_run: Run
) -> None:
    at_once = sft(run, tiny_model, texts(16), batch_size=8, accumulation=1).losses()
    in_turn = sft(another_run, tiny_model, texts(16), batch_size=1, accumulation=8).losses()
    assert at_once == pytest.approx(in_turn, abs=1e-5)
    assert len(set(at_once)) == len(at_once)


def test_only_the_completion_is_learnt(tiny_model: Path, run: Run) -> None:
    """The first training loss is the validation loss of the same rows, by another way."""
    rows = texts(4)
    inputs = {"train": run.rows("train", rows), "validation": run.rows("validation", rows)}
    run.ask("sft", model=str(tiny_model), inputs=inputs, options={**QUICK, "max_steps": 1})
    assert run.attempt().ok
    before = run.events("metrics")[0]["eval_loss"]
    assert run.losses()[0] == pytest.approx(before, abs=1e-5)


def test_a_saved_adapter_gives_the_same_logits(tiny_model: Path, run: Run) -> None:
    """The last validation loss while training is what the evaluate recipe finds with the artifact."""
    sft(run, tiny_model, texts(12))
    last = run.result().metrics["eval_loss"]
    measured = Run(run.folder.with_name("measured"))
    inputs = {"texts": measured.rows("texts", texts(5))}
    measured.ask("evaluate", model=str(tiny_model), adapter=str(run.adapter), inputs=inputs)
    assert measured.attempt().metrics["loss"] == pytest.approx(last, abs=1e-6)


def test_a_loss_that_is_not_a_number_stops_the_run(tiny_model: Path, run: Run) -> None:
    from training.checkpoints import newest_valid

    inputs = {"train": run.rows("train", texts(8))}
    options = {**QUICK, "learning_rate": 1e30, "warmup": 0.0, "checkpoint_every": 1}
    result = run.ask("sft", model=str(tiny_model), inputs=inputs, options=options).attempt()
    assert (result.ok, result.fault) == (False, "input")
    assert "is not a number at step 2, on the rows text-" in result.error
    kept = newest_valid(run.folder)
    assert kept is not None
    assert kept.name == "step-00000001"


def test_a_gradient_that_is_not_a_number_names_every_row_of_its_step() -> None:
    from training.errors import NonFinite
    from training.trainers import Watched

    class Costless(Watched):
        """Made without a model, after batches of two rows and of one."""

        def __init__(self) -> None:
            self.state = type("State", (), {"global_step": 4})()  # type: ignore[assignment]
            self.row_ids, self._rows_of_step = ["a", "b", "c", "d"], [3, 0, 2]

    trainer = Costless()
    with pytest.raises(NonFinite, match="gradient is not a number at step 5, on the rows d, a, c"):
        trainer._demand_finite(math.nan, "gradient", trainer._rows_of_step)


@pytest.mark.parametrize(
    "option, kept",
    [({"lora_variant": "rslora"}, "use_rslora"), pytest.param({"lora_variant": "dora"}, "use_dora", marks=pytest.mark.long), ({"lora_plus": 8.0}, "")],
)  # fmt: skip
def test_variants_of_lora_train_and_are_kept_in_the_adapter(
    tiny_model: Path, run: Run, another_run: Run, option: dict[str, Any], kept: str
) -> None:
    plain = sft(another_run, tiny_model, texts(8), max_steps=3).losses()
    made = sft(run, tiny_model, texts(8), max_steps=3, **option)
    assert made.losses()[:2] == pytest.approx(plain[:2], abs=1e-5)  # the first step has the rate 0
    assert made.losses()[2] != pytest.approx(plain[2], abs=1e-5)
    settings = json.loads((made.adapter / "adapter_config.json").read_text())
    assert not kept or settings[kept]


def test_an_adapter_says_where_it_comes_from(tiny_model: Path, trained: Run) -> None:
    settings = json.loads((trained.adapter / "adapter_config.json").read_text())
    card = (trained.adapter / "README.md").read_text()
    assert settings["base_model_name_or_path"] == str(tiny_model)
    assert trained.result().environment["tokenizer"] in card
    assert "adapter/adapter_model.safetensors" in trained.result().artifacts


def test_an_adapter_for_another_base_is_refused(tiny_model: Path, run: Run, trained: Run) -> None:
    from shutil import copytree

    strange = copytree(trained.adapter, run.folder / "strange")
    settings = json.loads((strange / "adapter_config.json").read_text())
    (strange / "adapter_config.json").write_text(json.dumps({**settings, "r": 5}))
    inputs = {"train": run.rows("train", texts(2))}
    run.ask("sft", model=str(tiny_model), adapter="strange", inputs=inputs)
    result = run.attempt()
    assert result.fault == "input", result
    assert "does not fit" in result.error


@pytest.mark.parametrize(
    ("said", "told"),
    [(b"{", "cannot be read"), (b"\xff", "cannot be read"), (b"[]", "is no object")],
)
@pytest.mark.parametrize("recipe", ["sft", "evaluate"])
def test_an_adapter_whose_configuration_is_broken_is_refused_by_name(
    tiny_model: Path, run: Run, recipe: str, said: bytes, told: str
) -> None:
    given = run.folder / "given"
    given.mkdir(parents=True)
    (given / "adapter_config.json").write_bytes(said)
    (given / "adapter_model.safetensors").write_bytes(b"")
    inputs = {{"sft": "train", "evaluate": "texts"}[recipe]: run.rows("rows", texts(2))}
    result = run.ask(recipe, model=str(tiny_model), adapter="given", inputs=inputs).attempt()
    assert result.fault == "input", result
    assert f"adapter_config.json of the adapter given {told}" in result.error


@pytest.mark.parametrize(
    "losses, weights", [(["magic"], [1.0]), (["sigmoid"], [1.0, 0.1]), ([], [])]
)
def test_losses_that_mean_nothing_are_refused(
    tiny_model: Path, run: Run, losses: list[str], weights: list[float]
) -> None:
    inputs = {"train": run.rows("train", pairs(2))}
    options = {"loss": losses, "loss_weights": weights}
    assert run.ask("dpo", model=str(tiny_model), inputs=inputs, options=options).attempt().fault == "input"  # fmt: skip


def test_a_split_vote_pulls_half_as_hard_and_a_tie_not_at_all(tiny_model: Path, run: Run) -> None:
    """At margin 0 the gradient is proportional to p - 1/2: of 1, 0.75 and 0.5 it is 1, 1/2 and 0."""
    pulls = {}
    for name, p_chosen, labels in (("all", 1.0, "soft"), ("split", 0.75, "soft"), ("tie", 0.5, "soft"), ("hard", 0.75, "hard")):  # fmt: skip
        made = Run(run.folder.with_name(name))
        dpo(made, tiny_model, pairs(4, p_chosen=p_chosen), labels=labels, max_steps=1, **PURE)
        (step,) = [body for body in made.events("metrics") if "loss" in body]
        pulls[name] = step["grad_norm"]
    assert pulls["split"] == pytest.approx(pulls["all"] / 2, rel=1e-4)
    assert pulls["tie"] < 1e-6
    assert pulls["hard"] == pulls["all"]


@pytest.mark.long
def test_a_row_of_no_weight_teaches_nothing(tiny_model: Path, run: Run, another_run: Run) -> None:
    """Half of the pairs say the opposite: with weight 0 they are not heard, without weights they are."""
    against = [
        {**row, "id": f"against-{i}", "chosen": row["rejected"], "rejected": row["chosen"], "weight": 0}
        for i, row in enumerate(pairs(8))
    ]  # fmt: skip
    heard = dpo(run, tiny_model, [*pairs(8), *against], **PURE).result().metrics["eval_margin"]
    drowned = dpo(another_run, tiny_model, [*pairs(8), *against], weights="none", **PURE)
    assert heard > 2 * abs(drowned.result().metrics["eval_margin"])


def test_the_reference_is_read_once_and_kept(tiny_model: Path, run: Run) -> None:
    """A second attempt from the beginning reads nothing anew; a row that changed would be another."""
    from shutil import rmtree

    dpo(run, tiny_model, pairs(8))
    said = [body["note"] for body in run.events("progress")]
    assert (
        said.count("reading with the reference") == 2
    )  # 8 pairs of one batch each, 3 to validate on
    rmtree(run.folder / "checkpoints")
    weights = run.weights
    assert run.attempt(2).ok
    assert "reading with the reference" not in [body["note"] for body in run.events("progress", 2)]
    assert run.weights == weights


@pytest.mark.parametrize("column, value", [("p_chosen", 1.5), ("p_chosen", "0.7"), ("weight", -1), ("weight", True)])  # fmt: skip
def test_what_cannot_be_a_probability_or_a_weight_is_refused(
    tiny_model: Path, run: Run, column: str, value: Any
) -> None:
    rows = [*pairs(3), *pairs(1, **{column: value})]
    run.ask("dpo", model=str(tiny_model), inputs={"train": run.rows("train", rows)})
    result = run.attempt()
    assert result.fault == "input"
    assert f"Row 4 (id pair-0): {column} is {value!r}" in result.error
