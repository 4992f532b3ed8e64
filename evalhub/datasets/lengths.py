"""How many tokens a row has for a model: an estimate that needs no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalhub.accounts.models import Workspace
from evalhub.datasets.definition import Definition
from evalhub.datasets.errors import BadDefinition
from evalhub.registry.files import folder_of
from evalhub.registry.models import LanguageModel

if TYPE_CHECKING:
    from tokenizers import Tokenizer

ANSWER = 256  # more than evaluate and generate write by default
PER_MESSAGE = 8  # what a chat template adds: role, marks and line breaks; ChatML needs 5
HOW = f"the tokens of each text plus {PER_MESSAGE} per message; the trainer counts exactly"


@dataclass
class Lengths:
    """Counts what it measures. With no tokenizer it measures nothing and says why."""

    model: str = ""
    limit: int = 0
    why_not: str = ""
    longest: int = 0
    too_long: int = 0
    _tokenizer: Tokenizer | None = field(default=None, repr=False)

    def are_too_many(self, messages: list[dict[str, str]], answers: list[str]) -> bool:
        """Whether the prompt with its longest answer goes beyond the limit."""
        if self._tokenizer is None:
            return False
        tokens = self._tokens(self._tokenizer, messages, answers)
        self.longest = max(self.longest, tokens)
        if self.limit and tokens > self.limit:
            self.too_long += 1
            return True
        return False

    def fit(self, messages: list[dict[str, str]], answers: list[str]) -> bool:
        """The same the other way round, of what may come to no row: nothing is counted."""
        if self._tokenizer is None or not self.limit:
            return True
        return self._tokens(self._tokenizer, messages, answers) <= self.limit

    def _tokens(
        self, tokenizer: Tokenizer, messages: list[dict[str, str]], answers: list[str]
    ) -> int:
        texts = [*(each["content"] for each in messages), *answers]
        counts = [len(each.ids) for each in tokenizer.encode_batch_fast(texts)]
        prompt = sum(counts[: len(messages)]) + PER_MESSAGE * (len(messages) + 1)
        return prompt + max(counts[len(messages) :])

    def leave_room(self, messages: list[dict[str, str]]) -> bool:
        """Whether the model could still answer: with `ANSWER` tokens after the prompt."""
        if self._tokenizer is None or not self.limit:
            return True
        counts = self._tokenizer.encode_batch_fast([each["content"] for each in messages])
        prompt = sum(len(each.ids) for each in counts) + PER_MESSAGE * (len(messages) + 1)
        return prompt + ANSWER <= self.limit

    def report(self) -> dict[str, Any]:
        if self._tokenizer is None:
            return {"checked": False, "why": self.why_not, "model": self.model}
        return {
            "checked": True,
            "model": self.model,
            "limit": self.limit,
            "how": HOW,
            "longest": self.longest,
            "too_long": self.too_long,
        }


def lengths_for(workspace: Workspace, definition: Definition) -> Lengths:
    """Raise BadDefinition when the workspace has no model of that name or uid."""
    if not definition.model:
        return Lengths(why_not="the definition names no model")
    models = LanguageModel.objects.of_workspace(workspace)
    model = models.filter(name=definition.model).first()
    model = model or next((each for each in models if str(each.uid) == definition.model), None)
    if model is None:
        raise BadDefinition(f"There is no model “{definition.model}” in this workspace.")
    folder = folder_of(model.base.source)
    if folder is None or not (folder / "tokenizer.json").is_file():
        why = f"the files of {model.base.name} do not lie on this machine"
        return Lengths(model=model.name, why_not=why)
    from tokenizers import Tokenizer  # workers only

    return Lengths(
        model=model.name,
        limit=definition.max_tokens or _positions(folder),
        _tokenizer=Tokenizer.from_file(str(folder / "tokenizer.json")),
    )


def _positions(folder: Path) -> int:
    """0 when the model does not say."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    return int(config.get("max_position_embeddings") or 0)
