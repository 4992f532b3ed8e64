"""What the model that training begins with makes of the rows: computed once, kept by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import torch

from training.artifacts import write_rows
from training.attempt import Attempt
from training.preparation import Prepared
from training.reading import Answered
from training.splitting import own

FILE = "reference.jsonl"
SAMPLED = 256  # values of each tensor


def reference_logps(
    attempt: Attempt, prepared: Prepared, rows: Sequence[Answered], *, batch_size: int
) -> list[list[float]]:
    """Sums of the log-probabilities of each row's completions, before the first step.

    The model must be as training begins. In the run directory each is kept under the digest of its
    tokens and of the model, so that an attempt that goes on has the same numbers to the bit.
    """
    model = ",".join(sorted(set(attempt.world.gather(model_digest(prepared.model)))))
    names = [_name(model, row) for row in rows]
    kept = attempt.world.of_first(_kept(attempt))
    missing = [at for at, name in enumerate(names) if name not in kept]
    if missing:
        done = 0

        def beat(more: int) -> None:
            nonlocal done
            done += more
            attempt.stop.check()
            attempt.progress(done, len(missing), note="reading with the reference")

        found = prepared.logps([rows[at] for at in missing], batch_size=batch_size, beat=beat)
        kept |= {names[at]: logps for at, logps in zip(missing, found, strict=True)}
        write_rows(attempt.own / FILE, ({"row": name, "logps": kept[name]} for name in kept))
    return [kept[name] for name in names]


def model_digest(model: Any) -> str:
    """Changes with the shape of any weight, and with any training of them; of a split base each process has its own.

    Of each tensor evenly spread values are taken: reading all of a large model takes minutes, and no
    step of an optimizer leaves all of these as they were.
    """
    total = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        flat = own(tensor.detach()).flatten()
        step = max(1, flat.numel() // SAMPLED)
        total.update(f"{name}\0{tuple(tensor.shape)}\0{tensor.dtype}\0".encode())
        total.update(flat[::step].to("cpu", torch.float32).numpy().tobytes())
    return total.hexdigest()


def _name(model: str, row: Answered) -> str:
    tokens = json.dumps([model, row.prompt, row.completions], separators=(",", ":"))
    return hashlib.sha256(tokens.encode()).hexdigest()


def _kept(attempt: Attempt) -> dict[str, list[float]]:
    path = attempt.run_dir / FILE
    if not path.is_file():
        return {}
    lines = map(json.loads, path.read_text("utf-8").splitlines())
    return {line["row"]: line["logps"] for line in lines}
