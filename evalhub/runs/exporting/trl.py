"""A script for TRL 1.16 (transformers 5, peft 0.21) that reads from top to bottom and runs as it is."""

from __future__ import annotations

from typing import Any

from evalhub.runs.exporting import rloo
from evalhub.runs.exporting.losses import CUT, CUT_OFF, judgments_lost, shares_lost
from evalhub.runs.exporting.spec import (
    ADAPTER,
    DATA,
    OUTPUT,
    Exportable,
    Exported,
    header,
    unknown_to,
)
from evalhub.runs.models import Recipe

TRAINERS = {Recipe.SFT: "SFT", Recipe.TEXT: "SFT", Recipe.DPO: "DPO", Recipe.KTO: "KTO", Recipe.REWARD: "Reward", Recipe.RLOO: "RLOO"}  # fmt: skip
COLUMNS: dict[str, list[str]] = {
    Recipe.SFT: ["prompt", "completion"],
    Recipe.TEXT: ["text"],
    Recipe.DPO: ["prompt", "chosen", "rejected"],
    Recipe.KTO: ["prompt", "completion", "label"],
    Recipe.REWARD: ["prompt", "chosen", "rejected"],
    Recipe.RLOO: ["prompt"],
}
HELD = {
    "trains", "epochs", "max_steps", "batch_size", "devices", "sharding", "accumulation", "schedule", "warmup", "weight_decay",
    "max_length", "lora_rank", "lora_alpha", "lora_dropout", "lora_variant", "lora_plus",
    "target_modules", "threads", "checkpoint_every", "evaluate_every", "patience", "learning_rate",
    "beta", "loss", "loss_weights", "label_smoothing", "labels", "weights", "balance", "margins",
    "n", "max_new_tokens", "cut_penalty",
}  # fmt: skip  # in the script, or in a sentence of unheld


FSDP = {"version": 2, "auto_wrap_policy": "TRANSFORMER_BASED_WRAP", "state_dict_type": "FULL_STATE_DICT"}  # fmt: skip


def script(spec: Exportable) -> Exported:
    """`train.py`, and what TRL does otherwise."""
    made = Exported("train.py", "trl", unheld=[*_unheld(spec), *unknown_to(spec, HELD)])
    parts = [
        header(spec, made, how=f"{_start(spec)}  (trl 1.16, transformers 5, peft 0.21)"),
        _imports(spec),
        _rows(spec),
        _model(spec) + (rloo.reward(spec) if spec.judge else ""),
        _arguments(spec),
        _training(spec),
    ]
    made.text = "\n".join(parts)
    return made


def _start(spec: Exportable) -> str:
    devices = spec.options.devices
    return f"accelerate launch --num_processes {devices} train.py" if devices > 1 else "python train.py"  # fmt: skip


def _unheld(spec: Exportable) -> list[str]:
    if spec.judge:
        return [*rloo.UNHELD, *shares_lost(spec)]
    told = [
        *judgments_lost(spec),
        *shares_lost(spec),
        CUT_OFF if spec.recipe == Recipe.TEXT else CUT,
    ]
    if spec.recipe == Recipe.TEXT:
        told.append(
            "Control tokens: one that is typed in a document is read as one here; in evalhub as letters."
        )
    if spec.options.patience:
        told.append(
            "patience: TRL’s early stopping compares with the best so far, however little better "
            "it was; evalhub with the one from which it began to wait."
        )
    if spec.recipe == Recipe.KTO:
        told.append("Order of rows: shuffled once, where evalhub shuffles for each epoch.")
    return told


def _imports(spec: Exportable) -> str:
    name = TRAINERS[Recipe(spec.recipe)]
    auto = _auto(spec)
    peft = ["PeftModel"] if spec.goes_on else ["LoraConfig"]
    if spec.judge and not spec.goes_on:
        peft.append("PeftModel")
    if spec.options.lora_plus != 1 and not spec.goes_on:
        peft.append("get_peft_model")
    adapters = f"from peft import {', '.join(peft)}\n"
    plus = "from peft.optimizers import create_loraplus_optimizer\n"
    stops = ", EarlyStoppingCallback" if _stops_early(spec) else ""
    judging = ", AutoModelForSequenceClassification" if spec.judge else ""
    return (
        "import json\nfrom pathlib import Path\n\nimport torch\nfrom datasets import Dataset\n"
        f"{'' if spec.trains_all else adapters}"
        f"{plus if spec.options.lora_plus != 1 else ''}"
        f"from transformers import {auto}{judging}, AutoTokenizer{stops}\n"
        f"from trl import {name}Config, {name}Trainer\n\n"
        "HERE = Path(__file__).parent\n"
        f"BASE = {_place(spec.source)}\n"
        f"{_of_judge(spec)}"
        f"SEED = {spec.seed}\n"
        f"COLUMNS = {_columns(spec)!r}\n"
    )


