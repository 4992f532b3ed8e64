"""What every training recipe does before its first step."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch

from training.attempt import Attempt
from training.contract import TrainOptions
from training.data import Encoded, Sorted, demand_sane, encode_rows, room, settle
from training.device import Device, choose_device, needs_checkpointing
from training.documents import encode_documents, tell_cuts
from training.errors import InputError
from training.fused import fuse
from training.models import TALKS, Loaded, attach_adapter, fresh_adapter, load_base
from training.preflight import look
from training.previews import preview
from training.reading import Answered, Reader
from training.rows import DOCUMENT, Row, answers_in, fields_of, read_rows, share_of
from training.splitting import Split, mesh_of, split, weights_held
from training.whole import demand_room
from training.world import World

Found = TypeVar("Found")


@dataclass(frozen=True)
class Prepared:
    """A model to train, and the rows to train it on."""

    loaded: Loaded
    model: Any  # a PeftModel, or where `is_whole` the base itself
    is_whole: bool  # whether all weights are trained
    reader: Reader
    train: Sorted
    validation: Sorted
    earlier: Sorted  # of a task that was learnt before
    probe: Sorted  # read before and after, never learnt from
    recompute: bool  # activations, because they do not fit
    unfinished: Path  # where the trainer writes before a checkpoint is whole
    world: World
    split: Split | None  # of the base, where each process has a part of it

    @property
    def device(self) -> Device:
        return self.loaded.device

    def logps(
        self, rows: Sequence[Answered], *, batch_size: int, beat: Callable[[int], None] = lambda done: None
    ) -> list[list[float]]:  # fmt: skip
        """`Reader.all_logps` of the model that is trained; each process reads its share."""
        return self.world.read(
            rows,
            lambda some: self.reader.all_logps(self.model, some, batch_size=batch_size, beat=beat),
        )

    def by_first(self, work: Callable[[], Found]) -> Found | None:
        """What the first process alone does with the model, without gradients; None for the others."""
        if self.split is not None:
            return self.split.by_first(work)
        return work() if self.world.is_first else None


def prepare(
    attempt: Attempt,
    options: TrainOptions,
    *,
    answers: Sequence[str],
    judged: Sequence[str] = (),
    kind: str = TALKS,
    learns_answers: bool = True,
) -> Prepared:
    """Read, check and encode the rows; load the model; put the adapter on it.

    Args:
        answers: the fields of a row that hold completions; DOCUMENT for rows that are documents.
        judged: other columns to read, where they are there.
        kind: what the model is for; TALKS or JUDGES.
        learns_answers: whether those of the rows are what is learnt, and so what is looked at and shown.

    Raises:
        InputError: a setting, a row or the model will not do; nothing was trained.
    """
    demand_sane(options)
    rows = {
        name: read_rows(path, name=name, fields=fields_of(answers), judged=judged)
        for name in ("train", "validation", "earlier")
        if (path := attempt.needed_input(name) if name == "train" else attempt.input(name))
    }
    answers_of = dict.fromkeys(rows, answers)
    if (path := attempt.input("probe")) is not None:
        answers_of["probe"] = _of_probe(path, kind)
        fields = ("prompt", *answers_of["probe"])
        rows["probe"] = read_rows(path, name="probe", fields=fields, judged=["slices"])
    rows["train"] = share_of(rows["train"], options.train_share, seed=attempt.spec.seed)
    device = choose_device(threads=options.threads)
    _demand_devices(attempt, device)
    laid = _laid_out(attempt, options, device, kind)
    loaded, model = laid.loaded, laid.model
    limit = room(loaded, options.max_length)
    inputs = {
        name: _encoded(attempt, each, loaded, name=name, answers=answers_of[name], limit=limit)
        for name, each in rows.items()
    }
    settle(
        attempt,
        list(inputs.values()),
        allow_dropped=options.allow_dropped,
        limit=limit,
        needed="train",
    )
    tell_cuts(attempt, list(inputs.values()), limit=limit)
    learnt = inputs["train"].used
    if not learns_answers:
        learnt = [replace(each, completions={}) for each in learnt]
    look(attempt, options, loaded, learnt)
    preview(attempt, loaded, learnt)
    unfinished = attempt.own / "checkpoints" / "unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)  # what a killed attempt left
    reader = _reader(attempt, loaded, inputs["train"].used)
    tokens = _tokens_at_once(inputs["train"].used, options.batch_size, shared=reader.shares)
    return Prepared(
        loaded=loaded,
        model=model,
        is_whole=options.is_whole,
        reader=reader,
        train=inputs["train"],
        validation=inputs.get("validation", Sorted("validation")),
        earlier=inputs.get("earlier", Sorted("earlier")),
        probe=inputs.get("probe", Sorted("probe")),
        recompute=needs_checkpointing(model, device, tokens=tokens),
        unfinished=unfinished,
        world=attempt.world,
        split=laid.split,
    )


def _demand_devices(attempt: Attempt, device: Device) -> None:
    """Of one kind: a process that found none would keep all others waiting for a CPU."""
    kinds = attempt.world.gather(device.name)
    if len(set(kinds)) > 1:
        there = len(kinds) - kinds.count("cpu")
        raise InputError(
            f"devices is {len(kinds)}, but there are {there} accelerators here: take at most {there}, or "
            "ask for a worker with more by its label."
        )


class _Laid(NamedTuple):
    loaded: Loaded
    model: Any
    split: Split | None


def _laid_out(attempt: Attempt, options: TrainOptions, device: Device, kind: str) -> _Laid:
    """The model with what is trained on it, on its device. Processes that split it load it one after the other, so
    that the machine's memory holds it whole once.
    """
    world, mesh = attempt.world, None
    if options.sharding:
        mesh = mesh_of(device, world)
    with world.turn() if options.sharding else nullcontext():
        loaded = _loaded(attempt, options, device, kind)
        model = _trained(attempt, options, loaded, kind)
        fuse(model, device)
        parts = split(model, loaded.model, device, world, mesh) if mesh else None
    attempt.environment.update(weights_held=weights_held(model))
    return _Laid(loaded, model, parts)


def _loaded(attempt: Attempt, options: TrainOptions, device: Device, kind: str) -> Loaded:
    """All weights are trained in 32 bits: in 16 a step is mostly too small to change one."""
    if not options.is_whole:
        moves = not options.sharding
        return load_base(attempt, device, kind=kind, quantise=options.quantise, moves=moves)
    demand_room(attempt, options, device)
    return load_base(attempt, device, kind=kind, dtype=torch.float32)


def _trained(attempt: Attempt, options: TrainOptions, loaded: Loaded, kind: str) -> Any:
    if options.is_whole:
        return loaded.model
    if attempt.spec.adapter:
        return attach_adapter(loaded.model, attempt, trainable=True, kind=kind)
    return fresh_adapter(loaded.model, options, seed=attempt.spec.seed, kind=kind)


def _encoded(
    attempt: Attempt, rows: Sequence[Row], loaded: Loaded, *, name: str, answers: Sequence[str], limit: int
) -> Sorted:  # fmt: skip
    beat = attempt.stop.check
    if tuple(answers) == DOCUMENT:
        return encode_documents(rows, loaded, name=name, limit=limit, beat=beat)
    return encode_rows(rows, loaded, name=name, answers=answers, limit=limit, beat=beat)


def _of_probe(path: Path, kind: str) -> tuple[str, ...]:
    if kind != TALKS:
        raise InputError("A reward model writes nothing that it could forget: leave the probe out.")
    return answers_in(path)


def _reader(attempt: Attempt, loaded: Loaded, rows: Sequence[Encoded]) -> Reader:
    """One that reads a prompt once for all its answers, where the model lets it."""
    reader = Reader(loaded)
    shortest = sorted(rows, key=lambda each: (each.length, each.row.number))[:2]
    if not reader.share_prompts([each.answered for each in shortest]):
        attempt.find("read_plainly", "two rows were tried both ways")
    return reader


def _tokens_at_once(rows: Sequence[Encoded], batch_size: int, *, shared: bool) -> int:
    """The most that a batch can hold."""
    if shared:
        longest = max(len(each.answered.tree) for each in rows)
    else:
        longest = max(each.length * len(each.completions) for each in rows)
    return batch_size * longest
