"""Which prompts belong together, and the split that each group has for ever."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from evalhub.accounts.models import Workspace
from evalhub.common.canonical import digest_of, plain_text
from evalhub.common.copying import copy_in, keys_for
from evalhub.jobs.events import announce
from evalhub.prompts.models import Prompt, PromptGroup, Split

SALT = "evalhub split 1"  # never changes: every frozen test set hangs on it
TRAIN_SHARE, VALIDATION_SHARE = 0.8, 0.1  # the rest is the test split


def split_of(uid: UUID) -> Split:
    """Draw the split from sha256(salt, uid): the same on every machine and in every year.

    Of many groups 80 % are train, 10 % validation, 10 % test.
    """
    digest = hashlib.sha256(f"{SALT}:{uid}".encode()).digest()
    drawn = int.from_bytes(digest[:8]) / 2**64
    if drawn < TRAIN_SHARE:
        return Split.TRAIN
    return Split.VALIDATION if drawn < TRAIN_SHARE + VALIDATION_SHARE else Split.TEST


def group_uid(workspace: Workspace, name: str) -> UUID:
    """Named by what it holds, so the same file read into a fresh database is split the same way."""
    digest = hashlib.sha256(f"evalhub group:{workspace.slug}:{name}".encode()).digest()
    return UUID(bytes=digest[:16], version=4)


def fingerprint_of(messages: Sequence[dict[str, str]]) -> str:
    """sha256 of the folded text: equal for prompts that differ in case or white space only."""
    return digest_of([[each["role"], plain_text(each["content"])] for each in messages])


class Wanted(NamedTuple):
    fingerprint: str
    named: str | None  # a name that the file gives the group; unique in its collection


@dataclass(frozen=True)
class Merge:
    """`later` joined `earlier`. `was` is the split that its prompts lost, or None if they kept it."""

    earlier: UUID
    later: UUID
    was: Split | None


@dataclass(frozen=True)
class Grouped:
    groups: list[int]  # the key of each wanted's, in order
    merges: list[Merge]


def groups_for(workspace: Workspace, wanted: Sequence[Wanted]) -> Grouped:
    """Find or make the group of each prompt. The caller holds the lock on the workspace's row.

    A prompt whose text the workspace has already joins its group; one whose file names another
    group merges the two.
    """
    known = _groups_by_fingerprint(workspace, {each.fingerprint for each in wanted})
    uids = [_own_uid(workspace, each) for each in wanted]
    found = dict(PromptGroup.objects.filter(uid__any=set(uids)).values_list("uid", "pk"))
    missing: dict[UUID, None] = {}  # in order
    chosen: list[UUID | None] = []
    ahead: set[str] = set()  # texts that an earlier row of this batch brings
    for each, uid in zip(wanted, uids, strict=True):
        joins = each.named is None and (each.fingerprint in known or each.fingerprint in ahead)
        chosen.append(None if joins else uid)
        ahead.add(each.fingerprint)
        if not joins and uid not in found:
            missing[uid] = None
    found |= _stored(workspace, list(missing))
    groups, twins = [], []
    for each, own in zip(wanted, chosen, strict=True):
        group = known[each.fingerprint] if own is None else found[own]
        twin = known.setdefault(each.fingerprint, group)
        if twin != group:
            twins.append((twin, group))
        groups.append(group)
    return Grouped(groups, merge_each(twins) if twins else [])


def _stored(workspace: Workspace, uids: list[UUID]) -> dict[UUID, int]:
    made = dict(zip(uids, keys_for(PromptGroup, len(uids)), strict=True))
    copy_in(
        PromptGroup,
        ["id", "uid", "workspace_id", "split"],
        ((key, uid, workspace.pk, str(split_of(uid))) for uid, key in made.items()),
    )
    return made


def _own_uid(workspace: Workspace, wanted: Wanted) -> UUID:
    name = f"text:{wanted.fingerprint}" if wanted.named is None else f"named:{wanted.named}"
    return group_uid(workspace, name)


def _groups_by_fingerprint(workspace: Workspace, fingerprints: set[str]) -> dict[str, int]:
    """The key of the group of the first prompt with each text."""
    prompts = Prompt.objects.filter(workspace=workspace, fingerprint__any=fingerprints)
    return dict(prompts.order_by("-pk").values_list("fingerprint", "group_id"))


def merge(one: PromptGroup, other: PromptGroup) -> Merge | None:
    """Let the later group join the earlier; return None when they are one already.

    Where their splits differ the later one's prompts get the split `none`: moving them would put
    rows of a frozen test set into training.
    """
    return next(iter(merge_each([(one.pk, other.pk)])), None)


def merge_each(pairs: Sequence[tuple[int, int]]) -> list[Merge]:
    """The same for many pairs of groups, by key, one after the other."""
    stored = _with_their_roots({key for pair in pairs for key in pair})
    members: dict[int, list[PromptGroup]] = defaultdict(list)
    for group in stored.values():
        members[group.merged_into_id or group.pk].append(group)
    merges, changed = [], set[int]()
    for one, other in pairs:
        first, second = (stored[stored[key].merged_into_id or key] for key in (one, other))
        if first.pk == second.pk:
            continue
        earlier, later = (first, second) if first.pk < second.pk else (second, first)
        was = Split(later.split) if later.split != earlier.split else None
        for group in members.pop(later.pk):
            group.merged_into = earlier
            if was:
                group.split = Split.NONE
            members[earlier.pk].append(group)
            changed.add(group.pk)
        merges.append(Merge(earlier.uid, later.uid, was))
        if was:
            announce("group.lost_its_split", later.uid, workspace=str(later.workspace.uid))
    PromptGroup.objects.bulk_update(
        [stored[key] for key in sorted(changed)], ["merged_into", "split"], batch_size=1000
    )
    return merges


def _with_their_roots(keys: set[int]) -> dict[int, PromptGroup]:
    """The groups, those that they were merged into, and all that were merged into those."""
    roots = {
        merged_into or key
        for key, merged_into in PromptGroup.objects.filter(pk__in=keys).values_list(
            "pk", "merged_into"
        )
    }
    asked = Q(pk__in=roots) | Q(merged_into__in=roots)
    groups = PromptGroup.objects.filter(asked).select_related("workspace").order_by("pk")
    return {group.pk: group for group in groups}


def root_of(group: PromptGroup) -> PromptGroup:
    return group.merged_into or group  # never more than one step: merge() keeps it so


def roots_of(keys: set[int]) -> dict[int, int]:
    """The same for many groups, by key."""
    rows = PromptGroup.objects.filter(pk__in=keys).values_list("pk", "merged_into")
    return {key: merged_into or key for key, merged_into in rows}
