"""Prompts read once for all their answers give what a forward for each answer gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.attention.bias import causal_lower_right

from training.device import Device
from training.models import Loaded
from training.reading import Answered, Reader
from training.trees import Tree, _attend, can_grow, packed

pytestmark = pytest.mark.slow

DEMO = Path(__file__).resolve().parents[2] / "training" / "assets" / "demo-model"
LENGTHS = [(1, 1, 5), (1, 4, 1), (12, 30, 4), (100, 2, 60), (130, 70, 50)]


def loaded(path: Path) -> Loaded:
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    return Loaded(model, None, Device("cpu", torch.float32, ""), 256, (1,), 0)  # type: ignore[arg-type]


def rows() -> list[Answered]:
    generator = torch.Generator().manual_seed(0)

    def ids(count: int) -> list[int]:
        return [int(each) for each in torch.randint(4, 250, (count,), generator=generator)]

    return [Answered(ids(p), [ids(c), ids(r)]) for p, c, r in LENGTHS]


def plainly(model: Any, row: Answered) -> list[float]:
    """Each answer by a forward of its own, from logits, without anything of ours."""
    found = []
    for said in row.completions:
        logits = model(input_ids=torch.tensor([row.prompt + said])).logits[
            0, len(row.prompt) - 1 : -1
        ]
        found.append(float(logits.log_softmax(-1)[range(len(said)), said].sum().detach()))
    return found


@pytest.mark.parametrize("which", ["tiny Llama, grouped heads", "demo model"])
def test_log_probabilities_and_gradients_are_the_same(tiny_model: Path, which: str) -> None:
    path = DEMO if which == "demo model" else tiny_model
    expected = [plainly(loaded(path).model, row) for row in rows()]
    grads = []
    for shares in (False, True):
        its = loaded(path)
        reader = Reader(its)
        if shares:
            assert reader.share_prompts(rows()[:2])
        told = reader.logps(its.model, rows())
        assert told.sums_BC.tolist() == [
            pytest.approx(each, abs=1e-4, rel=1e-6) for each in expected
        ]
        assert told.tokens_BC.tolist() == [[c, r] for _, c, r in LENGTHS]
        (told.sums_BC / told.tokens_BC).sum().backward()
        grads.append(its.model.get_input_embeddings().weight.grad)
    assert torch.allclose(*grads, atol=1e-4)


def test_a_prompt_is_read_once(tiny_model: Path) -> None:
    """100 tokens and answers of 2 and 60: 99 + 2 + 60 tokens are read, not 102 + 160."""
    assert len(rows()[3].tree) == 161


def test_batches_do_not_change_a_number(tiny_model: Path) -> None:
    its = loaded(tiny_model)
    reader = Reader(its)
    reader.share_prompts(rows()[:2])
    one, all_at_once = (reader.all_logps(its.model, rows(), batch_size=size) for size in (1, 5))
    assert one == [pytest.approx(each, abs=1e-4) for each in all_at_once]


def test_the_end_of_each_branch(tiny_model: Path) -> None:
    from transformers import AutoModelForCausalLM

    tree = Tree([4, 5, 6], [[7, 8], [9]])
    plain = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).model
    ends = [plain(input_ids=torch.tensor([ids])).last_hidden_state[0, -1] for ids in ([4, 5, 6, 7, 8], [4, 5, 6, 9])]  # fmt: skip
    for shares in (False, True):
        reader = Reader(loaded(tiny_model))
        if shares:
            reader.share_prompts(rows()[:2])
        assert torch.allclose(reader.hidden_ends([tree])[0], torch.stack(ends), atol=1e-5)


def test_a_model_with_windows_is_read_plainly() -> None:
    """Its layers see only the last tokens, which a tree does not know."""
    from transformers import MistralConfig, MistralForCausalLM

    sizes = {"vocab_size": 260, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1}  # fmt: skip
    model = MistralForCausalLM(MistralConfig(**sizes, sliding_window=16))
    assert not can_grow(model)
    reader = Reader(Loaded(model, None, Device("cpu", torch.float32, ""), 256, (1,), 0))  # type: ignore[arg-type]
    assert not reader.share_prompts(rows()[:2])
    told = reader.logps(model, rows()).sums_BC.tolist()
    assert told == [pytest.approx(plainly(model, row), abs=1e-4) for row in rows()]
    assert can_grow(MistralForCausalLM(MistralConfig(**sizes, sliding_window=None)))


def test_the_word_for_a_mask_hides_what_the_mask_hides() -> None:
    """What an accelerator is given and what a CPU is: the same answers and gradients, to the bit on a CPU."""
    torch.manual_seed(0)
    tree = Tree([1] * 5, [[1] * 4, [1] * 7])
    query = torch.randn(1, 4, len(tree), 8, requires_grad=True)
    key, value = (torch.randn(1, 2, len(tree), 8) for _ in range(2))
    [masks] = packed([tree], "cpu", torch.float32)["layout"]
    words = replace(masks, masks=tuple(causal_lower_right(each, 5 + each) for each in (4, 7)))

    told = [_attend(None, query, key, value, None, layout=[each], scaling=0.3)[0] for each in (masks, words)]  # fmt: skip
    slopes = [torch.autograd.grad(each.square().sum(), query)[0] for each in told]

    assert torch.equal(*told)
    assert torch.equal(*slopes)
