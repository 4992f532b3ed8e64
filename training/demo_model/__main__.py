"""python -m training.demo_model OUT_DIR: make the demo's base model; a few minutes on two cores."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault(
    "OMP_WAIT_POLICY", "PASSIVE"
)  # spinning threads lose much where others work too
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import torch

from training.demo_model import learn
from training.demo_model.card import examine, write_card


def main(out: Path) -> int:
    torch.set_num_threads(2)
    begun = time.monotonic()
    tokenizer = learn.make_tokenizer()
    model = learn.make_model(tokenizer)
    weights = sum(each.numel() for each in model.parameters())
    stream = learn.token_stream(tokenizer)
    _say(
        f"{len(tokenizer)} tokens in the vocabulary, {weights} weights, {len(stream)} to learn from"
    )
    loss = learn.learn(model, stream, report=_say)
    learn.save(model, tokenizer, out)
    found = examine(model.float(), tokenizer)
    seconds = time.monotonic() - begun
    write_card(out, found, tokens=len(stream), weights=weights, loss=loss, seconds=seconds)
    _say((out / "README.md").read_text("utf-8"))
    return 0


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
