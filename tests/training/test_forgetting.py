"""What holds a model to what it could do: ties of its words and of its weights. Shapes: M tokens, H, V."""

from __future__ import annotations

import math
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
import torch
from torch import nn

from tests.training.conftest import Run
from tests.training.runs import SELDOM, answer, texts
from training.divergence import divergence
from training.elastic import Elastic
from training.start import Start

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

QUICK = {"learning_rate": 1e-2, "batch_size": 4, "lora_rank": 2, "epochs": 2} | SELDOM


def further(run: Run, model: Path, adapter: Path | None, *, earlier: bool = False, **options: Any) -> Run:  # fmt: skip
    """Learn to say "no", from a model that says "yes" or from the base."""
    rows = [{**row, "completion": answer("no")} for row in texts(8)]
    inputs = {"train": run.rows("train", rows)}
    if earlier:
        inputs["earlier"] = run.rows("earlier", texts(6))
    spec = {"model": str(model), "adapter": str(adapter or ""), "inputs": inputs}
    return run.ask("sft", options={**QUICK, **options}, **spec)


def told(run: Run, name: str) -> list[float]:
    return [body[name] for body in run.events("metrics") if name in body]


def test_divergence_by_hand() -> None:
    """(1/2, 1/2) against (3/4, 1/4) is (ln(2/3) + ln 2) / 2 = 0.143841; of two such tokens the double.

    The gradient by logit i is p_i (ln(p_i / q_i) - KL): 1/2 · (ln(2/3) - 0.143841) = -0.274653.
    """
    hidden = torch.zeros(2, 2, requires_grad=True)
    reference = torch.tensor([[3.0, 1.0], [3.0, 1.0]]).log()
    far = divergence(nn.Identity(), hidden, reference)
    far.backward()
    assert float(far.detach()) == pytest.approx(2 * 0.1438410, abs=1e-6)
    assert hidden.grad is not None
    assert hidden.grad[0].tolist() == pytest.approx([-0.2746531, 0.2746531], abs=1e-6)
    assert float(divergence(nn.Identity(), reference, reference)) == pytest.approx(0, abs=1e-7)


def test_the_penalty_pulls_by_what_mattered() -> None:
    """F = (2, 0), w - w0 = (0.5, 3): the penalty is 2 · 0.25 / 2 = 0.25, its gradient (2 · 0.5, 0)."""
    model = nn.Linear(2, 1, bias=False)
    nn.init.zeros_(model.weight)
    elastic = Elastic(model, Start(model), {"weight": torch.tensor([[2.0, 0.0]])})
    with torch.no_grad():
        model.weight += torch.tensor([[0.5, 3.0]])
    elastic.penalty().backward()
    assert float(elastic.penalty().detach()) == pytest.approx(0.25)
    assert model.weight.grad is not None
    assert model.weight.grad.tolist() == [[1.0, 0.0]]


def test_the_start_comes_back_for_a_moment_and_learns_nothing() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    start = Start(model)
    with torch.no_grad():
        model.weight += 1.0
    with start.in_place() as then:
        assert (then.weight.item(), then.training) == (1.0, False)
    assert (model.weight.item(), model.training) == (2.0, True)
    assert model.weight.requires_grad


def test_ties_begin_at_nothing_and_keep_the_model_near(
    tiny_model: Path, run: Run, another_run: Run, trained: Run
) -> None:
    """The adapter that is continued is the reference: its words, not those of the base, are kept."""
    assert further(another_run, tiny_model, trained.adapter).attempt().ok
    result = further(run, tiny_model, trained.adapter, earlier=True, kl_to_base=5.0, ewc=50.0).attempt()  # fmt: skip
    assert result.ok, result.error
    far, pull = told(run, "kl_to_base"), told(run, "ewc_penalty")
    assert far[:2] == pytest.approx([0, 0], abs=1e-6)  # the first step has the rate 0
    assert pull[:2] == pytest.approx([0, 0], abs=1e-9)
    assert min(far[2:]) > 0
    assert min(pull[2:]) > 0
    assert run.losses()[0] == pytest.approx(another_run.losses()[0], abs=1e-6)
    assert run.weights != another_run.weights


def test_elastic_weights_alone_lead_elsewhere(
    tiny_model: Path, run: Run, another_run: Run, trained: Run
) -> None:
    assert further(another_run, tiny_model, trained.adapter).attempt().ok
    assert further(run, tiny_model, trained.adapter, earlier=True, ewc=50.0).attempt().ok
    assert run.weights != another_run.weights


