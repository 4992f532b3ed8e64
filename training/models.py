"""Base models and adapters: local or from the hub, safetensors only, never with code of their own."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedTokenizerBase,
)

from training.adapter_files import ADAPTER_FILES, task_of
from training.artifacts import put_in_place
from training.attempt import Attempt
from training.contract import TrainOptions
from training.device import Device
from training.environment import ALLOW_HUB_VARIABLE, is_hub_id
from training.errors import InputError
from training.quantising import PACKED, demand_quantising, nf4

TALKS, JUDGES = "CAUSAL_LM", "SEQ_CLS"  # PEFT's words for what a model is for
HEAD = "score"  # transformers' name for the head that gives one number
SAFELY = {"trust_remote_code": False}
_TOLD = {TALKS: "writes answers", JUDGES: "scores answers"}
UNKNOWN_POSITIONS = 2048  # of a model that does not say how many tokens it can take


@dataclass(frozen=True)
class Loaded:
    """A base model with what is needed to speak to it."""

    model: Any  # transformers' models carry no useful types
    tokenizer: PreTrainedTokenizerBase
    device: Device
    positions: int
    eos_ids: tuple[int, ...]
    pad_id: int


def load_base(
    attempt: Attempt,
    device: Device,
    *,
    kind: str = TALKS,
    dtype: torch.dtype | None = None,
    quantise: str = "",
    moves: bool = True,
) -> Loaded:
    """Load `spec.model` with its tokenizer.

    Args:
        kind: TALKS, or JUDGES for a head that gives one number, 0 until it is trained.
        dtype: of the weights; None for the device's own.
        quantise: "nf4" for a base in 4 bits, which only an adapter can be trained on.
        moves: whether it goes to the device; else it waits in the machine's memory to be split.

    Raises:
        InputError: it is not there, holds no safetensors, or cannot end an answer.
    """
    source, wanted = source_of(attempt), dtype or device.dtype
    with readable(attempt):
        tokenizer = AutoTokenizer.from_pretrained(source, **SAFELY)
        model = _LOADERS[kind](
            source,
            dtype=wanted,
            use_safetensors=True,
            **_quantised(device, quantise, kind),
            **SAFELY,
        )
    if moves and not quantise:
        model.to(device.name)
    attempt.environment.update(device.describe())
    attempt.environment.update(weights=model.num_parameters())
    _demand_type(model, wanted, is_quantised=bool(quantise))
    return _loaded(attempt, model, tokenizer, model.config, model.generation_config, device)


def load_tokenizer(attempt: Attempt) -> Loaded:
    """The same without weights: what it takes to count tokens. Its `model` is None."""
    source = source_of(attempt)
    with readable(attempt):
        tokenizer = AutoTokenizer.from_pretrained(source, **SAFELY)
        config = AutoConfig.from_pretrained(source, **SAFELY)
    device = Device("cpu", torch.float32, "no weights")
    return _loaded(attempt, None, tokenizer, config, _generation_config(source, config), device)


def source_of(attempt: Attempt) -> str:
    name = attempt.spec.model
    if not name:
        raise InputError(
            f"The {attempt.spec.recipe} recipe needs a model: a directory or a hub id."
        )
    local = attempt.path(name)
    if not local.is_dir() and not is_hub_id(name):
        raise InputError(f"There is no model at {name}: give a directory or a hub id (owner/name).")
    return str(local) if local.is_dir() else name


@contextmanager
def readable(attempt: Attempt) -> Iterator[None]:
    name = attempt.spec.model
    try:
        yield
    except (OSError, ValueError) as error:
        hint = f"; to download it set {ALLOW_HUB_VARIABLE}=1" if is_hub_id(name) else ""
        reason = str(error).splitlines()[0]
        raise InputError(f"The model {name} cannot be loaded{hint}: {reason}") from error


def _loaded(
    attempt: Attempt, model: Any, tokenizer: Any, config: Any, generation: Any, device: Device
) -> Loaded:
    eos_ids = _eos_ids(generation, tokenizer)
    if not eos_ids:
        raise InputError(
            f"The model {attempt.spec.model} names no end-of-sequence token, so it could never stop."
        )
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else eos_ids[0]
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(pad_id)
    attempt.environment.update(model=attempt.spec.model, tokenizer=tokenizer_digest(tokenizer))
    return Loaded(model, tokenizer, device, _positions(config), eos_ids, pad_id)


def _quantised(device: Device, quantise: str, kind: str) -> dict[str, Any]:
    """What loading is told; a quantised model lies on its device from the beginning."""
    if not quantise:
        return {}
    demand_quantising(device)
    return {
        "quantization_config": nf4(keeps=HEAD if kind == JUDGES else ""),
        "device_map": {"": device.name},
    }


def _demand_type(model: Any, wanted: torch.dtype, *, is_quantised: bool = False) -> None:
    """Libraries have loaded models in 32 bits unasked; then everything takes twice the memory."""
    meant = (wanted, PACKED) if is_quantised else (wanted,)
    other = sum(each.numel() for each in model.parameters() if each.dtype not in meant)
    total = model.num_parameters()
    if other > total / 2:
        raise InputError(
            f"{other:,} of {total:,} weights were not loaded as {wanted}, but as something else: "
            "quantised models cannot be trained here; take the base they were made from."
        )


def attach_adapter(
    model: Any,
    attempt: Attempt,
    *,
    trainable: bool,
    kind: str = TALKS,
    folder: str = "",
    named: str = "default",
) -> PeftModel:
    """Put the spec's adapter on the base.

    Args:
        model: a base, or one that has an adapter and gets another one beside it.
        folder: of another adapter than the spec's.
        named: how it is told from others on the same base.

    Raises:
        InputError: a file is missing or cannot be read, or it was made for another base or to do something else.
    """
    given = folder or attempt.spec.adapter
    place = attempt.path(given)
    if missing := [name for name in ADAPTER_FILES if not (place / name).is_file()]:
        raise InputError(f"The adapter {given} lacks {' and '.join(missing)}.")
    made = task_of(place, named=given)
    if made in _TOLD and made != kind:
        raise InputError(
            f"The adapter {given} {_TOLD[made]}; the {attempt.spec.recipe} recipe needs "
            f"one that {_TOLD[kind]}."
        )
    how: Any = {"adapter_name": named, "is_trainable": trainable, "use_safetensors": True}
    try:
        if isinstance(model, PeftModel):
            model.load_adapter(place, **how)
            return model
        return PeftModel.from_pretrained(model, place, **how)
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"The adapter {given} does not fit the model {attempt.spec.model}; "
            f"was it trained on another base? {str(error).splitlines()[0]}"
        ) from error


def fresh_adapter(model: Any, options: TrainOptions, *, seed: int, kind: str = TALKS) -> PeftModel:
    """Put a new adapter on the base; it changes nothing until it is trained.

    `options.target_modules` is "all-linear", or names of modules with commas between.
    """
    torch.manual_seed(seed)
    targets = options.target_modules
    modules = targets if targets == "all-linear" else [each.strip() for each in targets.split(",")]
    config = LoraConfig(
        r=options.lora_rank,
        lora_alpha=options.lora_alpha,
        lora_dropout=options.lora_dropout,
        use_rslora=options.lora_variant == "rslora",
        use_dora=options.lora_variant == "dora",
        target_modules=modules,
        task_type=kind,
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise InputError(f"No adapter can be put on target_modules {targets!r}: {error}") from error


def tokenizer_digest(tokenizer: PreTrainedTokenizerBase) -> str:
    """Changes when the vocabulary, a special token or the chat template does."""
    total = hashlib.sha256()
    for token, number in sorted(tokenizer.get_vocab().items(), key=lambda pair: pair[1]):
        total.update(f"{number}\0{token}\0".encode())
    total.update(
        f"{tokenizer.chat_template}\0{sorted(tokenizer.special_tokens_map.items())}".encode()
    )
    return total.hexdigest()


def save_adapter(model: Any, attempt: Attempt) -> None:
    """Write artifacts/adapter, whole: safetensors, settings and a card; never its reference."""
    unfinished = attempt.own / "unfinished-adapter"
    shutil.rmtree(unfinished, ignore_errors=True)
    model.save_pretrained(unfinished, selected_adapters=["default"])
    write_card(attempt, unfinished)
    put_in_place(unfinished, attempt.artifacts / "adapter")


def write_card(
    attempt: Attempt, folder: Path, *, library: str = "peft", is_a: str = "Adapter"
) -> None:
    """README.md of what was trained: on what, from what and how it was made."""
    spec = attempt.spec
    given = "\n".join(
        f"- {name}: sha256 {spec.digests.get(name, 'not given')}" for name in sorted(spec.inputs)
    )
    chosen = "\n".join(f"- {name}: {value}" for name, value in sorted(spec.options.items()))
    parent = f"\nContinues the adapter `{spec.adapter}`." if spec.adapter else ""
    text = (
        f"---\nbase_model: {spec.model}\nlibrary_name: {library}\ntags: [{is_a.lower().split()[-1]}, {spec.recipe}]\n---\n"
        f"# {is_a} trained by evalhub ({spec.recipe})\n\nFrom the base model `{spec.model}`, whose tokenizer and chat "
        f"template have the digest {attempt.environment['tokenizer']}.{parent}\n\n"
        f"Inputs:\n{given}\n\nOptions (others as by default):\n{chosen or '- none'}\n\nSeed {spec.seed}.\n"
    )
    (folder / "README.md").write_text(text, "utf-8")


def _load_talker(source: str, **how: Any) -> Any:
    return AutoModelForCausalLM.from_pretrained(source, **how)


def _load_judge(source: str, **how: Any) -> Any:
    model = AutoModelForSequenceClassification.from_pretrained(source, num_labels=1, **how)
    if not hasattr(model, HEAD):
        raise ValueError("no head for scores can be put on a model of this kind")
    getattr(model, HEAD).float().weight.data.zero_()
    model.generation_config = _generation_config(source, model.config)  # how its answers end
    return model


def _generation_config(source: str, config: Any) -> GenerationConfig:
    try:
        return GenerationConfig.from_pretrained(source)
    except OSError:
        return GenerationConfig.from_model_config(config)


_LOADERS = {TALKS: _load_talker, JUDGES: _load_judge}


def _eos_ids(generation: GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """Every token that ends an answer, the tokenizer's own first."""
    named = generation.eos_token_id
    several = named if isinstance(named, list) else [named]
    return tuple(dict.fromkeys(i for i in (tokenizer.eos_token_id, *several) if i is not None))


def _positions(config: Any) -> int:
    known = getattr(config.get_text_config(), "max_position_embeddings", None)
    return int(known or UNKNOWN_POSITIONS)
