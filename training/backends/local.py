"""A model of ours: a base, or an adapter on one."""

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
        has_adapter = bool(attempt.spec.adapter)
        self._model = attach_adapter(self._loaded.model, attempt, trainable=False) if has_adapter else self._loaded.model  # fmt: skip

    def go_on_from(self, ledger: Ledger) -> None:
        """Nothing is paid for."""

    def write(self, asked: Sequence[Asked], stop: Stop) -> Iterator[Written]:
        by_place = {(self._at[each.row.id], each.index): each for each in asked}
        wanted = [
            Wanted(at, index, self._ids[at], self._how(each), each.seed)
            for (at, index), each in by_place.items()
        ]
        most = self._options.batch_size
        for each in write_answers(self._model, self._loaded, wanted, most=most, stop=stop):
            said = answered(self._loaded, each.ids)
            yield Written(by_place[each.at, each.index], said.content, said.finish, said.tokens)

    def _how(self, asked: Asked) -> Decoding:
        setting = asked.setting
        return Decoding(setting.temperature, setting.top_p, self._options.max_new_tokens)

    def figures(self, answers: Iterable[Mapping[str, Any]]) -> dict[str, float]:
        return {"prompts_left_out": float(self._left)}

    def close(self) -> None:
        pass
