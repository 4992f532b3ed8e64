"""What the annotator's page shows of a task. It names no model and no completion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from evalhub.accounts.models import Member
from evalhub.campaigns.choices import FlagKind, SkipReason
from evalhub.campaigns.models import Campaign, Draft
from evalhub.campaigns.queries import Beside, criteria_of
from evalhub.campaigns.services.claim import Lease
from evalhub.common.markup import to_marked_html, to_marked_lines
from evalhub.judgments.blank import Blank, filled, fits_blank
from evalhub.judgments.keys import ACTS
from evalhub.judgments.proposals import proposed_for
from evalhub.judgments.queries import desk_of, draft_of, today_of
from evalhub.judgments.sheet import fields_from, sheet_of
from evalhub.judgments.sheet.asks import marks_of
from evalhub.judgments.sheet.rows import Shown
from evalhub.judgments.words import WORDS


@dataclass(frozen=True)
class Turn:
    place: int  # in the prompt's messages
    role: str
    content: str
    tool_calls: list[dict[str, Any]]


def lease_page(
    lease: Lease, campaign: Campaign, *, typed: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A task in somebody's hand, with what they typed so far."""
    draft = None if lease.is_new else draft_of(lease.assignment)
    fields = typed if typed is not None else typed_in(draft, campaign)
    responses = [
        Shown(label, each.content, each.tool_calls)
        for label, each in zip(ascii_uppercase, lease.responses, strict=False)
    ]
    hidden = {
        "assignment": lease.assignment,
        "token": lease.token,
        "submission_id": fields.get("submission_id") or uuid4(),
    }
    return task_page(
        campaign,
        conversation=lease.conversation,
        responses=responses,
        beside=lease.beside(),
        fields=fields,
    ) | {
        "lease": lease,
        "hidden": hidden,
        "version": draft.version if draft else "",
        "proposed": proposed_for(lease.assignment, campaign),
    }


def untouched_page(lease: Lease, campaign: Campaign, *, csrf: str) -> SafeString | None:
    """The same as HTML, quicker, for a new task that is like every other; None where it is not."""
    if not fits_blank(lease, campaign):
        return None
    labels = ascii_uppercase[: len(lease.responses)]
    blank = Blank(
        campaign=campaign.uid,
        workspace=campaign.workspace.slug,
        type=campaign.type,
        asks=tuple(campaign.asks),
        preference_steps=campaign.preference_steps,
        version=campaign.rubric_version_id,
        guidelines=campaign.guidelines_id,
        content_warning=campaign.content_warning,
        labels=labels,
        language=get_language() or "en",
    )
    texts: dict[str, object] = {"html_prompt": to_marked_html(lease.conversation[0]["content"])}
    if not labels:
        texts["raw_prompt"] = to_marked_lines(lease.conversation[0]["content"])
    for label, each in zip(labels, lease.responses, strict=True):
        texts[f"html_{label}"] = to_marked_html(each.content)
        texts[f"raw_{label}"] = to_marked_lines(each.content)
    return filled(
        blank,
        csrf=csrf,
        assignment=lease.assignment,
        token=lease.token,
        submission_id=uuid4(),
        **texts,
    )


def task_page(
    campaign: Campaign,
    *,
    conversation: Sequence[dict[str, Any]],
    responses: Sequence[Shown],
    beside: Beside,
    fields: Mapping[str, str],
) -> dict[str, Any]:
    """The texts and the form; also of a task that nobody holds (practice, a look back)."""
    return _texts(conversation, responses, beside) | {
        "sheet": sheet_of(
            campaign,
            criteria_of(campaign.rubric_version_id),
            conversation=conversation,
            responses=responses,
            typed=fields,
        ),
        "marks": marks_of(campaign, has_documents=bool(beside.documents)),
    }


def _texts(
    conversation: Sequence[dict[str, Any]],
    responses: Sequence[Shown],
    beside: Beside,
) -> dict[str, Any]:
    return {
        "earlier": [
            Turn(nth, turn["role"], turn["content"], turn.get("tool_calls", []))
            for nth, turn in enumerate(conversation[:-1])
        ],
        "last": Shown("prompt", conversation[-1]["content"], []) if conversation else None,
        "responses": responses,
        "documents": beside.documents,
        "reference": beside.reference,
    }


def typed_in(draft: Draft | None, campaign: Campaign) -> dict[str, str]:
    """The draft as fields: kept by the page as fields, by a client of the API as a body."""
    return {} if draft is None else fields_in(draft.body, campaign)


def fields_in(body: object, campaign: Campaign) -> dict[str, str]:
    if not isinstance(body, dict):
        return {}
    fields = body.get("fields")
    if isinstance(fields, dict):
        return {str(name): str(value) for name, value in fields.items()}
    return fields_from(body, preference_steps=campaign.preference_steps)


@dataclass(frozen=True)
class Act:
    """A line of the list of keys."""

    name: str
    key: str
    shown: str  # the key as it stands on a key cap
    meaning: str


CAPS = {" ": "␣", "Enter": "⏎", "Backspace": "⌫"}


def desk_page(member: Member) -> dict[str, Any]:
    """What stands round the task: keys, dialogs, and every sentence that the scripts say."""
    desk = desk_of(member)
    acts = [
        Act(name, key, CAPS.get(key, key.upper()), str(ACTS[name]))
        for name, key in desk["keys"].items()
    ]
    return {
        "desk": desk | {"caps": {act.name: act.shown for act in acts}, "today": today_of(member)},
        "acts": acts,
        "words": {name: str(text) for name, text in WORDS.items()},
        "skip_reasons": SkipReason.choices,
        "flag_kinds": FlagKind.choices,
        "provider": settings.EVALHUB_OIDC,
    }