def test_the_tie_of_words_is_that_of_two_models_read_plainly(
    tiny_model: Path, run: Run, trained: Run
) -> None:
    """One batch of all rows, so the last figure told is of the weights before the last step: of a run with a step less."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    whole = {"batch_size": 8, "schedule": "constant", "warmup": 0.0, "kl_to_base": 2.0}
    assert further(run, tiny_model, trained.adapter, max_steps=3, **whole).attempt().ok
    before = Run(run.folder.with_name("before"))
    assert further(before, tiny_model, trained.adapter, max_steps=2, **whole).attempt().ok

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    rows = [{**row, "completion": answer("no")} for row in texts(8)]
    ids = [tokenizer.apply_chat_template(row["prompt"] + row["completion"], return_dict=False) for row in rows]  # fmt: skip
    sizes = [len(tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=False)) for row in rows]  # fmt: skip

    def words(adapter: Path) -> torch.Tensor:
        base = AutoModelForCausalLM.from_pretrained(tiny_model)
        model = PeftModel.from_pretrained(base, adapter).eval()
        with torch.no_grad():
            read = [model(torch.tensor([each])).logits[0, size - 1 : -1] for each, size in zip(ids, sizes, strict=True)]  # fmt: skip
        return torch.cat(read).log_softmax(-1)

    now, then = words(before.adapter), words(trained.adapter)
    by_hand = (now.exp() * (now - then)).sum(-1).mean()
    assert told(run, "kl_to_base")[2] == pytest.approx(float(by_hand), rel=1e-3)
    assert float(by_hand) > 1e-4


def test_fisher_is_the_mean_squared_gradient_of_each_row(
    tiny_model: Path, run: Run, trained: Run
) -> None:
    from types import SimpleNamespace

    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from training.device import choose_device
    from training.elastic import fisher_of
    from training.models import Loaded
    from training.reading import Answered, Reader

    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    device = choose_device(threads=1)
    reader = Reader(Loaded(base, None, device, 256, (1,), 0))  # type: ignore[arg-type]  # no tokenizer
    model = PeftModel.from_pretrained(base, trained.adapter, is_trainable=True)
    rows = [Answered([5, 6, 7], [[8, 9]]), Answered([5, 9], [[10, 11, 1]])]
    prepared = SimpleNamespace(model=model, device=device, reader=reader)
    attempt = SimpleNamespace(stop=SimpleNamespace(check=lambda: None), progress=lambda *a, **k: None)  # fmt: skip
    found = fisher_of(attempt, prepared, [SimpleNamespace(answered=row) for row in rows])  # type: ignore[arg-type, list-item]

    name = next(name for name in found if "lora_B" in name)
    weight = dict(model.named_parameters())[name]
    squares = []
    for row in rows:
        ids = torch.tensor([row.prompt + row.completions[0]])
        words = model(ids).logits[0, len(row.prompt) - 1 : -1].log_softmax(-1)
        said = torch.tensor(row.completions[0])
        (slope,) = torch.autograd.grad(words.gather(-1, said[:, None]).sum(), [weight])
        squares.append(slope.square())
    by_hand = torch.stack(squares).mean(0)
    assert torch.allclose(found[name], by_hand, rtol=1e-3, atol=1e-9)
    assert float(by_hand.max()) > 0
    assert all(each.grad is None for each in model.parameters())


def test_eight_rows_at_once_are_tied_as_eight_times_one(
    tiny_model: Path, run: Run, another_run: Run, trained: Run
) -> None:
    ties = {"kl_to_base": 1.0, "ewc": 10.0, "earlier": True}
    sizes = ({"batch_size": 8, "accumulation": 1}, {"batch_size": 1, "accumulation": 8})
    for made, size in zip((run, another_run), sizes, strict=True):
        assert further(made, tiny_model, trained.adapter, **ties, **size, epochs=4).attempt().ok
    assert run.losses() == pytest.approx(another_run.losses(), abs=1e-5)


def test_a_tied_run_goes_on_to_the_same_weights(tiny_model: Path, run: Run, trained: Run) -> None:
    """A second attempt from the checkpoint in the middle weighs and reads the start, not the checkpoint."""
    ties = {"kl_to_base": 1.0, "ewc": 10.0, "earlier": True, "checkpoint_every": 2, "max_steps": 4}
    assert further(run, tiny_model, trained.adapter, **ties).attempt().ok
    weights = run.weights
    rmtree(run.folder / "checkpoints" / "step-00000004")
    assert run.attempt(2).ok
    assert len(run.losses(2)) == 2
    assert run.weights == weights


@pytest.mark.parametrize(
    "option, continues, earlier, says",
    [
        ({"ewc": 1.0}, False, True, "holds an adapter that is trained further"),
        ({"ewc": 1.0}, True, False, "give them as the input 'earlier'"),
        ({}, True, True, "nothing reads them"),
        ({"kl_to_base": -1.0}, True, False, "kl_to_base is -1.0, but must be 0 or more"),
    ],
)
def test_ties_that_hold_nothing_are_refused(
    tiny_model: Path, run: Run, trained: Run, option: dict[str, float], continues: bool, earlier: bool, says: str  # noqa: FBT001
) -> None:  # fmt: skip
    adapter = trained.adapter if continues else None
    result = further(run, tiny_model, adapter, earlier=earlier, **option).attempt()
    assert (result.ok, result.fault) == (False, "input")
    assert says in result.error


def test_without_ties_nothing_is_told_of_them(trained: Run) -> None:
    assert not told(trained, "kl_to_base")
    assert not told(trained, "ewc_penalty")
    assert all(math.isfinite(loss) for loss in trained.losses())
