"""Answers written side by side are those that would be written one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from training.stopping import Stop

pytestmark = pytest.mark.slow

DEMO_MODEL = Path(__file__).parents[2] / "training" / "assets" / "demo-model"
ASKED = ("Why is the sky blue?", "What is the capital of France?", "Write an e-mail.", "Hi", "How do I boil an egg?")  # fmt: skip


@pytest.fixture(scope="module")
def loaded() -> Any:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.device import Device
    from training.models import Loaded

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(DEMO_MODEL)
    model = AutoModelForCausalLM.from_pretrained(DEMO_MODEL, dtype=torch.float32)
    return Loaded(model, tokenizer, Device("cpu", torch.float32, ""), 4096, (2,), 3)


def wanted(
    loaded: Any, *, n: int, temperatures: Sequence[float] = (0.8,), top_p: float = 1.0, most: int = 24
) -> list[Any]:  # fmt: skip
    from training.choosing import Decoding
    from training.pool import Wanted
    from training.seeds import seed_of

    found = []
    for at, asked in enumerate(ASKED):
        said = [{"role": "user", "content": asked}]
        ids = loaded.tokenizer.apply_chat_template(said, add_generation_prompt=True, return_dict=False)  # fmt: skip
        for index in range(n):
            temperature = temperatures[index % len(temperatures)]
            how = Decoding(temperature, top_p, most)
            found.append(Wanted(at, index, list(ids), how, seed_of(7, f"{at}:{index}")))
    return found


def written(loaded: Any, asked: list[Any], *, most: int) -> dict[tuple[int, int], list[int]]:
    from training.generation import write_answers

    answers = write_answers(loaded.model, loaded, asked, most=most, stop=Stop())
    return {(each.at, each.index): each.ids for each in answers}


def greedily(loaded: Any, prompt: list[int], most: int) -> list[int]:
    import torch

    out = loaded.model.generate(
        input_ids=torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        do_sample=False, max_new_tokens=most, eos_token_id=2, pad_token_id=3,
    )  # fmt: skip
    return list(out[0, len(prompt) :].tolist())


@pytest.mark.parametrize("most", [1, 2, 64])
def test_without_chance_the_text_is_that_of_transformers(loaded: Any, most: int) -> None:
    asked = wanted(loaded, n=2, temperatures=[0.0])
    alone = {each.at: greedily(loaded, each.prompt, 24) for each in asked}
    assert len({len(ids) for ids in alone.values()}) > 1, "they shall end at different times"
    found = written(loaded, asked, most=most)
    assert found == {(at, index): alone[at] for at in alone for index in range(2)}


@pytest.mark.parametrize("top_p", [1.0, 0.7])
def test_neither_how_many_at_once_nor_their_order_changes_an_answer(
    loaded: Any, top_p: float
) -> None:
    one = written(loaded, wanted(loaded, n=4, top_p=top_p), most=3)
    other = written(loaded, wanted(loaded, n=4, top_p=top_p)[::-1], most=16)
    assert one == other
    assert len({tuple(ids) for (at, _), ids in one.items() if at == 0}) > 1, "chance is at work"


def test_answers_by_different_settings_stand_side_by_side(loaded: Any) -> None:
    mixed = written(loaded, wanted(loaded, n=4, temperatures=[0.0, 1.0]), most=8)
    assert mixed[0, 0] == mixed[0, 2], "without temperature"
    alone = written(loaded, wanted(loaded, n=4, temperatures=[0.0]), most=8)
    assert mixed[0, 0] == alone[0, 0]


def test_what_prompts_begin_with_is_read_once_and_changes_no_answer(
    loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of five prompts two begin with the same 40 tokens, two with the same 60."""
    from training import pool
    from training.families import families_of

    def asked(only: int | None = None) -> list[Any]:
        found = wanted(loaded, n=2, temperatures=[0.0, 0.8], most=12)
        for each in found:
            if each.at < 4:
                each.prompt = [*range(300, 340 + 20 * (each.at % 2)), *each.prompt]
                each.prompt[0] += each.at % 2  # so that the families have nothing in common
        return [each for each in found if only in (None, each.at)]

    alone = {key: ids for at in range(5) for key, ids in written(loaded, asked(at), most=2).items()}
    read: list[tuple[int, ...]] = []
    logits = pool.Pool._logits

    def counted(self: Any, ids: Any, adapter: Any, **more: Any) -> Any:
        read.append(tuple(ids.shape))
        return logits(self, ids, adapter, **more)

    monkeypatch.setattr(pool.Pool, "_logits", counted)
    assert written(loaded, asked(), most=64) == alone
    prompts = [each.prompt for each in asked()[::2]]
    shared = [each.shared for each in families_of(prompts) if each.shared]
    assert len(shared) == 2
    assert min(shared) >= 40
    assert [Counter(read)[1, each] for each in shared] == [1, 1]
    assert all(width < 40 for rows, width in read if rows == 2), "of each only what is its own"


def test_a_model_that_cannot_share_slots_writes_the_same(
    loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import generation

    pooled = written(loaded, wanted(loaded, n=3), most=4)
    # the model of this test can; what one that cannot would get is asked for here
    monkeypatch.setattr(generation, "can_pool", lambda model: False)
    assert written(loaded, wanted(loaded, n=3), most=4) == pooled


def test_layers_that_look_at_a_part_only_share_no_slots(loaded: Any) -> None:
    from transformers import MistralConfig, MistralForCausalLM

    from training.pool import can_pool

    small = {"vocab_size": 8, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 8}  # fmt: skip
    assert can_pool(loaded.model)
    assert can_pool(MistralForCausalLM(MistralConfig(**small, sliding_window=None)))
    assert not can_pool(MistralForCausalLM(MistralConfig(**small, sliding_window=4)))


def test_tokens_come_as_often_as_they_are_likely() -> None:
    """Shares 1/2, 3/8, 1/8; the likeliest of 0.8 together are the first two, then 4/7 and 3/7."""
    import torch

    from training.choosing import choose

    logits_BV = torch.tensor([0.5, 0.375, 0.125]).log().expand(800, 3)
    draw_B = (torch.arange(800, dtype=torch.float64) + 0.5) / 800
    all_B = choose(logits_BV, draw_B, torch.ones(800), torch.ones(800))
    assert Counter(all_B.tolist()) == {0: 400, 1: 300, 2: 100}
    most_B = choose(logits_BV, draw_B, torch.ones(800), torch.full((800,), 0.8))
    assert Counter(most_B.tolist()) == {0: 457, 1: 343}
    warm_B = choose(logits_BV, draw_B, torch.full((800,), 0.0), torch.ones(800))
    assert Counter(warm_B.tolist()) == {0: 800}
    cold_B = choose(logits_BV, draw_B, torch.full((800,), 0.5), torch.ones(800))
    assert Counter(cold_B.tolist()) == {0: 492, 1: 277, 2: 31}  # squares: 16, 9 and 1 of 26
