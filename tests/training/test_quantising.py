"""A base in 4 bits: what loading is told, and what is refused. No test here runs it: it needs an NVIDIA card."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.training.conftest import Run
from tests.training.runs import texts
from training import quantising
from training.contract import OPTIONS
from training.device import Device
from training.errors import InputError
from training.models import HEAD, _demand_type
from training.quantising import PACKED, demand_quantising, nf4

CARD = Device("cuda", torch.bfloat16, "NVIDIA L4")


def test_loading_is_told_of_nf4_twice_quantised_and_computed_in_bfloat16() -> None:
    told = nf4()
    assert told.load_in_4bit
    assert told.bnb_4bit_quant_type == "nf4"
    assert told.bnb_4bit_use_double_quant
    assert told.bnb_4bit_compute_dtype == torch.bfloat16
    assert told.llm_int8_skip_modules is None  # then the head that writes is left out
    assert nf4(keeps=HEAD).llm_int8_skip_modules == ["score"]


@pytest.mark.slow
def test_a_cpu_is_refused_with_the_remedy(tiny_model: Path, run: Run) -> None:
    inputs = {"train": run.rows("train", texts(4))}
    options = {"quantise": "nf4", "max_steps": 1}
    result = run.ask("sft", model=str(tiny_model), inputs=inputs, options=options).attempt()
    assert "quantise needs an NVIDIA card" in result.error
    assert "set quantise to nothing" in result.error
    assert result.fault == "input"


def test_a_card_without_the_library_or_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="computes in bfloat16"):
        demand_quantising(Device("cuda", torch.float32, "NVIDIA GeForce GTX 1080"))
    monkeypatch.setattr(quantising, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="install the extra qlora"):
        demand_quantising(CARD)
    monkeypatch.setattr(quantising, "find_spec", lambda name: object())
    demand_quantising(CARD)


def test_packed_weights_are_meant_where_they_were_asked_for_and_only_there() -> None:
    model = torch.nn.Module()
    packed = torch.nn.Parameter(torch.zeros(30, dtype=PACKED), requires_grad=False)
    model.register_parameter("packed", packed)
    model.register_parameter("norm", torch.nn.Parameter(torch.zeros(4, dtype=torch.bfloat16)))
    model.num_parameters = lambda: 34  # type: ignore[assignment]
    _demand_type(model, torch.bfloat16, is_quantised=True)
    with pytest.raises(InputError, match="30 of 34 weights"):
        _demand_type(model, torch.bfloat16)


def test_it_is_no_setting_of_a_whole_model() -> None:
    assert OPTIONS["sft"].of({"quantise": "nf4", "trains": "all"}).faults() == [
        "quantise is nf4, but must be nothing where trains is all: 4 bits cannot be trained"
    ]
    assert OPTIONS["kto"].of({"quantise": "int8"}).faults() == [
        "quantise is int8, but must be nf4, or nothing"
    ]
