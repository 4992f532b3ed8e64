"""Which questions the judgments of a file answer, and the rubric that asks them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from evalhub.formats.mapping import Mapping
from evalhub.formats.rows import JudgmentRow
from evalhub.formats.said import slug_of
from evalhub.imports.errors import UnreadableFile
from evalhub.imports.models import Import
from evalhub.rubrics.models import RubricVersion, ScaleKind
from evalhub.rubrics.services import AnsweredQuestion, rubric_for_answers

MOST_QUESTIONS, MOST_LABELS, MOST_POINTS = 100, 100, 20


@dataclass
class _Answers:
    values: set[int] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)


class AskedQuestions:
    """Collects them over the whole file, by the rubric that its rows name."""

    def __init__(self) -> None:
        self._asked: dict[str, dict[str, _Answers]] = defaultdict(lambda: defaultdict(_Answers))
        self._marked: dict[str, set[str]] = defaultdict(set)

    def see(self, row: JudgmentRow) -> None:
        """Note the questions of a row.

        Raises:
            UnreadableFile: there are too many, or what was taken for labels are texts.
        """
        asked = self._asked[row.rubric]
        for each in row.ratings:
            answers = asked[each.criterion]
            if each.value is not None:
                answers.values.add(each.value)
            if each.label is not None:
                answers.labels.add(each.label.strip())
            if len(answers.labels) > MOST_LABELS:
                raise UnreadableFile(
                    f"{each.criterion} has more than {MOST_LABELS} different answers in words; "
                    "these are no labels. Leave it out, or import it as something else."
                )
        for preference in row.preferences:
            if preference.criterion:
                asked[preference.criterion].values.update((1, 5))
        self._marked[row.rubric].update(each.error_type for each in row.spans)
        if len(asked) > MOST_QUESTIONS or len(self._marked[row.rubric]) > MOST_QUESTIONS:
            raise UnreadableFile(f"The file asks more than {MOST_QUESTIONS} questions.")

    def found(self) -> dict[str, Any]:
        """As JSON: {rubric: {"questions": [{"slug", "kind", "low", "high", "labels"}], "marks"}}."""
        return {
            rubric: {
                "questions": [_question(slug, asked[slug]) for slug in sorted(asked)],
                "marks": sorted(self._marked[rubric]),
            }
            for rubric, asked in sorted(self._asked.items())
            if asked or self._marked[rubric]
        }


def ensure_rubrics(source: Import, found: dict[str, Any], mapping: Mapping | None) -> list[str]:
    """Make and publish the rubrics that the workspace lacks; return their slugs.

    One that is there is never changed: what does not fit it is refused row by row.
    """
    made = []
    for slug, asked in found.items():
        known = RubricVersion.objects.filter(
            rubric__workspace=source.workspace, rubric__slug=slug, published_at__isnull=False
        )
        if slug == "default" or known.exists():
            continue
        questions = [AnsweredQuestion(**_scaled(each, mapping)) for each in asked["questions"]]
        rubric_for_answers(
            workspace=source.workspace,
            slug=slug,
            name=f"Answers of {source.filename}"[:100],
            questions=questions,
            marks=asked["marks"],
            by=source.created_by,
        )
        made.append(slug)
    return made


def unasked_in(source: Import, found: dict[str, Any]) -> list[dict[str, Any]]:
    """Of rubrics that are there, the questions they do not ask, as {"rubric", "lacks", "has"}: judgments that
    answer one will be rejected.
    """
    told = []
    for slug, asked in found.items():
        newest = (
            RubricVersion.objects.filter(
                rubric__workspace=source.workspace, rubric__slug=slug, published_at__isnull=False
            )
            .order_by("-number")
            .first()
        )
        if newest is None:
            continue
        has = sorted(newest.criteria.values_list("slug", flat=True))
        lacks = [each["slug"] for each in asked["questions"] if each["slug"] not in has]
        if lacks:
            told.append({"rubric": slug, "lacks": lacks, "has": has})
    return told


def _question(slug: str, answers: _Answers) -> dict[str, Any]:
    labels = sorted(answers.labels, key=str.casefold)
    low, high = min(answers.values, default=0), max(answers.values, default=1)
    kind = ScaleKind.SCALE
    if {each.casefold() for each in labels} <= {"yes", "no"} and 0 <= low <= high <= 1:
        kind, low, high = ScaleKind.YES_NO, 0, 1
    elif labels:
        labels = list({each.casefold(): each for each in labels}.values())
        kind, low, high = ScaleKind.CHOICE, 1, max(len(labels), 2)
    else:
        low, high = min(low, 1), max(high, 2)
        if high - low >= MOST_POINTS:
            kind = ScaleKind.NUMBER
    return {"slug": slug, "kind": kind.value, "low": low, "high": high, "labels": labels}


def _scaled(question: dict[str, Any], mapping: Mapping | None) -> dict[str, Any]:
    """A scale that somebody told takes the place of the one that the answers show."""
    for name, use in (mapping.columns if mapping else {}).items():
        if use.part == "rating" and slug_of(use.name or name) == question["slug"]:
            low = question["low"] if use.low is None else use.low
            high = question["high"] if use.high is None else use.high
            told = use.low is not None or use.high is not None
            if told and low < high and not question["labels"]:
                kind = ScaleKind.SCALE if high - low < MOST_POINTS else ScaleKind.NUMBER
                return question | {"low": low, "high": high, "kind": kind.value}
    return question
