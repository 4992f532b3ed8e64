"""The prompts of the test split beside an SFT set, for what is measured on generated answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from evalhub.common.canonical import canonical_bytes
from evalhub.common.files import Beat, unwatched
from evalhub.datasets.choices import BuildKind
from evalhub.datasets.cleaning.door import Cleaner
from evalhub.datasets.definition import Definition
from evalhub.datasets.lengths import Lengths
from evalhub.datasets.rows import prompt_uid
from evalhub.datasets.spill import Entry, SortedRows
from evalhub.prompts.grouping import root_of
from evalhub.prompts.models import Prompt, Split
from evalhub.prompts.tools import tools_in
from evalhub.quality.scope import Scope


class Written(NamedTuple):
    """How many test prompts were written, and how many leave the named model no room to answer."""

    written: int
    too_long: int


def write_test_prompts(
    scope: Scope,
    target: Path,
    folder: Path,
    lengths: Lengths,
    cleaner: Cleaner,
    definition: Definition,
    beat: Beat = unwatched,
) -> Written:
    """The prompts of the test split in scope, for what is measured on generated answers."""
    too_long = 0
    rows = SortedRows(folder)
    prompts = (
        Prompt.objects.filter(workspace=scope.snapshot.workspace).in_split(Split.TEST).in_use()
    )
    if not definition.keeps_red_team(BuildKind.SFT):
        prompts = prompts.exclude(collection__is_red_team=True)
    if scope.collections:
        prompts = prompts.filter(collection__slug__in=scope.collections)
    if scope.campaigns:
        prompts = prompts.filter(tasks__campaign__uid__in=scope.campaigns).distinct()
    ordered = prompts.select_related("group__merged_into").order_by("pk")
    for prompt, messages in cleaner.prompts(ordered.iterator(chunk_size=500)):
        beat()
        if not lengths.leave_room(messages):
            too_long += 1
            continue
        name = prompt_uid(messages)
        group = str(root_of(prompt.group).uid)
        asked = {"group": group, "prompt": messages, "reference": prompt.reference}
        if tools := tools_in(prompt.documents):
            asked["tools"] = tools
        row = canonical_bytes({"id": name} | asked)
        rows.add(Entry(name, Split.TEST.value, group, "", 0, 0, "", b"{}", row, b""))
    written = 0
    with target.open("wb") as stream:
        for same in rows:
            given = [each.row for each in same if json.loads(each.row)["reference"] is not None]
            stream.write((given[0] if given else same[0].row) + b"\n")
            written += 1
    return Written(written, too_long)
