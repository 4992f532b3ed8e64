"""Several adapters on one base: each answers what it answers alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import question
from training.contract import ContractError, GenerateOptions, RunSpec

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

PLAIN = {
    "small": {"r": 2, "target_modules": ["q_proj", "v_proj"]},
    "wide": {"r": 5, "lora_alpha": 20, "target_modules": "all-linear", "use_rslora": True},
}


def adapters(model: Path, folder: Path, **configs: Mapping[str, Any]) -> dict[str, str]:
    """Adapters whose weights are drawn: each changes what the model says."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    found = {}
    for seed, (name, config) in enumerate(configs.items(), start=1):
        torch.manual_seed(seed)
        made = get_peft_model(
            AutoModelForCausalLM.from_pretrained(model),
            LoraConfig(task_type="CAUSAL_LM", **({"lora_alpha": 8} | dict(config))),
        )
        for key, weights in made.named_parameters():
            if "lora_" in key and "magnitude" not in key:
                torch.nn.init.normal_(weights, std=0.5)
        made.save_pretrained(folder / name)
        found[name] = str(folder / name)
    return found


def generated(run: Run, model: Path, seed: int = 3, **asked: Any) -> list[dict[str, Any]]:
    rows = [{"id": f"p{i}", "prompt": question("q" * (i + 1))} for i in range(4)]
    spec = {name: asked.pop(name) for name in ("adapter", "adapters") if name in asked}
    options = {"max_new_tokens": 8, "batch_size": 8, **asked}
    run.ask("generate", model=str(model), seed=seed, inputs={"prompts": run.rows("prompts", rows)}, options=options, **spec)  # fmt: skip
    result = run.attempt()
    assert result.ok, result.error
    return run.artifact("completions.jsonl")


def one_by_one(
    folder: Path, model: Path, named: Mapping[str, str], **asked: Any
) -> list[dict[str, Any]]:
    found = []
    for name, adapter in named.items():
        rows = generated(Run(folder / f"alone-{name}"), model, adapter=adapter, **asked)
        found += [row | {"model": name} for row in rows]
    return found


@pytest.mark.parametrize(
    "how", [{"temperature": 0.0}, {"n": 3, "temperatures": [0.0, 1.2], "top_p": 0.9}]
)
def test_each_writes_what_it_writes_alone(
    tiny_model: Path, run: Run, tmp_path: Path, how: dict[str, Any]
) -> None:
    named = {"base": "", **adapters(tiny_model, tmp_path, **PLAIN)}
    together = generated(run, tiny_model, adapters=named, **how)
    assert together == one_by_one(tmp_path, tiny_model, named, **how)
    first = [row["content"] for row in together if row["prompt"] == "p0" and row["index"] == 0]
    assert len(set(first)) == 3, "they shall answer otherwise"


def test_where_one_is_not_plain_they_answer_one_after_the_other(
    tiny_model: Path, run: Run, tmp_path: Path
) -> None:
    """DoRA scales whole columns of the base; nothing that is added to a row can say that."""
    dora = {"r": 2, "target_modules": ["q_proj"], "use_dora": True}
    named = {"base": "", **adapters(tiny_model, tmp_path, dora=dora, small=PLAIN["small"])}
    together = generated(run, tiny_model, adapters=named, temperature=0.0)
    assert together == one_by_one(tmp_path, tiny_model, named, temperature=0.0)


def test_a_model_that_cannot_share_slots_writes_the_same(
    tiny_model: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training import generation

    named = adapters(tiny_model, tmp_path, **PLAIN)
    alone = one_by_one(tmp_path, tiny_model, named, temperature=0.0)
    # the model of this test can; what one that cannot would get is asked for here
    monkeypatch.setattr(generation, "can_pool", lambda model: False)
    assert generated(run, tiny_model, adapters=named, temperature=0.0) == alone


def test_an_attempt_goes_on_where_the_last_one_stopped(
    tiny_model: Path, run: Run, another_run: Run, tmp_path: Path
) -> None:
    """Half of the answers are lost, of every model some; no answer is written twice."""
    named = {"base": "", **adapters(tiny_model, tmp_path, **PLAIN)}
    whole = generated(another_run, tiny_model, adapters=named, n=2)
    generated(run, tiny_model, adapters=named, n=2)
    ledger = run.folder / "answers.jsonl"
    lines = ledger.read_text("utf-8").splitlines(keepends=True)
    ledger.write_text("".join([lines[0], *lines[1::2]]) + lines[2][:20])
    assert run.attempt(2).ok
    assert run.artifact("completions.jsonl") == whole
    keys = [tuple(json.loads(line)["key"]) for line in ledger.read_text("utf-8").splitlines()[1:]]
    assert len(keys) == len(set(keys)) == 3 * 4 * 2


def test_the_best_are_chosen_of_each_models_own_answers() -> None:
    from training.choice import best_of

    rows = [
        {"prompt": "p", "index": index, "model": model, "reward": reward}
        for model, rewards in (("a", (1.0, 2.0)), ("b", (9.0, 8.0)))
        for index, reward in enumerate(rewards)
    ]
    assert [(row["model"], row["index"]) for row in best_of(rows, best=1)] == [("a", 1), ("b", 0)]


def test_places_of_several_have_the_seeds_of_one_alone() -> None:
    from training.filling import places_of
    from training.rows import Row

    row = Row(id="p", group="p", number=1, texts={"prompt": "x"})
    options = GenerateOptions(n=2)
    alone = places_of([row], options, seed=1)
    together = places_of([row], options, seed=1, models=["a", "b"])
    assert [each.seed for each in together] == [each.seed for each in alone] * 2
    assert len({each.key for each in together}) == 4


@pytest.mark.parametrize(
    "spec", [{"recipe": "evaluate"}, {"adapter": "x"}, {"endpoint": {"url": "u", "model": "m"}}]
)
def test_several_adapters_are_for_generating_alone(spec: dict[str, Any]) -> None:
    with pytest.raises(ContractError, match="several of one model"):
        RunSpec(**({"recipe": "generate", "adapters": {"a": "b"}} | spec))
