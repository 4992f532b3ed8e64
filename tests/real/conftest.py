"""Judgments of real people, which lie beside the repository and are not part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def real_file(name: str) -> Path:
    """A file of ../shared/data; without it the test is skipped and says what is missing."""
    path = DATA / name
    if not path.is_file():
        pytest.skip(
            f"{name} is missing: put it at ../shared/data/{name} beside the repository "
            "(dpo_en_demo.json comes from hiyouga/LLaMA-Factory, en_100_tree.jsonl from "
            "LAION-AI/Open-Assistant; the commits stand in docs/performance.md)."
        )
    return path
