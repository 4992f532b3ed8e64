"""A configuration for axolotl: https://docs.axolotl.ai/docs/config-reference.html."""

from __future__ import annotations

from typing import Any

from evalhub.formats.shapes import axolotl as shape
from evalhub.runs.errors import CannotExportRun
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

FSDP = {
    "auto_wrap_policy": "TRANSFORMER_BASED_WRAP",
    "state_dict_type": "FULL_STATE_DICT",
    "reshard_after_forward": True,
}


def configuration(spec: Exportable) -> Exported:
    """`axolotl.yaml`, and what axolotl does otherwise.

    Raises:
        CannotExportRun: it trains rewards on reward builds only, and knows no rloo.
    """
    demand_no_judge(spec, "axolotl")
    if spec.recipe == Recipe.REWARD and spec.build.kind != "reward":
        raise CannotExportRun(
            "axolotl learns rewards from the rows of a reward build, and this run learned from "
            f"{spec.build}, a {spec.build.kind} build; export it as trl or llamafactory."
        )
    made = Exported("axolotl.yaml", "axolotl", unheld=[*_unheld(spec), *unknown_to(spec, HELD)])
    files = {split: f"{DATA}/{split}.jsonl" for split in spec.splits}
    _, data = shape.configuration(spec.build.kind, files)
    if spec.asks("loss") and "ipo" in spec.asks("loss"):
        data = data.replace("rl: dpo\n", "rl: ipo\n")
    made.text = (
        header(spec, made, how=on_devices(spec, "axolotl train axolotl.yaml"))
        + "\n"
        + settings(_settings(spec))
        + data
    )
    return made


def _settings(spec: Exportable) -> dict[str, Any]:
    options = spec.options
    length = length_of(spec)
    is_paired = spec.recipe in (Recipe.DPO, Recipe.KTO)
    found: dict[str, Any] = {
        "base_model": spec.source,
        "trust_remote_code": False,
        **({} if spec.trains_all else _adapter(spec)),
        "chat_template": "tokenizer_default",
        "sequence_len": length,
        "max_prompt_len": length if is_paired else None,
        "sample_packing": False,
        "pad_to_sequence_len": False,
        "train_on_inputs": None if is_paired else False,
        "num_epochs": float(options.epochs),
        "max_steps": options.max_steps or None,
        "micro_batch_size": spec.rows_each,
        "gradient_accumulation_steps": options.accumulation,
        "learning_rate": options.learning_rate,
        "lr_scheduler": options.schedule,
        "warmup_ratio": options.warmup,
        "weight_decay": options.weight_decay,
        "optimizer": "adamw_torch_fused",
        "rl_beta": spec.asks("beta"),
        "bf16": "auto",
        "gradient_checkpointing": False,
        "logging_steps": 1,
        "save_steps": spec.save_steps,
        "seed": spec.seed,
        "output_dir": OUTPUT,
    }
    if options.sharding:
        found |= {"fsdp_version": 2, "fsdp_config": FSDP}
    return found | (_evaluation(spec) if spec.evaluates else {"val_set_size": 0.0})


def _adapter(spec: Exportable) -> dict[str, Any]:
    options = spec.options
    all_linear = spec.modules == "all-linear"
    return {
        "adapter": "lora",
        "lora_model_dir": ADAPTER if spec.goes_on else None,
        "lora_r": options.lora_rank,
        "lora_alpha": options.lora_alpha,
        "lora_dropout": options.lora_dropout,
        "lora_target_linear": True if all_linear else None,
        "lora_target_modules": None if all_linear else spec.modules,
        "peft_use_rslora": True if options.lora_variant == "rslora" else None,
        "peft_use_dora": True if options.lora_variant == "dora" else None,
        "loraplus_lr_ratio": options.lora_plus if options.lora_plus != 1 else None,
    }


def _evaluation(spec: Exportable) -> dict[str, Any]:
    looked = {"eval_steps": spec.eval_steps}
    if not spec.options.patience:
        return looked
    return looked | {
        "early_stopping_patience": spec.options.patience,
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
    }


def _unheld(spec: Exportable) -> list[str]:
    told = [*judgments_lost(spec), CUT_OFF if spec.recipe == Recipe.TEXT else CUT]
    if spec.recipe == Recipe.SFT:
        told.append("Earlier answers in a prompt are learnt too; evalhub learns the last one only.")
    if spec.recipe == Recipe.DPO:
        told += _losses(spec)
    told += rows_lost(spec, good="kto_desirable_weight", bad="kto_undesirable_weight")
    return told


def _losses(spec: Exportable) -> list[str]:
    """One loss has a place: the first of DPO's own two."""
    held = "ipo" if "ipo" in spec.asks("loss") else "sigmoid"
    shares = zip(spec.asks("loss"), spec.asks("loss_weights"), strict=True)
    told = [f"loss: no place for {share:g} × {name}." for name, share in shares if name != held]
    if held not in spec.asks("loss"):
        told.append("loss: this file trains with sigmoid, for want of the right one.")
    if spec.asks("label_smoothing"):
        told.append("label_smoothing: TRL, which axolotl calls, reads it with robust only.")
    if spec.goes_on:
        told.append(
            "Reference: look which model axolotl takes; evalhub takes the adapter as it was."
        )
    return told
