"""python -m tests.bench.bench_adapters [--prompts 200 -n 4 --adapters 4] [--json]: several adapters on one base.

Three ways to the same answers in one process: one adapter after the other, each with all slots; side by
side by our sums of all adapters (training.mixing); side by side by PEFT's `adapter_names`. Then the same
as run processes: one for each adapter, and one for all. Greedy texts must be equal.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.bench_generation import MODEL, ROOT, _model, _prompts

Texts = dict[tuple[int, int, int], list[int]]  # adapter, prompt, index


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("-n", type=int, default=4)
    parser.add_argument("--adapters", type=int, default=4)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--slots", type=int, default=128)
    parser.add_argument("--tokens", type=int, default=96, help="of an answer, at most")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ways", nargs="*", default=["apart", "ours", "peft", "runs"])
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = _measured(asked, Path(folder))
    print(json.dumps(found, indent=None if asked.json else 2))
    return 0


def _measured(asked: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from training.device import choose_device
    from training.models import Loaded

    device = choose_device(threads=asked.threads)
    base, tokenizer, eos = _model("demo", device)
    names = _made(base, folder, asked)
    loaded = Loaded(base.eval(), tokenizer, device, 4096, (eos,), 3)
    prompts = _prompts(tokenizer, asked.prompts)
    model = _attached(base, folder, names)
    ways: dict[str, Callable[..., Texts]] = {"apart": _apart, "peft": _theirs, "ours": _ours}  # ours last: it switches PEFT's way off  # fmt: skip
    texts, speeds = dict[str, Texts](), dict[str, float]()
    for name, way in ways.items():
        if name in asked.ways:
            begun = time.perf_counter()
            texts[name] = way(model, loaded, prompts, names, asked)
            took = time.perf_counter() - begun
            speeds[name] = round(sum(map(len, texts[name].values())) / took, 1)
    first = next(iter(texts.values()), {})
    equal = {
        name: round(sum(found[key] == first[key] for key in first) / len(first), 4)
        for name, found in texts.items()
    }
    found = {"tokens_per_second": speeds, "equal_to_the_first": equal}
    return found | ({"run_seconds": _runs(folder, names, asked)} if "runs" in asked.ways else {})


def _made(base: Any, folder: Path, asked: argparse.Namespace) -> list[str]:
    import torch
    from peft import LoraConfig, get_peft_model

    names = [f"a{at}" for at in range(asked.adapters)]
    for seed, name in enumerate(names):
        torch.manual_seed(seed)
        config = LoraConfig(task_type="CAUSAL_LM", r=asked.rank, target_modules="all-linear")
        made = get_peft_model(base, config)
        for key, weights in made.named_parameters():
            if "lora_B" in key:
                torch.nn.init.normal_(weights, std=0.01)  # answers differ, and still end
        made.save_pretrained(folder / name)
        made.unload()
    return names


def _attached(base: Any, folder: Path, names: list[str]) -> Any:
    from peft import PeftModel

    model = PeftModel.from_pretrained(base, folder / names[0], adapter_name=names[0])
    for name in names[1:]:
        model.load_adapter(folder / name, adapter_name=name)
    return model.eval()


def _wanted(prompts: list[list[int]], asked: argparse.Namespace, adapters: range) -> list[Any]:
    from training.choosing import Decoding
    from training.generation import Wanted

    how = Decoding(0.0, 1.0, asked.tokens)
    return [
        Wanted(at, index, prompt, how, 0, adapter=adapter)
        for adapter in adapters
        for at, prompt in enumerate(prompts)
        for index in range(asked.n)
    ]


def _written(model: Any, loaded: Any, wanted: list[Any], asked: argparse.Namespace, adapters: Any) -> Texts:  # fmt: skip
    from training.generation import write_answers
    from training.stopping import Stop

    done = write_answers(model, loaded, wanted, most=asked.slots, stop=Stop(), adapters=adapters)
    return {(each.adapter, each.at, each.index): each.ids for each in done}


def _apart(model: Any, loaded: Any, prompts: Any, names: list[str], asked: Any) -> Texts:
    found: Texts = {}
    for at, name in enumerate(names):
        model.set_adapter(name)
        found |= _written(model, loaded, _wanted(prompts, asked, range(at, at + 1)), asked, None)
    return found


def _ours(model: Any, loaded: Any, prompts: Any, names: list[str], asked: Any) -> Texts:
    from training.mixing import Adapters

    adapters = Adapters(model, names)
    return _written(model, loaded, _wanted(prompts, asked, range(len(names))), asked, adapters)


class _Theirs:
    """PEFT's own way to mix adapters, as the pool asks for it."""

    def __init__(self, model: Any, names: list[str]) -> None:
        self._model, self._names = model, names
        self._chosen: list[str] = []

    def choose(self, adapter_A: Any) -> None:
        self._chosen = [self._names[at] for at in adapter_A.tolist()]

    def __call__(self, **given: Any) -> Any:
        return self._model(adapter_names=self._chosen, **given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def _theirs(model: Any, loaded: Any, prompts: Any, names: list[str], asked: Any) -> Texts:
    theirs = _Theirs(model, names)
    return _written(theirs, loaded, _wanted(prompts, asked, range(len(names))), asked, theirs)


def _runs(folder: Path, names: list[str], asked: argparse.Namespace) -> dict[str, float]:
    """Seconds of one process for each adapter, and of one for all; start and loading are part of them."""
    apart = sum(_run(folder / f"run-{name}", {"adapter": str(folder / name)}, asked) for name in names)  # fmt: skip
    return {
        "apart": round(apart, 1),
        "together": round(_run(folder / "run-all", {"adapters": {each: str(folder / each) for each in names}}, asked), 1),
    }  # fmt: skip


def _run(folder: Path, more: dict[str, Any], asked: argparse.Namespace) -> float:
    from training.contract import RunSpec

    folder.mkdir()
    with (folder / "prompts.jsonl").open("w", encoding="utf-8") as stream:
        for at in range(asked.prompts):
            said = [{"role": "user", "content": f"What is {at} and {at % 7}?"}]
            stream.write(json.dumps({"id": f"p{at}", "prompt": said}) + "\n")
    options = {"n": asked.n, "temperature": 0.0, "max_new_tokens": asked.tokens, "batch_size": asked.slots, "threads": asked.threads}  # fmt: skip
    RunSpec(recipe="generate", model=str(MODEL), inputs={"prompts": "prompts.jsonl"}, options=options, **more).write(folder)  # fmt: skip
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "training", str(folder)], check=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True)  # fmt: skip
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
