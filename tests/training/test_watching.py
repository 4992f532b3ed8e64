"""What the figures of steps give away, and what is looked at before the first one; without a model."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from training.watching import Watch

CALM = {"loss": 0.7, "grad_norm": 1.0, "learning_rate": 1e-4}


def found(steps: Iterable[dict[str, float]]) -> dict[str, str]:
    watch = Watch()
    return {code: told for step in steps for code, told in watch.look(step)}


def test_a_calm_run_has_nothing_to_say() -> None:
    falling = [{**CALM, "loss": 2.0 - step / 50, "chosen_gain": 0.1, "margin": step / 10} for step in range(60)]  # fmt: skip
    assert found(falling) == {}


def test_both_get_less_likely_while_the_margin_rises() -> None:
    """At step 20 the last ten have lost 14.5 / 250 = 0.06 nats a token, and the margin is 1.45."""
    steps = [{**CALM, "chosen_gain": -step / 250, "margin": step / 10} for step in range(30)]
    assert found(steps) == {
        "chosen_falls": "by 0.06 nats a token over the last 10 steps, while the margin went from 0.45 to 1.45"
    }


@pytest.mark.parametrize("gain, margin", [(-0.1, -0.01), (0.004, 0.1)])
def test_a_margin_that_falls_too_or_chosen_that_rises_is_another_story(
    gain: float, margin: float
) -> None:
    assert found({**CALM, "chosen_gain": gain * step, "margin": margin * step} for step in range(30)) == {}  # fmt: skip


def test_the_loss_rises() -> None:
    steps = [{**CALM, "loss": 1.0 if step < 20 else 1.6} for step in range(40)]
    assert found(steps) == {"loss_rises": "1.600 over the last 10 steps, 1.000 over the first"}


def test_three_jumps_of_the_gradient() -> None:
    norms = [1.0] * 12 + [11.0, 1.0, 30.0, 1.0, 12.0]
    assert list(found({**CALM, "grad_norm": norm} for norm in norms[:-1])) == []
    assert "3 times above 10 times" in found({**CALM, "grad_norm": norm} for norm in norms)["gradient_spikes"]  # fmt: skip


@pytest.mark.parametrize("name", ["grad_norm", "learning_rate"])
def test_steps_that_change_nothing(name: str) -> None:
    assert list(found({**CALM, name: 0.0} for _ in range(4))) == []
    assert list(found({**CALM, name: 0.0} for _ in range(5))) == ["no_learning"]


def pair(chosen: int, rejected: int, *, prompt: int = 2) -> Any:
    said = {"chosen": [9] * chosen, "rejected": [9] * rejected}
    return SimpleNamespace(prompt=[7] * prompt, completions=said, row=SimpleNamespace(id="r"))


def test_lengths_by_hand() -> None:
    """Means 11 and 10, both variances 2: one token is 1 / sqrt 2 = 0.7 standard deviations."""
    from training.preflight import lengths_differ

    assert lengths_differ([pair(10, 9), pair(12, 11)]) == (
        "length_bias",
        "11 tokens against 10: chosen is longer, 0.7 standard deviations",
    )
    assert lengths_differ([pair(10, 12), pair(12, 10)]) == ("length_bias", "")
    assert "always by the same" in lengths_differ([pair(4, 9), pair(4, 9)])[1]


def test_rates_of_adapters_on_models_that_are_not_small() -> None:
    from training.preflight import rate_is_odd

    assert rate_is_odd("dpo", 1e-3, weights=2_000_000) == ("rate_high", "")
    assert rate_is_odd("dpo", 1e-3, weights=7_000_000_000) == (
        "rate_high", "0.001; for dpo with an adapter 1e-08 to 0.0005 is usual",
    )  # fmt: skip
    assert rate_is_odd("sft", 1e-7, weights=7_000_000_000)[0] == "rate_low"
    assert rate_is_odd("sft", 1e-4, weights=7_000_000_000)[1] == ""


def test_a_long_prompt_with_a_word_to_learn() -> None:
    from training.preflight import little_is_learnt

    assert little_is_learnt([pair(1, 1, prompt=198)])[1] == "2 of 200 tokens are learnt (1.0%)"
    assert little_is_learnt([pair(2, 2, prompt=96)])[1] == ""


def test_two_start_tokens_are_refused() -> None:
    from training.errors import InputError
    from training.preflight import demand_one_start

    rows = [pair(1, 1), pair(1, 1, prompt=1)]
    for start in (None, 8):
        demand_one_start(SimpleNamespace(tokenizer=SimpleNamespace(bos_token_id=start)), rows)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="1 of 2 rows begin with two start tokens, such as r") as refused:  # fmt: skip
        demand_one_start(SimpleNamespace(tokenizer=SimpleNamespace(bos_token_id=7)), rows)  # type: ignore[arg-type]
    assert refused.value.code == "double_start"


def test_every_finding_is_in_the_catalogue_and_in_the_documentation() -> None:
    """Each code that is raised or told has its words, and none is a leftover."""
    import re
    from pathlib import Path

    from training.findings import CATALOGUE

    root = Path(__file__).resolve().parents[2]
    source = "".join(
        path.read_text("utf-8")
        for path in (root / "training").rglob("*.py")
        if path.name != "findings.py"
    )
    used = {code for code in CATALOGUE if f'"{code}"' in source}
    told = set(re.findall(r'find\(\s*"(\w+)"|code="(\w+)"', source))
    assert used == set(CATALOGUE)
    assert {code for pair in told for code in pair if code} <= set(CATALOGUE)
    documented = (root / "docs" / "training-checks.md").read_text("utf-8")
    assert [code for code in CATALOGUE if f"`{code}`" not in documented] == []
