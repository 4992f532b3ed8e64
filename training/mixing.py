"""Several adapters on one base: each row of a batch is read by its own.

All adapters' first matrices are one matrix, and so are their second ones; a row keeps what is its own
adapter's and nothing of the others. That is one pass for all rows, whatever their mixture and order.
Shapes: A rows, M adapters, R ranks of all adapters together, L tokens, D in, E out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch import Tensor
from torch.nn.functional import linear

from training.attempt import Attempt
from training.models import attach_adapter


class Adapters:
    """What is said of the rows that a model reads next; `names` in the order of their numbers.

    The model's own way of adding an adapter is switched off, and ours takes its place.
    """

    def __init__(self, model: PeftModel, names: Sequence[str]) -> None:
        """Args: names: of adapters that the model has; one that it has not is the base itself."""
        self._layers = [_Layer(each, names) for each in model.modules() if isinstance(each, LoraLayer)]  # fmt: skip
        base: Any = model.base_model
        base.disable_adapter_layers()

    def choose(self, adapter_A: Tensor) -> None:
        """Args: adapter_A: for each row of the next batch the number of its adapter."""
        for each in self._layers:
            each.scale_AR = each.scale_MR[adapter_A]


class _Layer:
    def __init__(self, layer: Any, names: Sequence[str]) -> None:
        mine = [name for name in names if name in layer.lora_A]
        first, second = ([side[name].weight.data for name in mine] for side in (layer.lora_A, layer.lora_B))  # fmt: skip
        self._down_RD, self._up_ER = torch.cat(first), torch.cat(second, dim=1)
        self.scale_MR = self._down_RD.new_zeros((len(names), len(self._down_RD)))
        at = 0
        for name, down_RD in zip(mine, first, strict=True):
            self.scale_MR[names.index(name), at : at + len(down_RD)] = layer.scaling[name]
            at += len(down_RD)
        self.scale_AR = self.scale_MR[:0]
        layer.register_forward_hook(self._add)

    def _add(self, layer: Any, given: tuple[Tensor, ...], read_ALE: Tensor) -> Tensor:
        low_ALR = linear(given[0].to(self._down_RD.dtype), self._down_RD)
        low_ALR = low_ALR * self.scale_AR[:, None]
        return read_ALE + linear(low_ALR, self._up_ER).to(read_ALE.dtype)


def attach_adapters(model: Any, attempt: Attempt, folders: Mapping[str, str]) -> PeftModel:
    """Put several adapters on the base, by their names.

    Raises:
        InputError: as of `attach_adapter`.
    """
    for name, folder in folders.items():
        model = attach_adapter(model, attempt, trainable=False, folder=folder, named=name)
    return cast("PeftModel", model)


@contextmanager
def alone(model: Any, name: str) -> Iterator[None]:
    """With one of its adapters, or where it has none of that name with none."""
    if not isinstance(model, PeftModel):
        yield
    elif name in model.peft_config:
        model.set_adapter(name)
        yield
    else:
        with model.disable_adapter():
            yield


def can_mix(model: PeftModel) -> bool:
    """Whether all its adapters are plain LoRA on linear layers: one that learns a bias, whole modules or a
    direction (DoRA) is used alone."""
    return all(map(_is_plain, model.peft_config.values())) and all(
        isinstance(each.get_base_layer(), torch.nn.Linear) and not any(each.lora_bias.values())
        for each in model.modules()
        if isinstance(each, LoraLayer)
    )


def _is_plain(config: Any) -> bool:
    special = (
        "use_dora", "modules_to_save", "trainable_token_indices", "alora_invocation_tokens", "target_parameters",
        "arrow_config", "use_bdlora", "velora_config", "monteclora_config", "mica", "kasa_config", "use_qalora",
    )  # fmt: skip
    return config.bias == "none" and not any(getattr(config, name, None) for name in special)
