"""Copies of a person's words in files: builds, what runs made of them, and what is on a worker's disk."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.models import Member
from evalhub.common.erased import TOMBSTONE
from evalhub.common.files import Beat, file_store
from evalhub.datasets.behind import LINEAGE, TEST_PROMPTS, keys_of, lines_behind
from evalhub.datasets.cleaning.store import forget
from evalhub.datasets.export.jobs import sweep_build_exports
from evalhub.datasets.models import BuildExport, BuildPush, DatasetBuild, SpellingProposal
from evalhub.datasets.queries import lines_of
from evalhub.datasets.services import erase_files
from evalhub.evaluation.models import Comparison
from evalhub.jobs.choices import ENDED
from evalhub.jobs.services import cancel_job
from evalhub.judgments.models import Correction, Demonstration, Judgment, Preference, Rating, Span
from evalhub.lineage.words import texts_in, with_texts
from evalhub.prompts.models import Completion
from evalhub.runs.folder import run_dir
from evalhub.runs.inputs import read_rows
from evalhub.runs.models import Run

_WORD = re.compile(r"[^\W\d_]+")
LONG = 20  # characters from which a text is looked for inside another one, not only as a whole
ANYTHING = None  # what a changed row may say


@dataclass
class Words:
    """Texts by the uid of what leads to rows: a judgment, or the prompt of a completion."""

    by_judgment: dict[UUID, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_prompt: dict[UUID, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def all(self) -> set[str]:
        found = (*self.by_judgment.values(), *self.by_prompt.values())
        return {text for texts in found for text in texts}


def words_of(member: Member) -> Words:
    """What a member wrote that may stand in a row; still there to be looked for."""
    found = Words()
    theirs = Q(judgment__member=member) | Q(judgment__assignment__member=member)
    said = Q(member=member) | Q(assignment__member=member)
    with transaction.atomic():  # server-side cursors live in a transaction
        for uid, text in _rows(Judgment.objects.filter(said).values_list("uid", "critique")):
            found.by_judgment[uid].add(text)
        for model, name in (
            (Correction, "content"),
            (Demonstration, "content"),
            (Rating, "comment"),
            (Preference, "comment"),
            (Span, "note"),
        ):
            rows = model.objects.filter(theirs).values_list("judgment__uid", name)
            for uid, text in _rows(rows):
                found.by_judgment[uid].add(text)
        written = Completion.objects.filter(written_by=member)
        for uid, text in _rows(written.values_list("prompt__uid", "content")):
            found.by_prompt[uid].add(text)
    return found


def _rows(rows: Any) -> Iterator[tuple[UUID, str]]:  # a query set of pairs
    for uid, text in rows.iterator(chunk_size=2000):
        if text and text != TOMBSTONE:
            yield uid, text


def is_said(row: Any, texts: Iterable[str]) -> bool:  # JSON
    """Whether one of `texts` stands in a row: as a whole, or inside when it is long enough to tell."""
    leaves = texts_in(row)
    return any(
        text in leaves or (len(text) >= LONG and any(text in leaf for leaf in leaves))
        for text in texts
    )


def files_with(build: DatasetBuild, words: Words, beat: Beat) -> list[str]:
    """The names of the files of a build in which some of `words` stand, or may: a row that was cleaned or
    augmented need not say them as they were written.
    """
    lines: dict[str, set[int]] = defaultdict(set)
    for kind, by_uid in (("judgments", words.by_judgment), ("prompts", words.by_prompt)):
        if by_uid:
            for name, places in lines_behind(build, kind, keys_of(by_uid)).items():  # type: ignore[arg-type]  # one of the two
                lines[name] |= places
    lines.pop(TEST_PROMPTS, None)  # prompts and references, which no member writes
    wanted = {place for places in lines.values() for place in places}
    texts: dict[str, set[str] | None] = {}
    for nth, line in enumerate(lines_of(build, LINEAGE) if wanted else ()):
        beat()
        if nth in wanted:
            by_hand = [words.by_judgment.get(UUID(uid), set()) for uid in line["judgments"]]
            said = set().union(*by_hand, words.by_prompt.get(UUID(line["prompt"]), set()))
            is_changed = bool(said) and ("cleaning" in line or "augmented" in line)
            texts[line["id"]] = ANYTHING if is_changed else said
    return [name for name in lines if name in build.files and _holds(build, name, texts, beat)]


def _holds(build: DatasetBuild, name: str, texts: dict[str, set[str] | None], beat: Beat) -> bool:
    for row in lines_of(build, name):
        beat()
        if row["id"] in texts:
            said = texts[row["id"]]
            if said is ANYTHING or is_said(row, said):
                return True
    return False


def clear_builds(member: Member, words: Words, beat: Beat) -> list[DatasetBuild]:
    """Delete each file of a build that holds `words`; safe to run twice."""
    mine = DatasetBuild.objects.filter(workspace=member.workspace_id).exclude(digest="")
    for build in mine.select_related("workspace", "job").order_by("pk"):
        erase_files(build=build, names=files_with(build, words, beat))
    erased = list(mine.exclude(erased_at=None).order_by("pk"))
    for build in erased:
        for stored in build.erased_files.values():
            beat()
            file_store().erase(stored["key"])
    return erased


def clear_exports(builds: list[DatasetBuild]) -> int:
    """Delete the files that were made of those builds for people to take; return how many."""
    exports = BuildExport.objects.filter(build__in=builds)
    for export in exports.exclude(job__state__in=ENDED).select_related("job"):
        cancel_job(job=export.job, by=None)
    made = exports.exclude(file_key="").update(expires_at=timezone.now())
    sweep_build_exports()
    return made


def pushed(builds: list[DatasetBuild]) -> list[dict[str, str]]:
    """Where copies lie that only whoever runs that place can delete."""
    pushes = BuildPush.objects.filter(build__in=builds).exclude(outcome={}).order_by("pk")
    return [{"build": str(each.build.uid), "target": each.target} for each in pushes]


def clear_cleaning(member: Member, words: Words) -> None:
    """What cleaning keeps of the texts, and the words of theirs that no dictionary knew."""
    forget(member.workspace, words.all)
    used = {word.casefold() for text in words.all for word in _WORD.findall(text)}
    proposed = SpellingProposal.objects.filter(dataset__workspace=member.workspace)
    gone = [key for key, word in proposed.values_list("pk", "word") if word.casefold() in used]
    proposed.filter(pk__in=gone).delete()


def clear_runs(builds: list[DatasetBuild], words: Words, beat: Beat) -> list[dict[str, str]]:
    """Delete what runs on those builds hold of `words`; name each run's folder, which may lie elsewhere."""
    gone = {stored["sha256"] for build in builds for stored in build.erased_files.values()}
    found = []
    for run in Run.objects.filter(builds__in=builds).distinct().order_by("pk"):
        beat()
        inputs = run.spec.get("inputs", {})
        read = [name for name, file in inputs.items() if file["sha256"] in gone]
        if not read:
            continue
        for name in read:
            (run_dir(run) / "inputs" / f"{name}.jsonl").unlink(missing_ok=True)
        _clear_events(run)
        _clear_artifacts(run, words.all, beat)
        found.append({"run": str(run.uid), "folder": str(run_dir(run))})
    return found


