"""An annotator's workspace whose texts are all Greek, and a German that marks what it translates.

What is Latin on a page of these and stands outside of ⟦ ⟧ is interface that was left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import trans_real

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.campaigns.services.leases import save_draft
from evalhub.judgments.models import Judgment
from tests.factories import (
    AppealFactory,
    AssignmentFactory,
    AttemptFactory,
    CampaignFactory,
    CompletionFactory,
    CriterionFactory,
    ExpertAnswerFactory,
    FlagFactory,
    GoldVerdictFactory,
    JudgmentFactory,
    PreferenceFactory,
    PromptFactory,
    ReturnedJudgmentFactory,
    RubricFactory,
    TaskFactory,
)

GREEK = "Γιατί είναι μπλε ο ουρανός;"
ASKS = {
    "comparison": ["ratings", "criteria", "critique", "correction", "spans"],
    "rating": ["critique", "steps", "tool_calls", "turns"],
    "ranking": ["ratings", "critique"],
    "label": ["critique", "spans"],
    "demonstration": ["critique"],
}
NAMED = [{"slug": "psevdis", "name": "Ψευδές", "description": "Δεν ισχύει."}]
TURNS = [
    {"role": "system", "content": GREEK},
    {"role": "user", "content": GREEK},
    {"role": "assistant", "content": GREEK},
    {"role": "tool", "content": "42"},
    {"role": "user", "content": GREEK},
]
CALLS = [{"name": "φέρε", "arguments": {"τι": 1}}]


class Marking(trans_real.DjangoTranslation):
    """Django's own translation, but each text of it comes in ⟦ ⟧."""

    def gettext(self, message: str) -> str:
        return f"⟦{super().gettext(message)}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{super().ngettext(msgid1, msgid2, n)}⟧"


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(trans_real._translations, "de", Marking("de"))


@pytest.fixture
def german(client: Client) -> Client:
    """A browser that asks for German."""
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de-AT,de;q=0.9,en;q=0.5"
    return client


@dataclass(frozen=True)
class Scene:
    """Bob's work in all its states, in campaigns of every type."""

    bob: Member
    campaigns: dict[str, Campaign]
    judgment: Judgment  # of a task that an expert has answered, too

    def desk(self, type_: str, rest: str = "judge/") -> str:
        return f"/w/acme/campaigns/{self.campaigns[type_].uid}/{rest}"


@pytest.fixture
def scene(bob: Member) -> Scene:
    bob.workspace.name, bob.pseudonym = "Ακμή", "Βασίλης"
    bob.workspace.save()
    bob.save()
    campaigns = {type_: _campaign(bob, type_) for type_ in ASKS}
    for campaign in campaigns.values():
        _task(campaign)
    judgment = _work_of(bob, campaigns["comparison"])
    return Scene(bob, campaigns, judgment)


def _campaign(bob: Member, type_: str) -> Campaign:
    campaign = CampaignFactory.create(
        workspace=bob.workspace,
        type=type_,
        title="Καμπάνια",
        asks=ASKS[type_],
        content_warning="Προσοχή.",
        rubric_version__rubric=RubricFactory.create(workspace=bob.workspace, name="Κριτήρια"),
        rubric_version__guidelines=GREEK,
        rubric_version__error_types=NAMED,
        rubric_version__severities=NAMED,
    )
    anchors = {str(point): f"Σημείο {point}" for point in range(1, 6)}
    for nth, more in enumerate(({"asks_comment": True}, {"kind": "yes_no", "low": 0, "high": 1})):
        CriterionFactory.create(
            version=campaign.rubric_version,
            name=f"Κριτήριο {nth}",
            question=GREEK,
            anchors=anchors,
            required=nth == 0,
            **more,
        )
    return campaign


def _task(campaign: Campaign, **more: Any) -> Task:
    prompt = PromptFactory.create(
        collection__workspace=campaign.workspace, messages=TURNS, documents=[GREEK]
    )
    count = {"rating": 1, "comparison": 2, "ranking": 3}.get(campaign.type, 0)
    completions = [
        CompletionFactory.create(
            prompt=prompt, content=f"{GREEK}\n\n1. Α\n\n2. Β", tool_calls=CALLS
        )
        for _ in range(count)
    ]
    return TaskFactory.create(campaign=campaign, prompt=prompt, completions=completions, **more)


def _work_of(bob: Member, campaign: Campaign) -> Judgment:
    """A draft, a flag with its answer, something skipped, something returned, a practice task."""
    held = AssignmentFactory.create(task=_task(campaign), member=bob, state="expired")
    save_draft(assignment=held, body={"fields": {"critique": GREEK}})
    task = _task(campaign)
    AssignmentFactory.create(task=task, member=bob, state="skipped", skip_reason="unclear")
    FlagFactory.create(task=task, member=bob, kind="unsafe", text="", answer=GREEK)
    gold = _task(campaign, kind="gold")
    ExpertAnswerFactory.create(task=gold, reason=GREEK)
    ExpertAnswerFactory.create(
        task=_task(campaign, kind="practice", overlap=0, open_places=0), reason=GREEK
    )
    submitted = AssignmentFactory.create(task=gold, member=bob, state="submitted")
    judgment = JudgmentFactory.create(
        task=gold, member=bob, assignment=submitted, active_ms=95_000, wall_ms=4_000_000
    )
    PreferenceFactory.create(judgment=judgment, margin=-1)
    AppealFactory.create(verdict=GoldVerdictFactory.create(judgment=judgment), reason=GREEK)
    AttemptFactory.create(
        qualification__campaign=campaign, qualification__word="ιατρική", member=bob
    )
    ReturnedJudgmentFactory.create(
        judgment=judgment, reason=GREEK, returned_by__pseudonym="Γιώργος"
    )
    return judgment
