from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from django.conf import settings

from evalhub.formats.safetensors import NotSafetensors, Tensor, tensors_of


def written(path: Path, header: object, weights: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + weights)
    return path


def entry(begin: int, end: int) -> dict[str, object]:
    return {"dtype": "F32", "shape": [(end - begin) // 4], "data_offsets": [begin, end]}


def test_tensors_are_named_by_dtype_and_shape() -> None:
    found = tensors_of(settings.BASE_DIR / "training/assets/demo-model/model.safetensors")
    assert found["model.embed_tokens.weight"] == Tensor("BF16", (1938, 192))


@pytest.mark.parametrize(
    ("header", "weights", "why"),
    [
        ({"a": entry(0, 8)}, b"1234", "is cut"),
        ({"a": entry(0, 4)}, b"12345678", "is cut"),
        ({"a": entry(4, 8)}, b"12345678", "gap"),
        ({"a": entry(0, 8), "b": entry(4, 8)}, b"12345678", "gap"),
        ({"a": {"dtype": "F32"}}, b"", "no safetensors header"),
        (["a"], b"", "no safetensors header"),
    ],
)
def test_what_is_no_whole_file_is_refused(
    header: object, weights: bytes, why: str, tmp_path: Path
) -> None:
    with pytest.raises(NotSafetensors, match=why):
        tensors_of(written(tmp_path / "x.safetensors", header, weights))


@pytest.mark.parametrize("content", [b"", b"12", pickle.dumps({"a": 1}), b"\xff" * 64])
def test_other_bytes_under_its_name_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(NotSafetensors, match="does not begin"):
        tensors_of(tmp_path / "x.safetensors")
