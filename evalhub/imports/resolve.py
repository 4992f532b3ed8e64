"""From the names in a judgment's row to the rows of the database that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from evalhub.accounts.models import Member
from evalhub.accounts.services import imported_member
from evalhub.common.canonical import digest_of
from evalhub.formats.rows import JudgmentRow, Rejected, SpanRow, excerpt_of, plain
from evalhub.imports.models import Import
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.imported import (
    ImportedJudgment,
    ImportedPreference,
    ImportedRating,
    ImportedSpan,
)
from evalhub.prompts.models import Completion, Prompt
from evalhub.rubrics.models import Criterion, RubricVersion, ScaleKind
from evalhub.rubrics.services import default_rubric

UNKNOWN = "unknown"  # the annotator whom the file does not name


class Questions(NamedTuple):
    """A rubric version and its criteria by slug."""

    version: RubricVersion
    criteria: dict[str, Criterion]


class _Wrong(Exception):
    """A field of the row that names nothing here, and the remedy."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class Resolver:
    """Resolves batch by batch; rubrics and annotators are looked up once."""

    def __init__(self, source: Import) -> None:
        self._source = source
        self._members: dict[str, Member] = {}
        self._rubrics: dict[str, Questions | None] = {}
        self._prompts: dict[str, Prompt] = {}
        self._answers: dict[tuple[int, str], Completion] = {}

    def resolve(self, rows: Sequence[JudgmentRow]) -> list[ImportedJudgment | Rejected | None]:
        """One answer per row; None stands for a judgment that is there already, unchanged."""
        self._look_up(rows)
        known: dict[str, str] = dict(
            Judgment.objects.filter(
                collection=self._source.collection, external_id__in=[row.id for row in rows]
            ).values_list("external_id", "body_digest")
        )
        answers: list[ImportedJudgment | Rejected | None] = []
        for row in rows:
            digest = body_digest(row)
            if row.id not in known:
                known[row.id] = digest
                answers.append(self._one(row, digest))
            elif known[row.id] == digest:
                answers.append(None)
            else:
                reason = (
                    f"The id {row.id!r} is in this collection already with other content. "
                    "A judgment never changes: give the new one a new id."
                )
                answers.append(_refused(row, "id", reason))
        return answers

    def version_of(self, row: JudgmentRow) -> RubricVersion:
        """The rubric version of a row that was resolved."""
        return self._questions(row).version

    def _look_up(self, rows: Sequence[JudgmentRow]) -> None:
        prompts = Prompt.objects.filter(
            collection=self._source.collection, external_id__in={row.prompt for row in rows}
        )
        self._prompts = {prompt.external_id: prompt for prompt in prompts}
        completions = Completion.objects.filter(
            prompt__in=self._prompts.values(),
            external_id__in={each for row in rows for each in row.responses},
            generation__run_uid=None,
        )
        self._answers = {(each.prompt_id, each.external_id): each for each in completions}

    def _one(self, row: JudgmentRow, digest: str) -> ImportedJudgment | Rejected:
        try:
            self._questions(row)
            prompt = self._prompt(row)
            completions = self._completions(row, prompt)
            spans, relocated = self._spans(row, completions)
            return ImportedJudgment(
                external_id=row.id,
                collection=self._source.collection,
                prompt=prompt,
                completions=completions,
                member=self._member(row.annotator or UNKNOWN),
                judged_at=row.at or self._source.created_at,
                source=Source(row.source),
                ratings=self._ratings(row),
                preferences=self._preferences(row),
                ranking=tuple(
                    tuple(row.responses.index(each) for each in tier) for tier in row.ranking
                ),
                spans=spans,
                relocated=relocated,
                critique=row.critique,
                body_digest=digest,
            )
        except _Wrong as wrong:
            return _refused(row, wrong.field, str(wrong))

    def _prompt(self, row: JudgmentRow) -> Prompt:
        try:
            return self._prompts[row.prompt]
        except KeyError:
            collection = self._source.collection.slug
            raise _Wrong(
                "prompt",
                f"The collection “{collection}” has no prompt {row.prompt!r}. Import prompts first.",
            ) from None

    def _completions(self, row: JudgmentRow, prompt: Prompt) -> tuple[Completion, ...]:
        for place, name in enumerate(row.responses):
            if (prompt.pk, name) not in self._answers:
                raise _Wrong(
                    f"responses[{place}]",
                    f"The prompt {row.prompt!r} has no completion {name!r}. "
                    "Import its completions first.",
                )
        return tuple(self._answers[prompt.pk, name] for name in row.responses)

    def _member(self, name: str) -> Member:
        if name not in self._members:
            self._members[name] = imported_member(workspace=self._source.workspace, name=name)
        return self._members[name]

    def _ratings(self, row: JudgmentRow) -> tuple[ImportedRating, ...]:
        found = []
        for place, each in enumerate(row.ratings):
            criterion = self._criterion(row, each.criterion, f"ratings[{place}].criterion")
            if criterion.kind == ScaleKind.TEXT:
                raise _Wrong(
                    f"ratings[{place}].criterion",
                    f"{criterion.name} is answered in words, which a file of judgments does not "
                    "carry; leave it out.",
                )
            if each.value is not None and each.value not in criterion.points:
                scale = f"{criterion.low} to {criterion.high}"
                raise _Wrong(
                    f"ratings[{place}].value",
                    f"{criterion.name} takes {scale}, not {each.value}; null for “cannot tell”.",
                )
            reason = "" if each.value is not None else each.reason or "not_given"
            found.append(
                ImportedRating(
                    place=row.responses.index(each.response),
                    criterion=criterion,
                    value=each.value,
                    reason=reason,
                )
            )
        return tuple(found)

    def _preferences(self, row: JudgmentRow) -> tuple[ImportedPreference, ...]:
        found = []
        for place, each in enumerate(row.preferences):
            margin = 0
            if each.choice in row.responses:
                margin = each.strength if each.choice == row.responses[0] else -each.strength
            field = f"preferences[{place}].criterion"
            found.append(
                ImportedPreference(
                    criterion=self._criterion(row, each.criterion, field)
                    if each.criterion
                    else None,
                    margin=margin,
                    both_bad=each.choice == "both_bad",
                )
            )
        return tuple(found)

    def _spans(
        self, row: JudgmentRow, completions: Sequence[Completion]
    ) -> tuple[tuple[ImportedSpan, ...], int]:
        """The marked passages, and how many had to be put where their text stands."""
        found: dict[tuple[int, int, int, str], ImportedSpan] = {}
        relocated = 0
        for nth, each in enumerate(row.spans):
            field = f"spans[{nth}]"
            version = self._questions(row).version
            _known(each.error_type, version.error_types, f"{field}.error_type")
            _known(each.severity, version.severities, f"{field}.severity")
            place = row.responses.index(each.response)
            start, end = _passage(each, completions[place].content, field)
            relocated += (start, end) != (each.start, each.end)
            found[place, start, end, each.error_type] = ImportedSpan(
                place=place,
                start=start,
                end=end,
                error_type=each.error_type,
                severity=each.severity,
                note=each.note,
            )
        return tuple(found.values()), relocated

    def _criterion(self, row: JudgmentRow, slug: str, field: str) -> Criterion:
        criteria = self._questions(row).criteria
        if slug not in criteria:
            raise _Wrong(
                field,
                f"The rubric “{row.rubric}” has no criterion {slug!r}; it has "
                f"{', '.join(sorted(criteria))}.",
            )
        return criteria[slug]

    def _questions(self, row: JudgmentRow) -> Questions:
        if row.rubric not in self._rubrics:
            self._rubrics[row.rubric] = self._find_rubric(row.rubric)
        found = self._rubrics[row.rubric]
        if found is None:
            raise _Wrong(
                "rubric",
                f"This workspace has no published rubric “{row.rubric}”. Publish one under that "
                "name first, or name another.",
            )
        return found

    def _find_rubric(self, slug: str) -> Questions | None:
        version = (
            RubricVersion.objects.filter(
                rubric__workspace=self._source.workspace,
                rubric__slug=slug,
                published_at__isnull=False,
            )
            .order_by("-number")
            .first()
        )
        if version is None and slug == "default":
            version = default_rubric(workspace=self._source.workspace, by=self._source.created_by)
        if version is None:
            return None
        return Questions(version, {each.slug: each for each in version.criteria.all()})