def _clear_events(run: Run) -> None:
    """Rows as the model read them and what it answered, here and on this disk; figures stay."""
    run.events.filter(kind__in=("preview", "sample")).delete()
    for path in sorted(run_dir(run).glob("attempts/*/events.jsonl")):
        path.unlink()


def _clear_artifacts(run: Run, texts: set[str], beat: Beat) -> None:
    for path, stored in run.artifacts.items():
        beat()
        if not path.endswith(".jsonl") or not file_store().exists(stored["key"]):
            continue
        if any(is_said(row, texts) for row in read_rows(stored["key"])):
            file_store().erase(stored["key"])
            (run_dir(run) / "artifacts" / path).unlink(missing_ok=True)


def clear_comparisons(builds: list[DatasetBuild], words: Words) -> int:
    """Overwrite `words` where comparisons show answers side by side."""
    texts, changed = words.all, 0
    on_them = Q(baseline__builds__in=builds) | Q(candidate__builds__in=builds)
    for comparison in Comparison.objects.filter(on_them).distinct().order_by("pk"):
        if is_said(comparison.examples, texts):
            comparison.examples = with_texts(
                comparison.examples, lambda text: TOMBSTONE if is_said(text, texts) else text
            )
            comparison.save(update_fields=["examples"])
            changed += 1
    return changed


def clear_shown(member: Member, words: Words, beat: Beat) -> int:
    """Delete what models were shown of `words` by runs without a build: answers to score, to judge or to measure,
    prompts for a server that is checked.

    Such a row holds a text among others, so one of fewer than LONG characters is found only as a whole.
    """
    texts, cleared = words.all, 0
    runs = Run.objects.filter(workspace=member.workspace_id, builds=None)
    for run in runs.filter(recipe__in=("generate", "score", "evaluate", "check_served")).order_by(
        "pk"
    ):
        for name, file in run.spec.get("inputs", {}).items():
            beat()
            if texts and file_store().exists(file["key"]) and _says(file["key"], texts, beat):
                file_store().erase(file["key"])
                (run_dir(run) / "inputs" / f"{name}.jsonl").unlink(missing_ok=True)
                _clear_events(run)
                _clear_artifacts(run, texts, beat)
                cleared += 1
    return cleared


def _says(key: str, texts: set[str], beat: Beat) -> bool:
    for row in read_rows(key):
        beat()
        if is_said(row, texts):
            return True
    return False


def clear_typed(member: Member, beat: Beat) -> int:
    """Delete what a member typed to try models, and what these said to it."""
    runs = Run.objects.filter(created_by=member, recipe="generate", builds=None)
    for run in runs.order_by("pk"):
        beat()
        for stored in (*run.spec.get("inputs", {}).values(), *run.artifacts.values()):
            file_store().erase(stored["key"])
        _clear_events(run)
        for path in sorted(run_dir(run).glob("*/**/*.jsonl")):
            path.unlink()
    return runs.count()
