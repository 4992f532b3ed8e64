"""A person's names where others' words hold them: the audit log, reports, notifications, letters."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

from django.db import models
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member
from evalhub.accounts.services import erased_name
from evalhub.audit.models import Entry
from evalhub.common.erased import TOMBSTONE
from evalhub.common.files import Beat, file_store
from evalhub.imports.models import Import, ImportKind, RejectedRow
from evalhub.jobs.models import Job
from evalhub.judgments.models import Judgment
from evalhub.lineage.words import NAMED, with_texts, without_words
from evalhub.links.models import Participant
from evalhub.mail.models import Letter
from evalhub.notifications.models import Notification
from evalhub.quality.models import Withdrawal
from evalhub.registry.models import ModelMark
from evalhub.reports.models import Report

IMPORTED = " (imported)"  # how a member is called who was named in a file
NO_NAMES = {*Role.values, "system"}


def names_of(member: Member) -> set[str]:
    """Every name by which something of ours knows them; none that is a word of our own."""
    found = {member.pseudonym, member.pseudonym.removesuffix(IMPORTED)}
    if member.user is not None and member.user.members.count() == 1:
        user = member.user
        found |= {user.username, user.email, user.first_name, user.last_name, user.get_full_name()}
    return {name for name in found if name.strip() and name not in NO_NAMES}


def renamer(member: Member) -> Callable[[str], str]:
    """Puts their new name for each old one that stands as a word of its own."""
    names = sorted(names_of(member), key=len, reverse=True)
    pattern = "|".join(re.escape(name) for name in names) or r"(?!)"
    found = re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)
    return lambda text: found.sub(erased_name(member), text)


def rename_everywhere(member: Member, beat: Beat) -> None:
    """Safe to run twice, as long as the member still has the old names."""
    rename = renamer(member)
    _in_the_audit_log(member, rename, beat)
    slug, workspace = member.workspace.slug, member.workspace_id
    for rows, columns in (
        (Report.objects.filter(campaign__workspace=workspace), ["body"]),
        (Notification.objects.filter(member__workspace=workspace), ["sentence"]),
        (Job.objects.filter(workspace=workspace), ["title", "payload", "result", "error", "trace"]),
        (Letter.objects.filter(workspace=slug), ["subject", "text", "error"]),
    ):
        for row in _naming(rows, columns, member).order_by("pk").iterator(chunk_size=200):
            beat()
            for column in columns:
                setattr(row, column, with_texts(getattr(row, column), rename))
            row.save(update_fields=columns)
    if member.user is not None and member.user.email:
        Letter.objects.filter(to__iexact=member.user.email, workspace__in=["", slug]).delete()


def _naming(rows: models.QuerySet[Any], columns: list[str], member: Member) -> models.QuerySet[Any]:
    """Those in which some name stands, as the database sees it."""
    as_text = {f"{column}_text": Cast(column, TextField()) for column in columns}
    hits = [Q((f"{text}__icontains", name)) for text in as_text for name in names_of(member)]
    found: models.QuerySet[Any] = rows.annotate(**as_text).filter(reduce(or_, hits, Q(pk=None)))
    return found


def _in_the_audit_log(member: Member, rename: Callable[[str], str], beat: Beat) -> None:
    """Who did what when stays; what they typed, and what was typed about them, goes."""
    names = {name.lower() for name in names_of(member)}
    about = f"member {member.uid}"
    entries = Entry.objects.filter(workspace__in=["", member.workspace.slug])
    theirs = entries.filter(Q(actor__in=names_of(member)) | Q(target=about))
    naming = _naming(entries, ["actor", "details"], member)
    keys = theirs.values_list("pk").union(naming.values_list("pk"))
    for entry in Entry.objects.filter(pk__in=[pk for (pk,) in keys]).order_by("pk"):
        beat()
        if entry.actor.lower() in names or entry.target == about:
            entry.details = without_words(entry.details, NAMED)
        entry.actor = rename(entry.actor)
        entry.details = with_texts(entry.details, rename)
        entry.save(update_fields=["actor", "details"])


def clear_the_rest(member: Member, beat: Beat) -> None:
    """What knows them from outside: a platform's ids, the file that named them, reasons on models."""
    known = {"external_id": f"{TOMBSTONE} {member.uid}", "study_id": "", "session_id": ""}
    Participant.objects.filter(member=member).update(**known)
    decisions = Withdrawal.objects.filter(
        Q(member=member) | Q(withdrawn_by=member) | Q(judgment__member=member)
    )
    ModelMark.objects.filter(cause_uid__in=decisions.values("uid")).update(reason=TOMBSTONE)
    Job.objects.filter(created_by=member, run__recipe="generate").update(title=TOMBSTONE)
    files = Judgment.objects.filter(member=member).exclude(collection=None).order_by()
    sources = Import.objects.filter(
        kind=ImportKind.JUDGMENTS, collection__in=files.values("collection").distinct()
    )
    for source in sources:
        beat()
        file_store().erase(source.file_key)
    RejectedRow.objects.filter(source__in=sources).update(reason=TOMBSTONE, excerpt="")
