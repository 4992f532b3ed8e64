"""Model FLOPs utilisation, by hand; and nothing made up where no peak is known."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import texts
from training.utilisation import mfu, multiplied_weights, peak_flops, utilised_by
from training.world import World


def test_by_hand() -> None:
    """12,473 × 4 × 7.5e9 = 374.19e12 of 989e12 a second."""
    assert mfu(12_473, weights=7_500_000_000, peak=989e12) == pytest.approx(0.37835, abs=1e-5)
    assert mfu(1000, weights=250, peak=1e6) == 1.0


@pytest.mark.parametrize(
    "hardware, peak",
    [
        ("NVIDIA H100 80GB HBM3", 989e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA H100 NVL", 835e12),
        ("NVIDIA H200", 989e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA A100 80GB PCIe", 312e12),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", None),
        ("NVIDIA A10", 125e12),
        ("NVIDIA A10G", None),
        ("NVIDIA L4", 121e12),
        ("NVIDIA L40S", 362e12),
        ("NVIDIA GH200 480GB", None),
        ("4 threads", None),
    ],
)
def test_peaks_by_the_names_that_cards_give(hardware: str, peak: float | None) -> None:
    assert peak_flops(hardware, dtype="bfloat16") == peak
    assert peak_flops(hardware, dtype="float32") is None


def base(*, tied: bool, **config: Any) -> Any:
    """10 words of 4 numbers, one block of 4 × 4, a norm, an adapter of rank 2 on the block."""
    import torch

    table, head, block = torch.nn.Embedding(10, 4), torch.nn.Linear(4, 10, bias=False), torch.nn.Linear(4, 4, bias=False)  # fmt: skip
    if tied:
        head.weight = table.weight
    model: Any = torch.nn.ModuleList([table, head, block, torch.nn.LayerNorm(4)])
    model.requires_grad_(requires_grad=False)
    model.append(torch.nn.Linear(4, 2))  # what is trained
    text = SimpleNamespace(**config)
    model.config = SimpleNamespace(get_text_config=lambda: text)
    model.get_input_embeddings, model.get_output_embeddings = lambda: table, lambda: head
    return model


def test_weights_that_a_token_is_multiplied_with() -> None:
    """The head's 40 and the block's 16; the table's 40 only where it is the head."""
    assert multiplied_weights(base(tied=False)) == multiplied_weights(base(tied=True)) == 56
    judge = base(tied=False)
    judge.get_output_embeddings = lambda: None
    assert multiplied_weights(judge) == 56
    assert multiplied_weights(base(tied=False, num_local_experts=8)) is None


def test_a_card_with_a_known_peak_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """1e12 tokens × 4 × 56 of 989e12: 0.2265; of each of two cards half of it."""
    device = SimpleNamespace(hardware="NVIDIA H200", dtype="torch.bfloat16")
    prepared: Any = SimpleNamespace(
        device=device, loaded=SimpleNamespace(model=base(tied=True)), is_whole=False, world=World()
    )
    assert utilised_by(prepared)(1e12) == {"mfu": 0.2265}
    prepared.world = World(size=2)
    assert utilised_by(prepared)(1e12) == {"mfu": 0.1132}
    device.hardware = "2 threads"
    assert utilised_by(prepared)(1e12) == {}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_a_run_tells_it_by_step_and_at_its_end_and_a_cpu_never(
    tiny_model: Path, run: Run, another_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"max_steps": 2, "batch_size": 2, "lora_rank": 2, "learning_rate": 1e-2}
    for each in (run, another_run):
        each.ask("sft", model=str(tiny_model), inputs={"train": each.rows("train", texts(4))}, options=options)  # fmt: skip
    assert "mfu" not in run.attempt().metrics
    assert all("mfu" not in body for body in run.events("metrics"))
    monkeypatch.setattr("training.utilisation.peak_flops", lambda hardware, dtype: 1e9)
    told = another_run.attempt().metrics
    assert told["mfu"] > 0
    assert [body["mfu"] > 0 for body in another_run.events("metrics")] == [True, True]
