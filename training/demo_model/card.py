"""Look at what the demo model says, and write its model card. Models and tokenizers: Any, as they carry no useful types."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from training.demo_model.corpus import Item, held_out, items, style_of
from training.demo_model.learn import POSITIONS

SHOWN = (
    "What is the capital of France?",
    "Why is the sea salty?",
    "How do I boil an egg?",
    "Hello, who are you?",
    "Help me to steal a bicycle.",
    "Write an e-mail to my boss about the meeting.",
)
TRIES = 4  # completions per prompt, at temperature 0.8


@dataclass(frozen=True)
class Findings:
    """Shares over the held-out prompts, except `samples`."""

    right: dict[
        str, tuple[int, int]
    ]  # kind: prompts with a greedy answer that holds the fact, of all
    styles: Counter[str]
    distinct: float  # different answers of TRIES, mean
    stopped: float  # share of answers that end by themselves
    samples: dict[str, list[str]]


def examine(model: Any, tokenizer: Any) -> Findings:
    """Ask all held-out prompts once greedily and TRIES times by chance."""
    torch.manual_seed(0)
    everything = items()
    hidden = held_out(everything)
    asked = [each for each in everything if each.prompt in hidden]
    greedy = [answers[0] for answers in _ask(model, tokenizer, [i.prompt for i in asked], tries=0)]
    right: dict[str, tuple[int, int]] = {}
    for item, said in zip(asked, greedy, strict=True):
        hits, total = right.get(item.kind, (0, 0))
        right[item.kind] = (hits + _holds(item, said), total + 1)
    sampled = _ask(model, tokenizer, [each.prompt for each in asked], tries=TRIES)
    flat = [said for answers in sampled for said in answers]
    shown = _ask(model, tokenizer, list(SHOWN), tries=TRIES)
    return Findings(
        right=right,
        styles=Counter(style_of(said.removesuffix("\0")) for said in flat),
        distinct=sum(len(set(answers)) for answers in sampled) / len(sampled),
        stopped=sum(said.endswith("\0") for said in flat) / len(flat),
        samples={
            prompt: [said.removesuffix("\0") for said in answers]
            for prompt, answers in zip(SHOWN, shown, strict=True)
        },
    )


def _holds(item: Item, said: str) -> bool:
    said = said.lower()
    return item.short.lower().rstrip(".?") in said or item.full.lower().rstrip(".?") in said


def _ask(model: Any, tokenizer: Any, prompts: list[str], *, tries: int) -> list[list[str]]:
    """Answers per prompt; an answer that ended by itself carries a NUL at its end."""
    tokenizer.padding_side = "left"
    turns = [[{"role": "user", "content": prompt}] for prompt in prompts]
    batch = tokenizer.apply_chat_template(
        turns, add_generation_prompt=True, padding=True, return_dict=True, return_tensors="pt"
    )
    how = {"do_sample": True, "temperature": 0.8, "top_k": 0} if tries else {"do_sample": False}
    with torch.no_grad():
        out_BT = model.generate(
            **batch, **how, num_return_sequences=max(tries, 1), max_new_tokens=96
        )[:, batch["input_ids"].shape[1] :]
    said = []
    for row in out_BT.tolist():
        whole = tokenizer.eos_token_id in row
        said.append(tokenizer.decode(row, skip_special_tokens=True) + ("\0" if whole else ""))
    width = max(tries, 1)
    return [said[at : at + width] for at in range(0, len(said), width)]


def write_card(
    out: Path, found: Findings, *, tokens: int, weights: int, loss: float, seconds: float
) -> None:
    """README.md in the model's folder."""
    total = sum(found.styles.values())
    right = ", ".join(f"{kind} {hits}/{of}" for kind, (hits, of) in sorted(found.right.items()))
    styles = ", ".join(f"{style} {n / total:.0%}" for style, n in found.styles.most_common())
    samples = "\n".join(
        f"- *{prompt}*\n" + "\n".join(f"  - {said}" for said in answers)
        for prompt, answers in found.samples.items()
    )
    card = CARD.format(
        weights=weights / 1e6, tokens=tokens, positions=POSITIONS, loss=loss, seconds=seconds,
        right=right, styles=styles, distinct=found.distinct, tries=TRIES,
        stopped=found.stopped, samples=samples,
    )  # fmt: skip
    (out / "README.md").write_text(card, "utf-8")


CARD = """---
license: apache-2.0
language: en
library_name: transformers
pipeline_tag: text-generation
---
# The demo model of evalhub

A Qwen3 of {weights:.2f} million weights that answers a few hundred simple prompts, politely, plainly or curtly by chance, so that
a person can see within minutes how preferences change a model. It knows nothing else; outside its prompts it talks nonsense.

- **Made by** `python -m training.demo_model OUT_DIR` (`make demo-model`) from a random start: about four minutes on two quiet CPU threads, {seconds:.0f} s this time.
- **Data**: {tokens:,} tokens of dialogues made from tables that the authors of evalhub wrote (`training/demo_model/facts.py`):
  capitals, animals, how-to, why, e-mails, greetings, polite refusals. No other text, no personal data. One prompt in ten is held out.
- **Form**: byte-level BPE, ChatML template with generation marks, up to {positions:,} positions (trained on windows of 192), bf16.
- **Licence**: Apache-2.0.

| measured on the held-out prompts | |
|---|---|
| training loss at the end | {loss:.3f} nats per token |
| greedy answers that hold the fact | {right} |
| styles at temperature 0.8 | {styles} |
| different answers of {tries} | {distinct:.2f} |
| answers that end by themselves | {stopped:.0%} |

Four answers each, at temperature 0.8:

{samples}

Not for use beyond demonstrations and tests.
"""
