"""What goes with a base that is split among devices. Standard library only."""

from __future__ import annotations

from training.checked import Rule

SHARDED = ("", "fsdp")  # how a base lies among several devices


def sharding_rules(
    sharding: str, *, devices: int, quantise: str, variant: str, is_whole: bool
) -> list[Rule]:
    """Of the option `sharding`, by the others that it meets."""
    is_whole_on_each = not sharding
    return [
        ("sharding", "fsdp, or nothing", sharding in SHARDED),
        (
            "sharding",
            "nothing on one device: set devices to 2 or more",
            is_whole_on_each or devices > 1,
        ),
        (
            "sharding",
            "nothing where the base lies in 4 bits, which cannot be split here",
            is_whole_on_each or not quantise,
        ),
        (
            "sharding",
            "nothing with dora, whose weights are sized by the whole base: take plain or rslora",
            is_whole_on_each or variant != "dora",
        ),
        (
            "sharding",
            "nothing where trains is all: it splits a base that stays as it is; train an adapter",
            is_whole_on_each or not is_whole,
        ),
    ]
