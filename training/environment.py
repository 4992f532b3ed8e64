"""Where a run happens: sealed off before, and described after. Imports no torch."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from collections.abc import MutableMapping
from importlib import metadata
from pathlib import Path
from typing import Any

from training.contract import RANK_VARIABLE, RunSpec

ALLOW_HUB_VARIABLE = "EVALHUB_ALLOW_HUB"
VISIBLE_VARIABLE = "EVALHUB_VISIBLE_DEVICES"  # those that the worker may use
METRICS = "evalhub.metrics"  # entry points; see training.metrics.plugins
ANY = ",".join(map(str, range(64)))
LIBRARIES = ("torch", "transformers", "peft", "trl", "accelerate", "bitsandbytes", "datasets", "tokenizers", "safetensors", "numpy", "sacrebleu", "rouge-score", "nltk", "jsonschema", "lm_eval")  # fmt: skip
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def is_hub_id(model: str) -> bool:
    return HUB_ID.fullmatch(model) is not None and not Path(model).exists()


def seal(spec: RunSpec, environ: MutableMapping[str, str]) -> None:
    """No telemetry, and no network unless a model or a task is of the hub and the operator allows it.

    Libraries read these variables when they are imported, so call this before.
    """
    wants = is_hub_id(spec.model) or bool(spec.options.get("harness"))
    hub = wants and environ.get(ALLOW_HUB_VARIABLE) == "1"
    environ["HF_HUB_OFFLINE"] = environ["HF_DATASETS_OFFLINE"] = "0" if hub else "1"
    environ["HF_EVALUATE_OFFLINE"] = "1"  # what it loads from the hub is Python, and would be run
    environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    environ["DO_NOT_TRACK"] = "1"
    environ["TOKENIZERS_PARALLELISM"] = "false"
    environ["TQDM_DISABLE"] = "1"
    environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")
    environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve the web beside us
    environ.setdefault("GOMP_SPINCOUNT", "0")
    threads = spec.options.get("threads", 1)
    environ["OMP_NUM_THREADS"] = environ["MKL_NUM_THREADS"] = str(threads)
    visible = environ.setdefault(VISIBLE_VARIABLE, environ.get("CUDA_VISIBLE_DEVICES", ANY)).split(
        ","
    )
    rank = int(environ.get(RANK_VARIABLE, "0"))
    environ["CUDA_VISIBLE_DEVICES"] = (
        visible[rank] if rank < len(visible) else ""
    )  # one for each process


def describe(spec: RunSpec) -> dict[str, Any]:
    """What somebody needs to make the same run again."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "hardware": _processor(),
        "cores": os.cpu_count(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES if _installed(name)},
        "code": code_digest(),
        "seed": spec.seed,
        "threads": spec.options.get("threads", 1),
        **({"plugins": found} if spec.recipe == "evaluate" and (found := plugins()) else {}),
    }


def code_digest() -> str:
    """One sha256 over every module of training/."""
    root = Path(__file__).parent
    total = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        total.update(f"{path.relative_to(root).as_posix()}\0".encode())
        total.update(path.read_bytes() + b"\0")
    return total.hexdigest()


def plugins() -> dict[str, str]:
    """Of each metric plug-in its package and version: another one may say something else of the same answers."""
    found = sorted(metadata.entry_points(group=METRICS), key=lambda each: each.name)
    return {
        each.name: f"{each.dist.name} {each.dist.version}"
        for each in found
        if each.dist is not None
    }


def _installed(name: str) -> bool:
    return next(iter(metadata.distributions(name=name)), None) is not None


def _processor() -> str:
    try:
        listed = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", listed, re.MULTILINE)
    return found[1] if found else platform.machine()
