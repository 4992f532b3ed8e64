"""The one door between a build and its augmentation."""

from __future__ import annotations

from pathlib import Path

from evalhub.accounts.models import Workspace
from evalhub.datasets.augmenting.adding import Augmenter
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.door import Cleaner
from evalhub.datasets.definition import Definition
from evalhub.datasets.lengths import Lengths
from evalhub.prompts.grouping import fingerprint_of
from evalhub.prompts.models import Prompt, Split


def augmenter_for(
    workspace: Workspace,
    kind: BuildKind,
    definition: Definition,
    lengths: Lengths,
    cleaner: Cleaner,
    folder: Path,
) -> Augmenter | None:
    """None where the definition asks for no augmentation."""
    if not definition.augment:
        return None
    is_text = kind == BuildKind.TEXT  # documents are cut to size by the trainer
    return Augmenter(
        kind,
        definition,
        held_out=frozenset() if is_text else _held_out(workspace, cleaner),
        fits=(lambda _messages, _answers: True) if is_text else lengths.fit,
        folder=folder / "augmenting",
    )


def _held_out(workspace: Workspace, cleaner: Cleaner) -> set[str]:
    """Fingerprints of every prompt that is not for training, as it came and as it is when clean."""
    prompts = Prompt.objects.filter(workspace=workspace).exclude(group__split=Split.TRAIN)
    found = set()
    for prompt, messages in cleaner.prompts(prompts.order_by("pk").iterator(chunk_size=500)):
        found |= {prompt.fingerprint, fingerprint_of(messages)}
    return found
