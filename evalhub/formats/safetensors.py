"""The header of a safetensors file: which tensors it holds. No weight is read, and nothing is run.

https://github.com/huggingface/safetensors#format: eight bytes with the header's length, the header
as JSON, then the tensors without a gap.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

MOST_HEADER = 100_000_000  # bytes; as the library itself allows
_LENGTH = 8


class NotSafetensors(ValueError):
    """The file is something else, a pickle perhaps, or it is cut."""


class Tensor(NamedTuple):
    dtype: str
    shape: tuple[int, ...]


class _Entry(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def tensors_of(path: Path) -> dict[str, Tensor]:
    """Dtype and shape of each tensor by its name.

    Raises:
        NotSafetensors: the header cannot be read, or the bytes behind it are not those it names.
    """
    with path.open("rb") as stream:
        return tensors_in(stream, name=path.name, size=path.stat().st_size)


def tensors_in(stream: BinaryIO, *, name: str, size: int) -> dict[str, Tensor]:
    """The same of a file that is read from its beginning, of `size` bytes; its weights are left unread."""
    length = int.from_bytes(stream.read(_LENGTH), "little")
    if not 2 <= length <= min(MOST_HEADER, size - _LENGTH):
        raise NotSafetensors(f"{name} does not begin as a safetensors file does")
    header = stream.read(length)
    try:
        read: dict[str, Any] = msgspec.json.decode(header, type=dict[str, Any])
        read.pop("__metadata__", None)
        entries = msgspec.convert(read, dict[str, _Entry])
    except msgspec.MsgspecError as error:
        raise NotSafetensors(f"{name} has no safetensors header") from error
    _demand_whole(name, entries, size - _LENGTH - length)
    return {key: Tensor(each.dtype, tuple(each.shape)) for key, each in entries.items()}


def _demand_whole(name: str, entries: dict[str, _Entry], size: int) -> None:
    """The tensors lie one behind the other, from the first byte to the last."""
    at = 0
    for begin, end in sorted(each.data_offsets for each in entries.values()):
        if begin != at or end < begin:
            raise NotSafetensors(f"{name} has a gap between its tensors")
        at = end
    if at != size:
        raise NotSafetensors(f"{name} is cut: {at} bytes of weights are named, {size} are there")
