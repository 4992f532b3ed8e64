"""A judgment as one nested object: what a line of the JSONL is, and what the columns are cut from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from evalhub.campaigns.models import Campaign
from evalhub.judgments.choices import IN_WORDS, Choice
from evalhub.reports.reading import HEADS, Page, Row, Shown
from evalhub.rubrics.models import Criterion

Record = dict[str, Any]  # of JSON, but for `judged_at`, which is a datetime
Letters = dict[int | None, str | None]  # by completion; None stands for the prompt


class Records:
    """Makes records of the judgments of one campaign."""

    def __init__(self, campaign: Campaign, criteria: Sequence[Criterion]) -> None:
        version = campaign.rubric_version
        self._of_campaign = {
            "campaign": str(campaign.uid),
            "type": campaign.type,
            "is_pilot": campaign.pilot_of_id is not None,
            "rubric": version.rubric.slug,
        }
        self._version = version.number
        others = campaign.judgments.exclude(rubric_version=None).values("rubric_version")
        wordings = Criterion.objects.filter(version__in=others)  # where two were tried
        self._slugs: dict[int | None, str | None] = {
            each.pk: each.slug for each in [*criteria, *wordings]
        }
        self._slugs[None] = None

    def of(self, page: Page) -> Iterator[Record]:
        for head in page.heads:
            key, task, permutation = head[:3]
            shown = page.placed.get(task, [])
            if permutation is not None:
                shown = [shown[place] for place in permutation]
            said = {name: rows.get(key, []) for name, rows in page.said.items()}
            yield self._record(head, shown, said)

    def _record(
        self, head: Row, shown: Sequence[Shown], said: Mapping[str, Sequence[Row]]
    ) -> Record:
        record = dict(zip(HEADS, head[3:], strict=True)) | self._of_campaign
        record["rubric_version"] = record["rubric_version"] or self._version
        letters: Letters = {None: None}
        responses: dict[int, Record] = {}
        for letter, each in zip(ascii_uppercase, shown, strict=False):
            letters[each.completion] = letter
            responses[each.completion] = {
                "response": letter,
                "completion": each.uid,
                "model": each.model,
                "ratings": {},
                "tier": None,
                "correction": None,
            }
        record["responses"] = list(responses.values())
        self._rate(record, responses, letters, said["ratings"])
        for _, completion, tier in said["ranking"]:
            responses[completion]["tier"] = tier
        for _, completion, content in said["corrections"]:
            responses[completion]["correction"] = content
        record["preferences"] = [self._preference(row, letters) for row in said["preferences"]]
        record["spans"] = [_span(row, letters) for row in said["spans"]]
        record["steps"] = [_step(row, letters) for row in said["steps"]]
        record["tool_calls"] = [_tool_call(row, letters) for row in said["tool_calls"]]
        record["flags"] = [{"kind": kind, "text": text} for _, kind, text in said["flags"]]
        return record

    def _rate(
        self, record: Record, responses: dict[int, Record], letters: Letters, rows: Sequence[Row]
    ) -> None:
        """Put each rating where it belongs: to its response, to the prompt, to an earlier turn."""
        record["ratings"], record["turn_ratings"] = {}, []
        for _, completion, criterion, turn, value, reason, comment in rows:
            slug, rating = self._slugs[criterion], _rating(value, reason, comment)
            if turn is not None:
                about = {"response": letters[completion], "turn": turn, "criterion": slug}
                record["turn_ratings"].append(about | rating)
            elif completion is None:
                record["ratings"][slug] = rating
            else:
                responses[completion]["ratings"][slug] = rating

    def _preference(self, row: Row, letters: Letters) -> Record:
        """In terms of what was shown: the margin is above 0 towards response A."""
        _, criterion, first, second, margin, both_bad, comment = row
        choice = letters[first if margin > 0 else second]
        if margin == 0:
            choice = Choice.BOTH_BAD.value if both_bad else Choice.TIE.value
        towards_a = margin if letters[first] == "A" else -margin
        told = {"criterion": self._slugs[criterion], "choice": choice, "margin": towards_a}
        return told | {"comment": comment}


def _rating(value: int | None, reason: str, comment: str) -> Record:
    if reason == IN_WORDS:
        return {"value": comment, "cannot_tell": None, "comment": ""}
    return {"value": value, "cannot_tell": reason or None, "comment": comment}


def _span(row: Row, letters: Letters) -> Record:
    _, completion, start, end, error_type, severity, evidence, document, since, until, note = row
    passage = None if document is None else {"document": document, "start": since, "end": until}
    return {
        "response": letters[completion],
        "start": start,
        "end": end,
        "error_type": error_type,
        "severity": severity,
        "evidence": evidence,
        "passage": passage,
        "note": note,
    }


def _step(row: Row, letters: Letters) -> Record:
    _, completion, step, start, end, verdict = row
    place = {"response": letters[completion], "step": step, "start": start, "end": end}
    return place | {"verdict": verdict}


def _tool_call(row: Row, letters: Letters) -> Record:
    _, completion, call, right_tool, right_arguments = row
    judged = {"right_tool": right_tool, "right_arguments": right_arguments}
    return {"response": letters[completion], "call": call} | judged
