"""What keeps a run from spoiling a model in silence: tried before, while and after training."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import SELDOM, pairs, texts
from training.contract import RunResult

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]
QUICK = {
    "learning_rate": 1e-2,
    "batch_size": 4,
    "lora_rank": 2,
    "epochs": 2,
    **SELDOM,
}
PURE = {"loss": ["sigmoid"], "loss_weights": [1.0]}
DEMO = Path(__file__).resolve().parents[2] / "training" / "assets" / "demo-model"


def carried_out(run: Run, recipe: str, model: Path, rows: list[dict[str, Any]], **options: Any) -> RunResult:  # fmt: skip
    inputs = {"train": run.rows("train", rows)}
    run.ask(recipe, model=str(model), inputs=inputs, options={**QUICK, **options})
    return run.attempt()


def codes(result: RunResult) -> dict[str, str]:
    return {each["code"]: each["level"] for each in result.findings}


def small_device(monkeypatch: pytest.MonkeyPatch, recipe: str, *, holds: int, from_call: int = 1) -> list[int]:  # fmt: skip
    """A memory that holds so many rows at once; returns how many it was asked to hold, call by call."""
    import torch

    import training.recipes.dpo
    import training.recipes.sft

    cls = {"sft": training.recipes.sft.Imitation, "dpo": training.recipes.dpo.Preferring}[recipe]
    asked: list[int] = []
    cost = cls.cost

    def within(trainer: Any, model: Any, rows: list[int], tokens: Any) -> Any:
        asked.append(len(rows))
        if len(rows) > holds and len(asked) >= from_call:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB\nmore")
        return cost(trainer, model, rows, tokens)

    monkeypatch.setattr(cls, "cost", within)
    return asked


@pytest.mark.parametrize(
    "recipe, rows",
    [("sft", texts(8)), pytest.param("dpo", pairs(8), marks=pytest.mark.long)],
)
def test_a_batch_that_does_not_fit_is_read_in_parts_and_trains_the_same(
    tiny_model: Path, run: Run, another_run: Run, monkeypatch: pytest.MonkeyPatch, recipe: str, rows: list[Any],
) -> None:  # fmt: skip
    options = PURE if recipe == "dpo" else {}
    undisturbed = carried_out(another_run, recipe, tiny_model, rows, **options)
    asked = small_device(monkeypatch, recipe, holds=1)
    result = carried_out(run, recipe, tiny_model, rows, **options)
    assert result.ok, result.error
    assert asked[:3] == [4, 2, 1]  # the longest batch is tried before the first step, and no other
    assert set(asked[3:]) == {1}
    assert run.losses() == pytest.approx(another_run.losses(), abs=1e-5)
    assert result.metrics["rows_at_once"] == 1
    assert undisturbed.metrics["rows_at_once"] == 4
    told = next(each for each in result.findings if each["code"] == "smaller_parts")
    assert told["told"].startswith("2 rows at once instead of 4; batch_size and accumulation stay")
    assert told["level"] == "note"
    assert run.events("forecast")[0]["rows_at_once"] == 1


def test_memory_that_runs_out_in_the_middle_of_a_step_leaves_no_trace(
    tiny_model: Path, run: Run, another_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two batches of 3 a step: the second of step 1 fails, when the first has its gradient already."""
    options = {"batch_size": 3, "accumulation": 2, "warmup": 0.0}
    carried_out(another_run, "sft", tiny_model, texts(12), **options)
    asked = small_device(monkeypatch, "sft", holds=2, from_call=3)
    result = carried_out(run, "sft", tiny_model, texts(12), **options)
    assert asked[:5] == [3, 3, 3, 2, 1]
    assert codes(result)["smaller_parts"] == "note"
    assert run.losses() == pytest.approx(another_run.losses(), abs=1e-5)


