"""The rows of a build as other people's programs want them, one module for each program."""

from evalhub.formats.shapes import alpaca, axolotl, llamafactory, openai, sharegpt, trl
from evalhub.formats.shapes.parts import (
    BESIDE,
    MEANING,
    WHY_LEFT_OUT,
    CannotHold,
    Record,
    Row,
    Shape,
)

__all__ = ["BESIDE", "MEANING", "SHAPES", "WHY_LEFT_OUT", "CannotHold", "Record", "Row", "Shape"]

SHAPES: dict[str, Shape] = {
    "trl": trl.SHAPE,
    "openai": openai.SHAPE,
    "alpaca": alpaca.SHAPE,
    "sharegpt": sharegpt.SHAPE,
    "llamafactory": llamafactory.SHAPE,
    "axolotl": axolotl.SHAPE,
}
