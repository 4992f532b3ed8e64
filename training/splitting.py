"""A frozen base split among the devices that train an adapter on it: FSDP.

Each device keeps its share of every layer, and has a layer whole only while it reads or differentiates it. The adapter is whole
on each, so what is learnt, saved and gone on from is what it is without. PyTorch's `fully_shard`; source: Zhao et al.,
"PyTorch FSDP: Experiences on Scaling Fully Sharded Data Parallel", arXiv:2304.11277. Shapes: none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard

from training.device import Device
from training.errors import InputError
from training.world import World

READS, DONE = "reads", "done"  # what the first process tells the others
Found = TypeVar("Found")


@dataclass(frozen=True)
class Split:
    """The layers that are split; every process has to read each of them as often as all others do."""

    world: World
    decoder: nn.Module
    layers: list[FSDPModule]

    def by_first(self, work: Callable[[], Found]) -> Found | None:
        """What the first process alone reads, without gradients: the others lend it their shares each time.

        None for the others.
        """
        if self.world.is_first:
            asking = self.decoder.register_forward_pre_hook(self._ask, prepend=True)
            try:
                found = work()
            finally:
                asking.remove()
            self.world.of_first(DONE)
            return found
        while self.world.of_first(None) == READS:
            for layer in self.layers:
                layer.unshard()
                layer.reshard()
        return None

    def _ask(self, *_: Any) -> None:
        self.world.of_first(READS)


def weights_held(model: Any) -> int:
    """How many this process keeps between two reads."""
    return sum(own(each).numel() for each in model.parameters())


def mesh_of(device: Device, world: World) -> DeviceMesh:
    """All processes, which have to ask for it together."""
    return init_device_mesh(device.name, (world.size,))


def split(model: Any, base: Any, device: Device, world: World, mesh: DeviceMesh) -> Split:
    """Leave this device its share of each layer of a base that lies in the machine's memory, and move the rest to it.

    Args:
        model: with the adapter that is trained, which stays whole.
        base: below it, all of it frozen.

    Raises:
        InputError: the model does not say what its layers are.
    """
    names = set(base._no_split_modules or ())
    layers = [each for each in base.base_model.modules() if type(each).__name__ in names]
    if not layers:
        raise InputError(
            f"{type(base).__name__} does not say what its layers are, so it cannot be split: set sharding to nothing."
        )
    for layer in layers:
        trained = {each for each in layer.parameters() if each.requires_grad}
        fully_shard(layer, mesh=mesh, reshard_after_forward=True, ignored_params=trained)
    # the root of them, with nothing of its own: embeddings may be the head's as well, which is read apart
    fully_shard(base.base_model, mesh=mesh, ignored_params=set(base.base_model.parameters()))
    model.to(device.name)
    world.in_step = True
    return Split(world, base.base_model, layers)


def own(tensor: torch.Tensor) -> torch.Tensor:
    """What this process has of it."""
    to_local = getattr(tensor, "to_local", None)
    return to_local() if to_local else tensor
