"""Train tokenizer and weights from the corpus. Shapes: B windows, T tokens in a window.

Models and tokenizers are Any, as transformers' types do not tell what they can do.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from training.demo_model.corpus import dialogues

END, START, STOP, PAD = "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"
POSITIONS = 4096
CHAT_TEMPLATE = (
    "{% if tools %}{{ '<|im_start|>system\\nTools: ' + tools | tojson + '<|im_end|>\\n' }}{% endif %}"
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] }}"
    "{% for call in message['tool_calls'] or [] %}"
    "{{ '<tool_call>' + call['function'] | tojson + '</tool_call>' }}{% endfor %}"
    "{{ '<|im_end|>' }}{% endgeneration %}{{ '\\n' }}"
    "{% else %}{{ message['content'] + '<|im_end|>\\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
DIALOGUES, WINDOW, BATCH, STEPS, SEED = 16_000, 192, 8, 1_300, 7
LEARNING_RATE, WARM_UP = 3e-3, 50


def make_tokenizer() -> Any:
    """Byte-level BPE, so that every text can be written, with the ChatML template."""
    bytewise = Tokenizer(models.BPE())
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=2048,
        special_tokens=[END, START, STOP, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (turn["content"] for turns in dialogues(count=DIALOGUES, seed=SEED) for turn in turns)
    roles = ["system\n", "user\n", "assistant\n"] * 100
    bytewise.train_from_iterator([*texts, *roles], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bytewise,
        eos_token=STOP,
        pad_token=PAD,
        additional_special_tokens=[START],
        chat_template=CHAT_TEMPLATE,
        model_max_length=POSITIONS,
    )


def make_model(tokenizer: Any) -> Any:
    """A Qwen3 of about two million weights."""
    torch.manual_seed(SEED)
    ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=4,
        num_attention_heads=6,
        num_key_value_heads=6,
        head_dim=32,
        max_position_embeddings=POSITIONS,
        tie_word_embeddings=True,
        bos_token_id=None,
        **ids,
    )
    model = Qwen3ForCausalLM(config)
    model.generation_config = GenerationConfig(**ids, do_sample=False)
    return model


def token_stream(tokenizer: Any) -> Tensor:
    """All dialogues after each other."""
    ids: list[int] = []
    for turns in dialogues(count=DIALOGUES, seed=SEED):
        ids += tokenizer.apply_chat_template(turns, return_dict=False)
    return torch.tensor(ids)


def learn(model: Any, stream: Tensor, *, report: Callable[[str], None]) -> float:
    """Train on random windows of the stream; returns the mean loss of the last fifty steps."""
    rng = random.Random(SEED)  # noqa: S311
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.05
    )
    rate = torch.optim.lr_scheduler.LambdaLR(optimizer, _schedule)
    model.train()
    recent: list[float] = []
    begun = time.monotonic()
    for step in range(1, STEPS + 1):
        starts = [rng.randrange(len(stream) - WINDOW - 1) for _ in range(BATCH)]
        ids_BT = torch.stack([stream[at : at + WINDOW] for at in starts])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(input_ids=ids_BT, labels=ids_BT).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        rate.step()
        optimizer.zero_grad()
        recent = [*recent[-49:], loss.item()]
        if step % 100 == 0:
            mean = sum(recent) / len(recent)
            report(f"step {step} of {STEPS}: loss {mean:.3f}, {time.monotonic() - begun:.0f} s")
    return sum(recent) / len(recent)


def save(model: Any, tokenizer: Any, out: Path) -> None:
    """Weights as bf16 safetensors, tokenizer, config and generation settings."""
    model.to(torch.bfloat16).eval().save_pretrained(out)
    tokenizer.save_pretrained(out)


def _schedule(step: int) -> float:
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP)))
