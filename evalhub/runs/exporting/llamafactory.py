"""A configuration for LLaMA-Factory: https://llamafactory.readthedocs.io, its arguments in hparams/."""

from __future__ import annotations

from typing import Any

from evalhub.runs.exporting.as_yaml import settings
from evalhub.runs.exporting.losses import CUT, CUT_OFF, HELD, judgments_lost, rows_lost
from evalhub.runs.exporting.spec import (
    ADAPTER,
    DATA,
    OUTPUT,
    Exportable,
    Exported,
    demand_no_judge,
    header,
    length_of,
    on_devices,
    unknown_to,
)
from evalhub.runs.models import Recipe

STAGES = {Recipe.SFT: "sft", Recipe.TEXT: "pt", Recipe.DPO: "dpo", Recipe.KTO: "kto", Recipe.REWARD: "rm"}  # fmt: skip
LOSSES = ("sigmoid", "hinge", "ipo")


def configuration(spec: Exportable) -> Exported:
    """`llamafactory.yaml`, and what LLaMA-Factory does otherwise.

    Raises:
        CannotExportRun: it knows no rloo.
    """
    demand_no_judge(spec, "LLaMA-Factory")
    unheld = [*_unheld(spec), *unknown_to(spec, HELD)]
    made = Exported("llamafactory.yaml", "llamafactory", unheld=unheld)
    told = header(spec, made, how=on_devices(spec, "llamafactory-cli train llamafactory.yaml"))
    made.text = told + "\n" + settings(_settings(spec))
    return made


def _settings(spec: Exportable) -> dict[str, Any]:
    options = spec.options
    found: dict[str, Any] = {
        "model_name_or_path": spec.source,
        "trust_remote_code": False,
        "adapter_name_or_path": ADAPTER if spec.goes_on else None,
        "stage": STAGES[Recipe(spec.recipe)],
        "do_train": True,
        **({"finetuning_type": "full"} if spec.trains_all else _adapter(spec)),
        "dataset_dir": DATA,
        "dataset": "evalhub_train",
        "cutoff_len": length_of(spec),
        "mask_history": True if spec.recipe == Recipe.SFT else None,
        "packing": False,
        "num_train_epochs": float(options.epochs),
        "max_steps": options.max_steps or None,
        "per_device_train_batch_size": spec.rows_each,
        "gradient_accumulation_steps": options.accumulation,
        "learning_rate": options.learning_rate,
        "lr_scheduler_type": options.schedule,
        "warmup_ratio": options.warmup,
        "weight_decay": options.weight_decay,
        "bf16": True,
        "disable_gradient_checkpointing": True,
        "logging_steps": 1,
        "save_steps": spec.save_steps,
        "report_to": "none",
        "fsdp": "full_shard auto_wrap" if options.sharding else None,
        "seed": spec.seed,
        "output_dir": OUTPUT,
    }
    return found | _preferences(spec) | (_evaluation(spec) if spec.evaluates else {})


def _adapter(spec: Exportable) -> dict[str, Any]:
    options = spec.options
    return {
        "finetuning_type": "lora",
        "lora_rank": options.lora_rank,
        "lora_alpha": options.lora_alpha,
        "lora_dropout": options.lora_dropout,
        "lora_target": "all" if spec.modules == "all-linear" else ",".join(spec.modules),
        "use_rslora": True if options.lora_variant == "rslora" else None,
        "use_dora": True if options.lora_variant == "dora" else None,
        "loraplus_lr_ratio": options.lora_plus if options.lora_plus != 1 else None,
    }


def _preferences(spec: Exportable) -> dict[str, Any]:
    if spec.recipe not in (Recipe.DPO, Recipe.KTO):
        return {}
    found: dict[str, Any] = {"pref_beta": spec.asks("beta")}
    if spec.recipe == Recipe.DPO:
        shares = _shares(spec)
        found |= {"pref_loss": _held(spec)}
        if "sft" in shares:
            found |= {"pref_ftx": shares["sft"]}
    if spec.trains_all:
        found |= {"ref_model": spec.source}
    if spec.goes_on:  # else the base alone would be the reference
        found |= {"ref_model": spec.source, "ref_model_adapters": ADAPTER}
    return found


def _evaluation(spec: Exportable) -> dict[str, Any]:
    found = {
        "eval_dataset": "evalhub_validation",
        "per_device_eval_batch_size": spec.rows_each,
        "eval_strategy": "steps",
        "eval_steps": spec.eval_steps,
    }
    if not spec.options.patience:
        return found
    return found | {
        "early_stopping_steps": spec.options.patience,
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
    }


def _unheld(spec: Exportable) -> list[str]:
    told = [*judgments_lost(spec), CUT_OFF if spec.recipe == Recipe.TEXT else CUT]
    if spec.recipe == Recipe.DPO:
        told += _losses(spec)
    told += rows_lost(spec, good="kto_chosen_weight", bad="kto_rejected_weight")
    told.append(
        "template: none is named, so the tokenizer’s own is parsed; name one if that fails."
    )
    return told


def _losses(spec: Exportable) -> list[str]:
    held, shares = _held(spec), _shares(spec)
    told = [
        f"loss: no place for {share:g} × {name}."
        for name, share in shares.items()
        if name not in (held, "sft")
    ]
    if held not in shares:
        told.append(f"loss: this file trains with {held}, for want of the right one.")
    elif shares[held] != 1:
        told.append(f"loss_weights: {held} counts 1 here, and not {shares[held]:g}.")
    if "sft" in shares:
        told.append("loss: the share of sft is a mean over answers here, over tokens in evalhub.")
    if spec.asks("label_smoothing"):
        told.append("label_smoothing: means another loss here (cDPO), so it is left out.")
    return told


def _held(spec: Exportable) -> str:
    return next((name for name in spec.asks("loss") if name in LOSSES), LOSSES[0])


def _shares(spec: Exportable) -> dict[str, float]:
    return dict(zip(spec.asks("loss"), spec.asks("loss_weights"), strict=True))
