"""A model of ours: a base, or an adapter on one, or several of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from training.attempt import Attempt
from training.backends import Asked, Written
from training.contract import GenerateOptions
from training.data import encode_rows, settle
from training.device import choose_device
from training.generation import Decoding, Wanted, answered, write_answers
from training.ledger import Ledger
from training.mixing import Adapters, alone, attach_adapters, can_mix
from training.models import attach_adapter, load_base
from training.rows import Row
from training.stopping import Stop


class LocalBackend:
    """The spec's model.

    Raises:
        InputError: it cannot be loaded, or too many prompts leave no room for an answer.
    """

    def __init__(self, attempt: Attempt, options: GenerateOptions, rows: Sequence[Row]) -> None:
        self._options = options
        self._loaded = load_base(attempt, choose_device(threads=options.threads))
        limit = self._loaded.positions - options.max_new_tokens
        prompts = encode_rows(
            rows, self._loaded, name="prompts", answers=(), limit=limit, beat=attempt.stop.check
        )
        settle(attempt, [prompts], allow_dropped=options.allow_dropped, limit=limit, needed="prompts")  # fmt: skip
        self.rows = [each.row for each in prompts.used]
        self._left = len(prompts.left)
        self._at = {each.row.id: at for at, each in enumerate(prompts.used)}
        self._ids = [each.prompt for each in prompts.used]
        self._model: Any = self._loaded.model
        self._names = list(attempt.spec.adapters) or [""]
        self._adapters: Adapters | None = None
        folders = {name: folder for name, folder in attempt.spec.adapters.items() if folder}
        if attempt.spec.adapter:
            self._model = attach_adapter(self._model, attempt, trainable=False)
        elif folders:
            self._model = attach_adapters(self._model, attempt, folders)
            if can_mix(self._model):
                self._adapters = Adapters(self._model, self._names)

    def go_on_from(self, ledger: Ledger) -> None:
        """Nothing is paid for."""

    def write(self, asked: Sequence[Asked], stop: Stop) -> Iterator[Written]:
        by_place = {(self._number(each), self._at[each.row.id], each.index): each for each in asked}
        wanted = [
            Wanted(at, index, self._ids[at], self._how(each), each.seed, adapter=adapter)
            for (adapter, at, index), each in by_place.items()
        ]
        for each in self._written(wanted, stop):
            said = answered(self._loaded, each.ids)
            place = by_place[each.adapter, each.at, each.index]
            yield Written(place, said.content, said.finish, said.tokens)

    def _written(self, wanted: Sequence[Wanted], stop: Stop) -> Iterator[Wanted]:
        """By all adapters side by side, or one after the other where one of them is not plain."""
        most = self._options.batch_size
        if self._adapters is not None or self._names == [""]:
            yield from write_answers(
                self._model, self._loaded, wanted, most=most, stop=stop, adapters=self._adapters
            )
            return
        for number, name in enumerate(self._names):
            mine = [each for each in wanted if each.adapter == number]
            with alone(self._model, name):
                yield from write_answers(self._model, self._loaded, mine, most=most, stop=stop)

    def _number(self, asked: Asked) -> int:
        return self._names.index(asked.model)

    def _how(self, asked: Asked) -> Decoding:
        setting = asked.setting
        return Decoding(setting.temperature, setting.top_p, self._options.max_new_tokens)

    def figures(self, answers: Iterable[Mapping[str, Any]]) -> dict[str, float]:
        return {"prompts_left_out": float(self._left)}

    def close(self) -> None:
        pass