def _rows(spec: Exportable) -> str:
    """Only columns that the trainer reads; ties out, which say nothing as a hard label."""
    tie = (
        '            if row.get("p_chosen") == 0.5:\n                continue  # a tie\n'
        if "chosen" in _columns(spec)
        else ""
    )
    shuffled = ".shuffle(seed=SEED)" if spec.recipe == Recipe.KTO else ""
    return f'''
def rows_of(split):
    """What people typed never becomes a control token."""
    found = []
    with (HERE / "{DATA}" / f"{{split}}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
{tie}            kept = {{name: row[name] for name in COLUMNS if name in row}}
            found.append(kept{_sanitised(spec)})
    return Dataset.from_list(found)


train = rows_of("train"){shuffled}
validation = {'rows_of("validation")' if spec.evaluates else "None"}
'''


def _model(spec: Exportable) -> str:
    threads = f"torch.set_num_threads({spec.options.threads})  # of a CPU\n"
    loading = (
        "on_gpu = torch.cuda.is_available()\n"
        f"{threads}torch.manual_seed(SEED)\n"
        "tokenizer = AutoTokenizer.from_pretrained(BASE)\n"
        f"model = {_auto(spec)}.from_pretrained(\n"
        f"    BASE, {'num_labels=1, ' if spec.recipe == Recipe.REWARD else ''}use_safetensors=True,\n"
        f"    dtype={'torch.float32' if spec.trains_all else 'torch.bfloat16 if on_gpu else torch.float32'},\n)\n"
        "tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token\n"
        "model.config.pad_token_id = tokenizer.pad_token_id\n"
    )
    if spec.recipe == Recipe.REWARD:
        loading += "model.score.weight.data.zero_()  # scores begin at 0\n"
    if spec.goes_on:
        return loading + (
            f'model = PeftModel.from_pretrained(model, HERE / "{ADAPTER}", is_trainable=True)\n'
        )
    if spec.trains_all:
        return loading
    options = spec.options
    config: dict[str, Any] = {
        "r": options.lora_rank,
        "lora_alpha": options.lora_alpha,
        "lora_dropout": options.lora_dropout,
        "use_rslora": options.lora_variant == "rslora",
        "use_dora": options.lora_variant == "dora",
        "target_modules": spec.modules,
        "task_type": "SEQ_CLS" if spec.recipe == Recipe.REWARD else "CAUSAL_LM",
    }
    made = f"{loading}adapter = LoraConfig(\n{_keywords(config)})\n"
    if options.lora_plus != 1:
        made += "model = get_peft_model(model, adapter)\n"
    return made


def _arguments(spec: Exportable) -> str:
    options = spec.options
    values: dict[str, Any] = {
        "output_dir": OUTPUT,
        "num_train_epochs": options.epochs,
        "max_steps": options.max_steps or -1,
        "per_device_train_batch_size": spec.rows_each,
        "per_device_eval_batch_size": spec.rows_each,
        "gradient_accumulation_steps": options.accumulation,
        "learning_rate": options.learning_rate,
        "lr_scheduler_type": options.schedule,
        "warmup_steps": options.warmup,
        "weight_decay": options.weight_decay,
        **({} if spec.judge else {"max_length": options.max_length or None}),
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "save_strategy": "steps",
        "save_steps": spec.save_steps,
        "report_to": "none",
        "activation_checkpointing": False,
        "seed": spec.seed,
        "data_seed": spec.seed,
        **_of_recipe(spec),
    }
    if spec.evaluates:
        values |= {"eval_strategy": "steps", "eval_steps": spec.eval_steps}
    if _stops_early(spec):
        goal = "eval_reward" if spec.judge else "eval_loss"
        values |= {"load_best_model_at_end": True, "metric_for_best_model": goal}
        values |= {"greater_is_better": True} if spec.judge else {}
    name = TRAINERS[Recipe(spec.recipe)]
    counted = ""
    if spec.asks("balance") == "classes":
        counted = (
            'good = sum(train["label"])\nbad = len(train) - good\n'
            "each = len(train) / 2  # good and bad answers weigh the same in sum\n"
        )
    return (
        f"{counted}arguments = {name}Config(\n{_keywords(values)}"
        + ("    desirable_weight=each / max(good, 1),\n    undesirable_weight=each / max(bad, 1),\n" if counted else "")
        + (f"    fsdp=on_gpu,\n    fsdp_config={FSDP!r},\n" if options.sharding else "")
        + "    bf16=on_gpu,\n    use_cpu=not on_gpu,\n)\n"
    )  # fmt: skip


