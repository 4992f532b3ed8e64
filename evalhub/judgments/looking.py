"""A task that nobody holds, on the page all the same: a look back, a revision, practice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects

from evalhub.campaigns.models import Task
from evalhub.campaigns.queries import beside_of, mask_of, masked_calls, masked_turns
from evalhub.judgments.models import Judgment
from evalhub.judgments.page import task_page
from evalhub.judgments.queries import task_as_judged
from evalhub.judgments.sheet import fields_from
from evalhub.judgments.sheet.rows import Shown
from evalhub.judgments.told import answers_of, in_their_places

AROUND = 300  # characters of a marked passage that a list shows


@dataclass(frozen=True)
class Marked:
    """A marked passage, in words: the page that only shows needs no script for it."""

    label: str
    quote: str
    says: list[str]
    evidence: str  # the passage of a source
    note: str


def judged_page(judgment: Judgment, *, typed: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The task of a stored judgment as its member saw it, the form filled with what they said."""
    answers = answers_of(judgment)
    steps = judgment.campaign.preference_steps
    fields = fields_from(answers, preference_steps=steps) if typed is None else typed
    order = judgment.assignment.permutation if judgment.assignment else None
    context = page_of_task(task_as_judged(judgment), fields, order=order)
    spans = answers["spans"]
    return context | {"judgment": judgment, "spans": spans, "marked": marked_in(context, spans)}


def reading(page: Mapping[str, Any]) -> dict[str, Any]:
    """What else a page takes that shows a judgment and takes no answer; `page` is its judged_page."""
    return {
        "marks": page["marks"] | {"asked": False},  # the page lists them itself
        "asks_spans": page["marks"]["asked"],
        "mode": "read",
        "form_action": "",
        "hidden": {"assignment": ""},
    }


def page_of_task(
    task: Task, fields: Mapping[str, str], *, order: Sequence[int] | None = None
) -> dict[str, Any]:
    """Texts and form of any task; `order` None shows the responses in the task's own."""
    prefetch_related_objects([task], Prefetch("placed", in_their_places()))
    answers = [row.completion for row in task.placed.all()]
    shown = [answers[place] for place in (range(len(answers)) if order is None else order)]
    conversation = task.prompt.messages
    texts = [(each.content, each.tool_calls) for each in shown]
    if task.campaign.masks_identity:
        mask = mask_of(task.campaign.workspace_id)
        conversation = masked_turns(conversation, mask)
        texts = [(mask(content), masked_calls(calls, mask)) for content, calls in texts]
    page = task_page(
        task.campaign,
        conversation=conversation,
        responses=[
            Shown(label, content, calls)
            for label, (content, calls) in zip(ascii_uppercase, texts, strict=False)
        ],
        beside=beside_of(task.prompt, task.campaign.asks),
        fields=fields,
    )
    return page | {"campaign": task.campaign, "conversation": conversation, "wrong": ""}


def marked_in(page: Mapping[str, Any], spans: Sequence[Mapping[str, Any]]) -> list[Marked]:
    """The passages of `spans` with the words that they mark in the texts of `page`."""
    texts: dict[str | None, str] = {each.label: each.content for each in page["responses"]}
    texts[None] = page["last"].content if page["last"] else ""
    version = page["campaign"].rubric_version
    names = {each["slug"]: each["name"] for each in [*version.error_types, *version.severities]}
    names |= {each["slug"]: each["name"] for each in page["marks"]["evidence"]}
    found = []
    for span in spans:
        said = [span[name] for name in ("error_type", "severity", "evidence") if span.get(name)]
        found.append(
            Marked(
                label=span.get("response") or "",
                quote=_cut(texts.get(span.get("response"), ""), span),
                says=[str(names.get(slug, slug)) for slug in said],
                evidence=_evidence(page, span.get("passage")),
                note=span.get("note") or "",
            )
        )
    return found


def _evidence(page: Mapping[str, Any], passage: Mapping[str, Any] | None) -> str:
    if not passage:
        return ""
    documents = page["documents"]
    number = passage["document"]
    return _cut(documents[number].text, passage) if number < len(documents) else ""


def _cut(text: str, at: Mapping[str, Any]) -> str:
    passage = text[at["start"] : at["end"]]
    return passage if len(passage) <= AROUND else f"{passage[:AROUND]}…"
