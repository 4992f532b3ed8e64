"""From a row back to what people said: who, when, under which rubric, and in which order shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from evalhub.accounts.models import Workspace
from evalhub.judgments.models import Judgment
from evalhub.judgments.told import answers_of
from evalhub.prompts.models import Completion, Prompt

MOST = 50  # judgments told of one row


@dataclass(frozen=True)
class Shown:
    label: str  # "A" stood first
    completion: Completion
    model: str
    text: str  # its part in the row: chosen, rejected, or none


@dataclass(frozen=True)
class Told:
    """One judgment behind a row."""

    judgment: Judgment
    version: str  # of the rubric
    said: list[str]
    texts: list[tuple[str, str]]  # what they wrote themselves: corrections, an answer
    shown: list[Shown]


@dataclass(frozen=True)
class Lineage:
    prompt: Prompt | None
    completions: list[tuple[str, Completion | None]]  # by part; None: a person wrote it
    told: list[Told]
    count: int  # of judgments; `told` has MOST at most


def lineage_of(workspace: Workspace, line: dict[str, Any]) -> Lineage:
    """What a line of lineage.jsonl names, as far as it is in the workspace."""
    prompts = Prompt.objects.filter(workspace=workspace).select_related("group", "collection")
    parts = _parts(workspace, line)
    by_uid = {each.uid: name for name, each in parts if each is not None}
    judgments = _judgments(workspace, line["judgments"][:MOST])
    return Lineage(
        prompt=prompts.filter(uid=line["prompt"]).first(),
        completions=parts,
        told=[_told(each, by_uid) for each in judgments],
        count=len(line["judgments"]),
    )


def _parts(workspace: Workspace, line: dict[str, Any]) -> list[tuple[str, Completion | None]]:
    uids = line["completions"]
    rows = Completion.objects.filter(workspace=workspace, uid__in=[uid for uid in uids if uid])
    found = {str(each.uid): each for each in rows.select_related("generation__model")}
    names = ("completion",) if len(uids) == 1 else ("chosen", "rejected")
    return [(name, found.get(uid)) for name, uid in zip(names, uids, strict=False)]


def _judgments(workspace: Workspace, uids: Sequence[str]) -> QuerySet[Judgment]:
    return (
        Judgment.objects.filter(workspace=workspace, uid__in=uids)
        .select_related(
            "member",
            "assignment",
            "task",
            "rubric_version__rubric",
            "campaign__rubric_version__rubric",
        )
        .order_by("judged_at", "pk")
    )


def _told(judgment: Judgment, parts: dict[UUID, str]) -> Told:
    answers = answers_of(judgment)
    version = judgment.rubric_version or judgment.campaign.rubric_version
    texts = [(f"{each['response']}, corrected", each["content"]) for each in answers["corrections"]]
    if answers["demonstration"]:
        texts.append(("Written by hand", answers["demonstration"]))
    return Told(
        judgment=judgment,
        version=str(version) if version else "",
        said=list(_said(answers)),
        texts=texts,
        shown=_shown(judgment, parts),
    )


def _shown(judgment: Judgment, parts: dict[UUID, str]) -> list[Shown]:
    placed = judgment.task.placed.select_related("completion__generation__model").order_by("place")
    completions = [each.completion for each in placed]
    order = judgment.assignment.permutation if judgment.assignment else range(len(completions))
    return [
        Shown(
            label,
            completions[place],
            completions[place].generation.model.name,
            parts.get(completions[place].uid, ""),
        )
        for label, place in zip(ascii_uppercase, order, strict=False)
    ]


def _said(answers: dict[str, Any]) -> Iterator[str]:
    """In terms of what was shown, as "overall: A, by 2 of 3"."""
    choices = {"tie": "a tie", "both_bad": "both bad"}
    for each in answers["preferences"]:
        about = each["criterion"] or "overall"
        choice = choices.get(each["choice"], f"{each['choice']}, by {each['strength']} of 3")
        yield f"{about}: {choice}" + (f" ({each['comment']})" if each["comment"] else "")
    if answers["ranking"]:
        yield f"ranking: {' > '.join(' = '.join(tier) for tier in answers['ranking'])}"
    for each in answers["ratings"]:
        about = f" of {each['response']}" if each["response"] else ""
        value = each["value"] if each["value"] is not None else "cannot tell"
        note = each["comment"] or (each["reason"] if each["value"] is None else "")
        yield f"{each['criterion']}{about}: {value}" + (f" ({note})" if note else "")