def test_a_row_that_does_not_fit_alone_is_refused_before_the_first_step(
    tiny_model: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_device(monkeypatch, "sft", holds=0)
    result = carried_out(run, "sft", tiny_model, texts(8))
    assert (result.ok, result.fault) == (False, "input")
    assert "does not hold a single row: take a smaller max_length" in result.error
    assert codes(result)["does_not_fit"] == "stops"
    assert run.losses() == []


def test_trying_the_longest_batch_changes_no_bit(
    tiny_model: Path, run: Run, another_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With dropout, which draws chance at each pass."""
    from training import trainers

    options = {"lora_dropout": 0.2, "accumulation": 2}
    assert carried_out(run, "sft", tiny_model, texts(16), **options).ok
    (forecast,) = run.events("forecast")
    assert forecast["batch_rows"] == 4
    assert 0 < forecast["peak_bytes"] < forecast["memory_bytes"]
    monkeypatch.setattr(trainers, "try_longest", lambda *_: None)
    assert carried_out(another_run, "sft", tiny_model, texts(16), **options).ok
    assert run.weights == another_run.weights


@pytest.mark.parametrize("recipe, rows, said", [
    ("dpo", pairs(4, p_chosen=0.75), "loss is 0.6481, but must be 0.6931"),
    ("kto", [{**row, "label": i % 2 == 0} for i, row in enumerate(texts(4))], "_gain is 2.0000, but must be 0.0000"),
])  # fmt: skip
def test_a_reference_that_is_not_what_training_begins_with_stops_the_run(
    tiny_model: Path, run: Run, monkeypatch: pytest.MonkeyPatch, recipe: str, rows: list[Any], said: str
) -> None:  # fmt: skip
    import importlib

    module = importlib.import_module(f"training.recipes.{recipe}")
    known = module.reference_logps

    def of_another(*args: Any, **kwargs: Any) -> list[list[float]]:
        return [[first - 2.0, *others] for first, *others in known(*args, **kwargs)]

    monkeypatch.setattr(module, "reference_logps", of_another)
    result = carried_out(run, recipe, tiny_model, rows, **(PURE if recipe == "dpo" else {}))
    assert said in result.error
    assert codes(result)["wrong_start"] == "stops"
    assert run.losses() == []


def test_a_preview_holds_what_is_learnt_and_tells_typed_tokens_from_real_ones(
    tiny_model: Path, run: Run
) -> None:
    rows = pairs(3)
    rows[0]["chosen"][0]["content"] = "a<eos>b"
    assert carried_out(run, "dpo", tiny_model, rows, max_steps=1).ok
    shown = next(body for body in run.events("preview") if body["row"] == "pair-0")
    prompt, chosen, rejected = shown["pieces"]
    assert [each["does"] for each in shown["pieces"]] == ["read", "raised", "lowered"]
    assert chosen["spans"] == [{"kind": "text", "text": "a<eos>b"}, {"kind": "control", "text": "<eos>"}]  # fmt: skip
    assert "".join(span["text"] for span in prompt["spans"]) == "<user>q0<eos><assistant>"
    assert shown["learnt"] == chosen["tokens"] + rejected["tokens"] == 8 + 4
    assert shown["tokens"] == shown["learnt"] + prompt["tokens"]


def test_a_long_prompt_is_cut_in_the_preview_alone(tiny_model: Path) -> None:
    from types import SimpleNamespace

    from training.previews import _piece

    tokenizer = SimpleNamespace(all_special_ids=[9], decode=lambda ids, **_: str(len(ids)))
    piece = _piece(SimpleNamespace(tokenizer=tokenizer), "prompt", [1] * 500 + [9], does="read")  # type: ignore[arg-type]
    assert [span["text"] for span in piece["spans"]] == ["300", "101 tokens more", "99", "1"]
    assert piece["tokens"] == 501


def test_a_pad_that_is_the_end_token_is_learnt_all_the_same(
    tiny_model: Path, run: Run, another_run: Run
) -> None:
    """What is learnt is known by its place, not by its number: no loss changes."""
    same = copytree(tiny_model, run.folder / "same")
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if (same / name).is_file():
            told = json.loads((same / name).read_text())
            (same / name).write_text(json.dumps({**told, "pad_token": "<eos>"}))
    carried_out(run, "sft", same, texts(8))
    carried_out(another_run, "sft", tiny_model, texts(8))
    assert run.losses() == another_run.losses()


def test_an_end_token_that_was_never_trained_is_named() -> None:
    from types import SimpleNamespace

    import torch

    from training.preflight import end_is_untrained

    model = SimpleNamespace(get_input_embeddings=lambda: SimpleNamespace(weight=torch.tensor([[0.5], [0.0]])))  # fmt: skip
    tokenizer = SimpleNamespace(convert_ids_to_tokens=lambda end: f"<{end}>")
    loaded: Any = SimpleNamespace(model=model, tokenizer=tokenizer)
    row: Any = SimpleNamespace(completions={"completion": [0, 1]})
    assert end_is_untrained(loaded, [row]) == ("end_untrained", "<1>")
    row.completions["completion"] = [1, 0]
    assert end_is_untrained(loaded, [row]) == ("end_untrained", "")


def test_an_adapter_that_changes_nothing_and_answers_without_end_are_told(
    tiny_model: Path, run: Run
) -> None:
    """The only step of a warm-up has the rate 0, and this model never learnt to stop."""
    result = carried_out(run, "sft", tiny_model, texts(4), max_steps=1)
    assert result.ok
    assert codes(result) == {"adapter_inert": "caution", "never_stops": "caution"}
    assert result.metrics["answers_ended"] < 0.95
    assert len(run.events("sample")) == 3


def test_a_run_in_which_nothing_is_wrong_says_nothing(run: Run) -> None:
    """Of a model that knows how to stop."""
    result = carried_out(run, "sft", DEMO, texts(8))
    assert codes(result) == {}
    assert result.metrics["answers_ended"] == 1


def test_an_adapter_that_was_not_saved_as_it_was_trained_is_refused(
    tiny_model: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.torch import load_file, save_file

    from training import proving

    save = proving.save_adapter

    def spoilt(model: Any, attempt: Any) -> None:
        save(model, attempt)
        path = run.adapter / "adapter_model.safetensors"
        save_file({name: each * 2 for name, each in load_file(path).items()}, path)

    monkeypatch.setattr(proving, "save_adapter", spoilt)
    result = carried_out(run, "sft", tiny_model, texts(8))
    assert "The adapter that was saved says something else" in result.error
    assert codes(result)["saved_differs"] == "stops"


def test_verdicts_of_one_label_are_told(tiny_model: Path, run: Run) -> None:
    result = carried_out(run, "kto", tiny_model, texts(4, label=True), max_steps=1)
    assert result.ok, result.error
    assert codes(result)["one_label"] == "caution"


def test_weights_of_another_type_are_refused() -> None:
    import torch

    from training.errors import InputError
    from training.models import _demand_type

    model = torch.nn.Linear(4, 4)
    model.num_parameters = lambda: 20  # type: ignore[assignment]
    _demand_type(model, torch.float32)
    with pytest.raises(InputError, match="20 of 20 weights were not loaded as"):
        _demand_type(model, torch.bfloat16)
