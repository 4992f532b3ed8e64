"""A merged model is what base and adapter were, as far as its storage can say it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.training.conftest import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]


def test_the_stored_model_says_what_base_and_adapter_say(
    tiny_model: Path, trained: Run, run: Run
) -> None:
    from transformers import AutoModelForCausalLM

    result = run.ask("merge", model=str(tiny_model), adapter=str(trained.adapter)).attempt()
    assert result.ok, result.error
    assert result.metrics["max_logit_difference"] < 1e-4
    assert result.metrics["same_top_token"] == 1.0
    assert result.metrics["adapter_effect"] > 0.01
    assert [row["tokens"] > 0 for row in run.artifact("merge.jsonl")] == [True] * 6
    assert result.findings == []
    assert run.events("progress")[-1] == {"done": 5, "total": 5, "note": ""}

    merged = run.folder / "artifacts" / "merged"
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {
        p.name for p in merged.iterdir()
    }
    names = AutoModelForCausalLM.from_pretrained(merged).state_dict()
    assert not [name for name in names if "lora" in name]


def test_a_base_in_16_bits_rounds_and_the_figure_says_so(
    tiny_model: Path, trained: Run, run: Run, tmp_path: Path
) -> None:
    from transformers import AutoModelForCausalLM

    coarse = tmp_path / "coarse"
    shutil.copytree(tiny_model, coarse)
    AutoModelForCausalLM.from_pretrained(coarse, dtype="bfloat16").save_pretrained(coarse)
    result = run.ask("merge", model=str(coarse), adapter=str(trained.adapter)).attempt()
    assert result.ok, result.error
    assert 1e-4 < result.metrics["max_logit_difference"] < 0.1
    stored = AutoModelForCausalLM.from_pretrained(run.folder / "artifacts" / "merged", dtype="auto")
    assert str(stored.dtype) == "torch.bfloat16"


def test_what_rounding_swallows_is_told(
    tiny_model: Path, trained: Run, run: Run, tmp_path: Path
) -> None:
    """An adapter so weak that 16 bits of the base cannot hold it, and one that does nothing."""
    from safetensors.torch import load_file, save_file
    from transformers import AutoModelForCausalLM

    coarse, weak = tmp_path / "coarse", tmp_path / "weak"
    shutil.copytree(tiny_model, coarse)
    AutoModelForCausalLM.from_pretrained(coarse, dtype="bfloat16").save_pretrained(coarse)
    for number, (strength, code) in enumerate([(1e-4, "merge_rounds"), (0.0, "adapter_inert")]):
        shutil.copytree(trained.adapter, weak, dirs_exist_ok=True)
        weights = load_file(weak / "adapter_model.safetensors")
        save_file({name: each * strength for name, each in weights.items()}, weak / "adapter_model.safetensors")  # fmt: skip
        asked = Run(run.folder.with_name(f"merge-{number}"))
        result = asked.ask("merge", model=str(coarse), adapter=str(weak)).attempt()
        assert [each["code"] for each in result.findings] == [code]


def test_without_an_adapter_there_is_nothing_to_merge(tiny_model: Path, run: Run) -> None:
    result = run.ask("merge", model=str(tiny_model)).attempt()
    assert result.error == "A merge needs an adapter; name one."
