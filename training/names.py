"""Names of files that came from another machine: which may be written below a directory of ours.

Standard library only.
"""

from __future__ import annotations

import re

SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
CHECKPOINT = re.compile(r"step-[0-9]{8}", re.ASCII)
MOST_DEPTH, MOST_LENGTH = 8, 400
_PART = re.compile(r"[\w.+@=, -]{1,200}", re.ASCII)

PLAIN = (
    ".json",
    ".jsonl",
    ".safetensors",
    ".md",
    ".txt",
    ".jinja",
    ".model",
)  # what an artifact is
STATES = (
    "optimizer.pt",
    "scheduler.pt",
    "scaler.pt",
    "training_args.bin",
)  # of a checkpoint besides
_RANDOM = re.compile(r"rng_state(_[0-9]+)?\.pth", re.ASCII)


def stays_below(path: str) -> bool:
    """Whether the path, joined to a directory, names something in it."""
    parts = path.split("/")
    return (
        len(path) <= MOST_LENGTH
        and len(parts) <= MOST_DEPTH
        and all(_PART.fullmatch(part) and part not in (".", "..") for part in parts)
    )


def is_artifact(path: str) -> bool:
    """Whether a run may leave a file of that name: weights as safetensors, never as a pickle."""
    return stays_below(path) and path.endswith(PLAIN)


def is_in_checkpoint(path: str) -> bool:
    """The same for a checkpoint, whose states PyTorch reads back without running anything."""
    name = path.rsplit("/", 1)[-1]
    known = name in STATES or _RANDOM.fullmatch(name) is not None
    return is_artifact(path) or (stays_below(path) and known)
