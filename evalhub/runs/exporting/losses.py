"""What targets say of what they cannot hold of people's judgments and rows."""

from __future__ import annotations

from evalhub.runs.exporting.spec import Exportable, length_of

SOFT = (
    "labels: evalhub counts a pair by how sure people were (p_chosen); here each is a hard label."
)
WEIGHTS = "weights: evalhub counts a row by its weight; here every row counts the same."
HELD = {  # settings that a file of settings has a place for, or says what becomes of
    "trains", "epochs", "max_steps", "batch_size", "devices", "sharding", "accumulation", "schedule", "warmup", "weight_decay",
    "max_length", "lora_rank", "lora_alpha", "lora_dropout", "lora_variant", "lora_plus",
    "target_modules", "checkpoint_every", "evaluate_every", "patience", "learning_rate",
    "beta", "loss", "loss_weights", "label_smoothing", "labels", "weights", "balance", "margins",
}  # fmt: skip
CUT_OFF = "max_length: evalhub reads a document that is too long in windows and loses none of it; here the rest may be lost."
CUT = "max_length: evalhub leaves a row that is too long out whole; here it is cut."


def judgments_lost(spec: Exportable) -> list[str]:
    """Soft labels and weights, where the run used them."""
    lost = [SOFT] if spec.asks("labels") == "soft" else []
    return [*lost, WEIGHTS] if spec.asks("weights") == "rows" else lost


def shares_lost(spec: Exportable) -> list[str]:
    """Where a batch does not divide among its devices."""
    batch, devices = spec.options.batch_size, spec.options.devices
    if not batch % devices:
        return []
    return [
        f"batch_size: {batch} rows do not divide among {devices} devices; here each reads {spec.rows_each}."
    ]


def rows_lost(spec: Exportable, *, good: str, bad: str) -> list[str]:
    """What else of the rows a file of settings cannot say.

    Args:
        good, bad: the target's settings for the weights of good and of bad answers.
    """
    told = shares_lost(spec)
    if spec.asks("balance") == "classes":
        told.append(
            f"balance: count the good and the bad rows, and set {good} and {bad} to rows / 2 / good "
            "and rows / 2 / bad."
        )
    if spec.asks("margins") == "rows":
        told.append("margins: by how much an answer is better is not read here.")
    if not spec.options.max_length:
        told.append(f"max_length: evalhub takes what the model can; here it is {length_of(spec)}.")
    return told
