"""python -m tests.bench.bench_generation [--device cuda] [--json]: tokens a second, three ways in one run.

The same prompts, model and settings: one `generate(num_return_sequences=n)` of transformers a prompt, its
`generate` on batches of 16 sorted by length, and our pool of slots. Each way writes its own answers where
there is chance, so tokens a second are compared, not seconds; without temperature the texts must be equal.

`--size 0.6b` takes a model of Qwen3-0.6B's shape with random weights: it never ends by itself, and its
figures say what a real one of that size would take. On a card `limit_share` is the share of the memory's
speed that reading weights, keys and values once a step would need; `--bandwidth` says that speed in GB/s.

`--shared 400 --ways pool apart` lets each prompt begin with the same so many tokens, as a system prompt or
examples do: "apart" is our pool where each prompt is read whole.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "training" / "assets" / "demo-model"
SIZES = {
    "0.6b": {
        "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28, "num_attention_heads": 16,
        "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151_936, "tie_word_embeddings": True,
    },
}  # fmt: skip
Written = dict[tuple[int, int], list[int]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("-n", type=int, default=4)
    parser.add_argument("--slots", type=int, default=128)
    parser.add_argument("--tokens", type=int, default=96, help="of an answer, at most")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--size", choices=["demo", *SIZES], default="demo")
    parser.add_argument("--bandwidth", type=float, default=3350.0, help="GB/s; of an H100 SXM")
    parser.add_argument("--shared", type=int, default=0, help="tokens that all prompts begin with")
    parser.add_argument("--ways", nargs="*", default=["alone", "sorted", "pool"])
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    bench = Bench(asked)
    found = {name: bench.measure(temperature) for name, temperature in (("drawn", 0.8), ("greedy", 0.0))}  # fmt: skip
    print(json.dumps(found) if asked.json else json.dumps(found, indent=2))
    return 0


class Bench:
    def __init__(self, asked: argparse.Namespace) -> None:
        import torch
        from transformers.utils import logging

        from training.device import choose_device
        from training.models import Loaded

        logging.disable_progress_bar()
        logging.set_verbosity_error()
        device = choose_device(threads=asked.threads)
        if device.is_cpu != (asked.device == "cpu"):
            raise SystemExit(f"This machine would compute on {device.name}, not on {asked.device}.")
        self.asked, self._torch = asked, torch
        model, tokenizer, eos = _model(asked.size, device)
        self.loaded = Loaded(model.eval(), tokenizer, device, 4096, (eos,), 3)
        self.prompts = _prompts(tokenizer, asked.prompts)
        if asked.shared:
            chance = random.Random(2)
            beginning = [chance.randrange(300, 1900) for _ in range(asked.shared)]
            self.prompts = [[*beginning, *each] for each in self.prompts]

    def measure(self, temperature: float) -> dict[str, Any]:
        ways: dict[str, Callable[[float], Written]] = {
            "alone": self._alone,
            "sorted": self._sorted,
            "pool": self._pool,
            "apart": self._apart,
        }
        ways = {name: ways[name] for name in self.asked.ways}
        speeds, texts = dict[str, float](), dict[str, Written]()
        for name, way in ways.items():
            if not self.loaded.device.is_cpu:
                way(temperature)  # the first time kernels are chosen
                self._torch.cuda.synchronize()
            begun = time.perf_counter()
            texts[name] = way(temperature)
            took = time.perf_counter() - begun
            speeds[name] = round(sum(map(len, texts[name].values())) / took, 1)
        found: dict[str, Any] = {"tokens_per_second": speeds}
        ours = texts["pool"]
        for name in speeds.keys() - {"pool"}:
            found[f"times_{name}"] = round(speeds["pool"] / speeds[name], 2)
            if not temperature:
                same = sum(texts[name][key] == ours[key] for key in ours)
                found[f"equal_{name}"] = round(same / len(ours), 4)
        if not self.loaded.device.is_cpu:
            found["limit_share"] = round(self._bytes(ours) / 1e9 / self.asked.bandwidth * speeds["pool"], 3)  # fmt: skip
            found["hardware"] = self.loaded.device.hardware
        return found

    def _bytes(self, texts: Written) -> float:
        """That must be read for one token: its share of the weights, and its own keys and values."""
        config, size = self.loaded.model.config, self.loaded.device.dtype.itemsize
        weights = sum(each.numel() for each in self.loaded.model.parameters()) * size
        a_place = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * size
        places = [len(self.prompts[at]) + len(ids) / 2 for (at, _), ids in texts.items()]
        side_by_side = min(self.asked.slots, len(texts))
        return float(weights / side_by_side + a_place * sum(places) / len(places))

    def _alone(self, temperature: float) -> Written:
        found: Written = {}
        for at, prompt in enumerate(self.prompts):
            n = self.asked.n
            rows = self._generate([prompt] * (1 if temperature else n), temperature, n if temperature else 1)  # fmt: skip
            found |= {(at, index): row for index, row in enumerate(rows)}
        return found

    def _sorted(self, temperature: float) -> Written:
        keys = [(at, index) for at in range(len(self.prompts)) for index in range(self.asked.n)]
        keys.sort(key=lambda key: (len(self.prompts[key[0]]), key))
        found: Written = {}
        for start in range(0, len(keys), 16):
            batch = keys[start : start + 16]
            rows = self._generate([self.prompts[at] for at, _ in batch], temperature, 1)
            found |= dict(zip(batch, rows, strict=True))
        return found

    def _generate(self, prompts: list[list[int]], temperature: float, n: int) -> list[list[int]]:
        from transformers import GenerationConfig

        torch, loaded = self._torch, self.loaded
        longest = max(map(len, prompts))
        ids_BT = torch.full((len(prompts), longest), loaded.pad_id)
        mask_BT = torch.zeros((len(prompts), longest), dtype=torch.long)
        for at, prompt in enumerate(prompts):
            ids_BT[at, longest - len(prompt) :] = torch.tensor(prompt)
            mask_BT[at, longest - len(prompt) :] = 1
        chance = {"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {"do_sample": False}  # fmt: skip
        how = GenerationConfig(max_new_tokens=self.asked.tokens, eos_token_id=list(loaded.eos_ids), pad_token_id=loaded.pad_id, num_return_sequences=n, **chance)  # fmt: skip
        where = loaded.device.name
        with torch.no_grad(), loaded.device.autocast():
            out_BT = loaded.model.generate(input_ids=ids_BT.to(where), attention_mask=mask_BT.to(where), generation_config=how)  # fmt: skip
        return [_to_end(row, loaded.eos_ids) for row in out_BT[:, longest:].tolist()]

    def _pool(self, temperature: float) -> Written:
        from training.choosing import Decoding
        from training.generation import Wanted, write_answers
        from training.seeds import seed_of
        from training.stopping import Stop

        how = Decoding(temperature, 1.0, self.asked.tokens)
        wanted = [
            Wanted(at, index, prompt, how, seed_of(0, f"{at}:{index}"))
            for at, prompt in enumerate(self.prompts)
            for index in range(self.asked.n)
        ]
        answers = write_answers(self.loaded.model, self.loaded, wanted, most=self.asked.slots, stop=Stop())  # fmt: skip
        return {(each.at, each.index): each.ids for each in answers}

    def _apart(self, temperature: float) -> Written:
        from training import generation
        from training.families import Family, families_of

        generation.families_of = lambda prompts: [Family((at,), 0) for at in range(len(prompts))]
        try:
            return self._pool(temperature)
        finally:
            generation.families_of = families_of


def _model(size: str, device: Any) -> tuple[Any, Any, int]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    if size == "demo":
        model = AutoModelForCausalLM.from_pretrained(MODEL, dtype=device.dtype)
        return model.to(device.name), tokenizer, int(tokenizer.eos_token_id)
    torch.manual_seed(0)
    with torch.device(device.name):
        model = Qwen3ForCausalLM(Qwen3Config(**SIZES[size])).to(device.dtype)
    return model, tokenizer, SIZES[size]["vocab_size"]  # a token that no answer holds


def _prompts(tokenizer: Any, count: int) -> list[list[int]]:
    from training.demo_model.corpus import items

    asked = [each.prompt for each in items()]
    random.Random(1).shuffle(asked)
    return [
        list(tokenizer.apply_chat_template([{"role": "user", "content": each}], add_generation_prompt=True, return_dict=False))
        for each in asked[:count]
    ]  # fmt: skip


def _to_end(row: list[int], eos_ids: tuple[int, ...]) -> list[int]:
    end = next((at for at, token in enumerate(row) if token in eos_ids), len(row) - 1)
    return row[: end + 1]


if __name__ == "__main__":
    raise SystemExit(main())
