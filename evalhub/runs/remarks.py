"""What people say of a run: tags that all share, and of each member a note of their own."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F, Func

from evalhub.accounts.models import Member, Workspace
from evalhub.audit.services import record
from evalhub.runs.errors import BadTags
from evalhub.runs.models import Run, RunNote

MOST_TAGS = 20
LONGEST_TAG = 50


@transaction.atomic
def tag_run(*, run: Run, tags: Iterable[str], by: Member) -> Run:
    """Give a run these tags and no others.

    Raises:
        BadTags: too many, or one that is too long or holds a comma.
    """
    wanted = tidy(tags)
    run = Run.objects.select_for_update(of=("self",)).select_related("workspace").get(pk=run.pk)
    before = run.tags
    if wanted != before:
        run.tags = wanted
        run.save(update_fields=["tags"])
        _record("run.tagged", run, by, before=before, after=wanted)
    return run


@transaction.atomic
def keep_note(*, run: Run, text: str, by: Member) -> RunNote | None:
    """Write or change the note of `by`; without words it is taken away. The log holds none of them."""
    mine = RunNote.objects.filter(run=run, member=by)
    if not text.strip():
        if mine.delete()[0]:
            _record("run.note_removed", run, by)
        return None
    note, _made = RunNote.objects.update_or_create(run=run, member=by, defaults={"text": text.strip()})  # fmt: skip
    _record("run.noted", run, by)
    return note


def tidy(tags: Iterable[str]) -> list[str]:
    """Each once, without blanks around it, in order."""
    found = sorted({each.strip() for each in tags} - {""})
    if len(found) > MOST_TAGS:
        raise BadTags(f"A run takes {MOST_TAGS} tags at most; these are {len(found)}.")
    for tag in found:
        if len(tag) > LONGEST_TAG or "," in tag:
            raise BadTags(f"A tag has {LONGEST_TAG} characters at most and no comma: “{tag[:60]}”.")
    return found


def tags_of(workspace: Workspace) -> list[str]:
    """Every tag that some run of the workspace has."""
    tagged = Run.objects.filter(workspace=workspace).exclude(tags=[]).order_by()
    each = tagged.annotate(tag=Func(F("tags"), function="unnest"))
    return sorted(each.values_list("tag", flat=True).distinct())


def _record(verb: str, run: Run, by: Member, **details: object) -> None:
    record(
        verb,
        actor=by.pseudonym,
        workspace=run.workspace.slug,
        target=f"run {run.uid}",
        **details,
    )