def _training(spec: Exportable) -> str:
    values = {
        "model": "model",
        "args": "arguments",
        "train_dataset": "train",
        "eval_dataset": "validation",
        "processing_class": "tokenizer",
        **({"reward_funcs": "rewards"} if spec.judge else {}),
    }
    optimizer = ""
    if spec.options.lora_plus != 1:
        optimizer = (
            "optimizer = create_loraplus_optimizer(\n"
            f"    model, torch.optim.AdamW, lr={spec.options.learning_rate!r},\n"
            f"    loraplus_lr_ratio={spec.options.lora_plus!r}, "
            f"weight_decay={spec.options.weight_decay!r},\n)\n"
        )
        values["optimizers"] = "(optimizer, None)"
    elif not spec.goes_on and not spec.trains_all:
        values["peft_config"] = "adapter"
    if _stops_early(spec):
        values["callbacks"] = f"[EarlyStoppingCallback({spec.options.patience})]"
    told = "".join(f"    {name}={value},\n" for name, value in values.items())
    made = "model" if spec.trains_all else "adapter"
    return (
        f"{optimizer}trainer = {TRAINERS[Recipe(spec.recipe)]}Trainer(\n{told})\n"
        f'trainer.train()\ntrainer.save_model(str(HERE / "{OUTPUT}" / "{made}"))\n'
    )


def _of_recipe(spec: Exportable) -> dict[str, Any]:
    if spec.judge:
        return rloo.arguments(spec)
    if spec.recipe == Recipe.SFT:
        return {"completion_only_loss": True, "packing": False}
    if spec.recipe == Recipe.TEXT:
        return {"dataset_text_field": "text", "packing": False}
    if spec.recipe == Recipe.DPO:
        return {
            "beta": spec.asks("beta"),
            "loss_type": spec.asks("loss"),
            "loss_weights": spec.asks("loss_weights"),
            "label_smoothing": spec.asks("label_smoothing"),
        }
    return {"beta": spec.asks("beta")} if spec.recipe == Recipe.KTO else {}


def _columns(spec: Exportable) -> list[str]:
    more = ["margin"] if spec.asks("margins") == "rows" else []
    return [*COLUMNS[spec.recipe], "tools", *more]


def _stops_early(spec: Exportable) -> bool:
    return bool(spec.options.patience) and spec.evaluates


def _auto(spec: Exportable) -> str:
    is_reward = spec.recipe == Recipe.REWARD
    return "AutoModelForSequenceClassification" if is_reward else "AutoModelForCausalLM"


def _sanitised(spec: Exportable) -> str:
    """RLOO takes it once for all rows."""
    return "" if spec.judge else ' | {"chat_template_kwargs": {"sanitize_control_tokens": True}}'


def _of_judge(spec: Exportable) -> str:
    if spec.judge is None:
        return ""
    return f"JUDGE_BASE = {_place(spec.judge_source)}\nCUT = {spec.asks('cut_penalty')!r}\n"


def _place(source: str) -> str:
    is_here = source.startswith("./")
    return f"str(HERE / {source.removeprefix('./')!r})" if is_here else repr(source)


def _keywords(values: dict[str, Any]) -> str:
    return "".join(f"    {name}={value!r},\n" for name, value in values.items())
