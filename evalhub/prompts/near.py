"""Near-duplicates: MinHash to find candidates, the exact Jaccard index to decide.

Bands are stored, so that only new prompts are hashed and memory does not grow with the old ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.utils import timezone

from evalhub.accounts.models import Workspace
from evalhub.common.canonical import plain_text
from evalhub.prompts.grouping import Merge, merge
from evalhub.prompts.models import NearBand, Prompt

ALIKE = 0.8  # Jaccard index of the shingles from which two prompts are one
SHINGLE = 3  # words
BANDS, ROWS = 16, 8  # a pair at 0.8 is a candidate with probability 0.95, at 0.9 with 0.9999
BATCH = 500

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+")  # CJK by the character

_CANDIDATES = """
    SELECT DISTINCT new.prompt_id, old.prompt_id
    FROM prompts_nearband new
    CROSS JOIN LATERAL (
        SELECT prompt_id FROM prompts_nearband
        WHERE workspace_id = new.workspace_id AND band = new.band
        ORDER BY prompt_id LIMIT 3
    ) old
    WHERE new.prompt_id = ANY(%s) AND old.prompt_id < new.prompt_id
    ORDER BY 1, 2
"""


@dataclass
class Near:
    looked: int = 0
    merges: list[Merge] = field(default_factory=list)

    @property
    def moved(self) -> list[Merge]:
        """Those whose prompts lost their split."""
        return [each for each in self.merges if each.was]


def merge_near_duplicates(workspace: Workspace, *, report: Callable[[int, int], None]) -> Near:
    """Group the prompts that nobody has compared with the others yet.

    Args:
        report: called with prompts done and in all, ahead of each batch.
    """
    waiting = Prompt.objects.filter(workspace=workspace).not_looked_at()
    total = waiting.count()
    found = Near()
    while True:
        report(found.looked, total)
        with transaction.atomic():
            Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
            batch = list(waiting.order_by("pk")[:BATCH])
            if not batch:
                return found
            found.merges += _look_at(workspace, batch)
            keys = [prompt.pk for prompt in batch]
            Prompt.objects.filter(pk__in=keys).update(near_looked_at=timezone.now())
        found.looked += len(batch)


def _look_at(workspace: Workspace, batch: Sequence[Prompt]) -> list[Merge]:
    shingles = {prompt.pk: shingles_of(prompt) for prompt in batch}
    NearBand.objects.bulk_create(
        (
            NearBand(workspace=workspace, prompt=prompt, band=band)
            for prompt in batch
            for band in bands_of(shingles[prompt.pk])
        ),
        batch_size=5000,
    )
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, [[prompt.pk for prompt in batch]])
        pairs: list[tuple[int, int]] = cursor.fetchall()
    keys = {key for pair in pairs for key in pair}
    prompts = Prompt.objects.select_related("group").in_bulk(keys)
    merges = []
    for new, old in pairs:
        for key in (new, old):
            if key not in shingles:
                shingles[key] = shingles_of(prompts[key])
        alike = jaccard(shingles[new], shingles[old]) >= ALIKE
        if alike and (merged := merge(prompts[old].group, prompts[new].group)):
            merges.append(merged)
    return merges


def shingles_of(prompt: Prompt) -> frozenset[str]:
    """Three words in a row, over the whole conversation; a shorter text is one shingle."""
    text = " ".join(plain_text(each["content"]) for each in prompt.messages)
    words = _WORD.findall(text)
    if len(words) <= SHINGLE:
        return frozenset([" ".join(words) or text])
    return frozenset(" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared shingles over all: {a, b, c} and {b, c, d} give 0.5."""
    return len(one & other) / len(one | other)


def bands_of(shingles: frozenset[str]) -> list[int]:
    """The MinHash cut into bands, each hashed to a signed 64-bit number."""
    from datasketch import MinHash  # 90 MB that the web process must not load

    sketch = MinHash(num_perm=BANDS * ROWS, seed=1)
    sketch.update_batch([each.encode() for each in shingles])
    values = sketch.hashvalues.reshape(BANDS, ROWS)
    return [
        int.from_bytes(
            hashlib.blake2b(bytes([place]) + band.tobytes(), digest_size=8).digest(), signed=True
        )
        for place, band in enumerate(values)
    ]
