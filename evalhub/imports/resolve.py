"""From the names in a judgment's row to the rows of the database that they name."""

from __future__ import annotations

from collections.abc import Sequence

from evalhub.accounts.models import Member
from evalhub.accounts.services import imported_member
from evalhub.common.canonical import digest_of
from evalhub.formats.rows import JudgmentRow, Rejected, plain
from evalhub.imports.answers import (
    Questions,
    WrongField,
    corrections_of,
    preferences_of,
    ratings_of,
    spans_of,
)
from evalhub.imports.models import Import
from evalhub.judgments.choices import Source
from evalhub.judgments.models import Judgment
from evalhub.judgments.services.imported import ImportedJudgment
from evalhub.prompts.models import Completion, Prompt
from evalhub.rubrics.models import RubricVersion
from evalhub.rubrics.services import default_rubric

UNKNOWN = "unknown"  # the annotator whom the file does not name


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
                collection=self._source.collection, external_id__any=[row.id for row in rows]
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
            collection=self._source.collection, external_id__any={row.prompt for row in rows}
        )
        self._prompts = {prompt.external_id: prompt for prompt in prompts}
        completions = Completion.objects.filter(
            prompt__in=self._prompts.values(),
            external_id__any={each for row in rows for each in row.responses},
            generation__run_uid=None,
        )
        self._answers = {(each.prompt_id, each.external_id): each for each in completions}

    def _one(self, row: JudgmentRow, digest: str) -> ImportedJudgment | Rejected:
        try:
            questions = self._questions(row)
            prompt = self._prompt(row)
            completions = self._completions(row, prompt)
            asked = str(prompt.messages[-1].get("content", ""))
            texts = [each.content for each in completions]
            spans, relocated = spans_of(row, questions, asked, texts)
            return ImportedJudgment(
                external_id=row.id,
                collection=self._source.collection,
                prompt=prompt,
                completions=completions,
                member=self._member(row.annotator or UNKNOWN),
                judged_at=row.at or self._source.created_at,
                source=Source(row.source),
                ratings=ratings_of(row, questions),
                preferences=preferences_of(row, questions),
                ranking=tuple(
                    tuple(row.responses.index(each) for each in tier) for tier in row.ranking
                ),
                spans=spans,
                relocated=relocated,
                corrections=corrections_of(row),
                demonstration=row.demonstration,
                critique=row.critique,
                body_digest=digest,
            )
        except WrongField as wrong:
            return _refused(row, wrong.field, str(wrong))

    def _prompt(self, row: JudgmentRow) -> Prompt:
        try:
            return self._prompts[row.prompt]
        except KeyError:
            collection = self._source.collection.slug
            raise WrongField(
                "prompt",
                f"The collection “{collection}” has no prompt {row.prompt!r}. Import prompts first.",
            ) from None

    def _completions(self, row: JudgmentRow, prompt: Prompt) -> tuple[Completion, ...]:
        for place, name in enumerate(row.responses):
            if (prompt.pk, name) not in self._answers:
                raise WrongField(
                    f"responses[{place}]",
                    f"The prompt {row.prompt!r} has no completion {name!r}. "
                    "Import its completions first.",
                )
        return tuple(self._answers[prompt.pk, name] for name in row.responses)

    def _member(self, name: str) -> Member:
        if name not in self._members:
            self._members[name] = imported_member(workspace=self._source.workspace, name=name)
        return self._members[name]

    def _questions(self, row: JudgmentRow) -> Questions:
        if row.rubric not in self._rubrics:
            self._rubrics[row.rubric] = self._find_rubric(row.rubric)
        found = self._rubrics[row.rubric]
        if found is None:
            raise WrongField(
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
            .select_related("rubric")
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
    for name in ("spans", "corrections", "demonstration"):
        if not body[name]:  # as before there were any: a file that was read then is read again
            del body[name]
    for each in body["ratings"]:
        if each["label"] is None:
            del each["label"]
    return digest_of({name: body[name] for name in body if name not in ("line", "ignored")})


def _refused(row: JudgmentRow, field: str, reason: str) -> Rejected:
    return Rejected(row.line, field, reason, f"{row.id} on {row.prompt}"[:160])