def body_digest(row: JudgmentRow) -> str:
    """Over what the row says, not where it stands."""
    body = plain(row)
    if not row.spans:  # as before there were any: a file that was read then is read again
        del body["spans"]
    return digest_of({name: body[name] for name in body if name not in ("line", "ignored")})


def _passage(span: SpanRow, content: str, field: str) -> tuple[int, int]:
    """Where the span stands: as it says, or where its text stands, if that is one place only."""
    if span.text is None:
        if not span.start < span.end <= len(content):
            told = (
                f"{span.start} to {span.end} is no passage of a text of {len(content)} characters."
            )
            raise _Wrong(f"{field}.end", told)
        return span.start, span.end
    if content[span.start : span.end] == span.text:
        return span.start, span.end
    first = content.find(span.text)
    if first == -1:
        told = f"“{excerpt_of(span.text)}” does not stand in the response."
        raise _Wrong(f"{field}.text", told)
    if content.find(span.text, first + 1) != -1:
        told = (
            f"“{excerpt_of(span.text)}” does not stand at {span.start} to {span.end}, and in more than "
            "one other place: correct the offsets."
        )
        raise _Wrong(f"{field}.start", told)
    return first, first + len(span.text)


def _known(slug: str, named: Sequence[dict[str, str]], field: str) -> None:
    slugs = [each["slug"] for each in named]
    if slug and slug not in slugs:
        told = f"The rubric has no “{slug}”; it has {', '.join(slugs) or 'none'}."
        raise _Wrong(field, told)


def _refused(row: JudgmentRow, field: str, reason: str) -> Rejected:
    return Rejected(row.line, field, reason, f"{row.id} on {row.prompt}"[:160])
