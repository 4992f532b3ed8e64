"""A model small enough to train inside a test, made on the spot: no download, no GPU."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chat_server import Server, chat_server
from tests.training.runs import answer, keep_libraries, question
from training.contract import RunResult, RunSpec, attempt_dir, read_events
from training.stopping import Stop

SPECIAL = ["<pad>", "<eos>", "<user>", "<assistant>"]
CHAT = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """A run seals its process off; the next test gets the old environment back."""
    before = dict(os.environ)
    os.environ.update(CUDA_VISIBLE_DEVICES="", OMP_NUM_THREADS="1")
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved 2-layer Llama (about 13 thousand weights) with a byte-level tokenizer, 256 positions."""
    os.environ.update(HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="")
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    path = tmp_path_factory.mktemp("tiny")
    tokens = SPECIAL + sorted(pre_tokenizers.ByteLevel.alphabet())
    bytewise = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=[]))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytewise,
        pad_token="<pad>",
        eos_token="<eos>",
        additional_special_tokens=SPECIAL[2:],
        chat_template=CHAT,
    )
    tokenizer.save_pretrained(path)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=256,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(path)
    keep_libraries()
    return path


class Run:
    """A run directory, and one way to make its attempts inside this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ask(self, recipe: str, **spec: Any) -> Run:
        """Write spec.json."""
        self.folder.mkdir(exist_ok=True)
        RunSpec(recipe=recipe, **spec).write(self.folder)
        return self

    def rows(self, name: str, rows: list[dict[str, Any]]) -> str:
        """Write an input; returns its path as the spec names it."""
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return path.name

    def attempt(self, number: int = 1) -> RunResult:
        from training.__main__ import carry_out

        carry_out(self.folder, number=number, stop=Stop())
        return self.result(number)

    def result(self, number: int = 1) -> RunResult:
        return RunResult.read(attempt_dir(self.folder, number))

    def events(self, kind: str, number: int = 1) -> list[dict[str, Any]]:
        found = read_events(attempt_dir(self.folder, number))
        return [event.body for event in found if event.kind == kind]

    def losses(self, number: int = 1) -> list[float]:
        return [body["loss"] for body in self.events("metrics", number) if "loss" in body]

    def artifact(self, name: str) -> list[dict[str, Any]]:
        text = (self.folder / "artifacts" / name).read_text("utf-8")
        return [json.loads(line) for line in text.splitlines()]

    @property
    def adapter(self) -> Path:
        return self.folder / "artifacts" / "adapter"

    @property
    def weights(self) -> bytes:
        return (self.adapter / "adapter_model.safetensors").read_bytes()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


@pytest.fixture
def another_run(tmp_path: Path) -> Run:
    return Run(tmp_path / "another")


@pytest.fixture(scope="session")
def trained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An SFT run that has ended; its adapter does change the model."""
    made = Run(tmp_path_factory.mktemp("trained") / "run")
    rows = [
        {"id": f"r{i}", "prompt": question(f"q{i}"), "completion": answer("yes")} for i in range(8)
    ]
    train = made.rows("train", rows)
    options = {"learning_rate": 1e-2, "epochs": 2, "batch_size": 4, "lora_rank": 2}
    made.ask("sft", model=str(tiny_model), inputs={"train": train}, options=options)
    assert made.attempt().ok
    return made


@pytest.fixture
def server() -> Iterator[Server]:
    with chat_server() as served:
        yield served
