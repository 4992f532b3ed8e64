"""Beginning a follow-up: the model answers the prompts whose answers people complained about."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.followups.choices import ANSWER
from evalhub.followups.complaints import Raised, drawn, raised_in
from evalhub.followups.models import Complaint, FollowUp, sources_of
from evalhub.prompts.models import Collection, Prompt
from evalhub.prompts.tools import tools_in
from evalhub.registry.models import LanguageModel
from evalhub.runs.inputs import FileRef, store_rows
from evalhub.runs.models import Recipe
from evalhub.runs.services import start_run

DROPPED = "a follow-up takes its prompts without counting their tokens"


@transaction.atomic
def begin(
    *,
    model: LanguageModel,
    about: Campaign | Collection,
    votes: int,
    most_prompts: int,
    max_new_tokens: int,
    accepts_simulated: bool,
    by: Member | None,
) -> FollowUp:
    """See `services.start_follow_up`."""
    raised = raised_in(about, sources=sources_of(accepts_simulated=accepts_simulated))
    uid = uuid4()
    prompts = drawn(raised.places, most=most_prompts, lot=str(uid))
    follow_up = FollowUp(
        uid=uid,
        workspace=model.workspace,
        model=model,
        campaign=about if isinstance(about, Campaign) else None,
        collection=about if isinstance(about, Collection) else None,
        rubric_version=raised.version,
        votes=votes,
        accepts_simulated=accepts_simulated,
        prompts=len(prompts),
        created_by=by,
    )
    follow_up.run = start_run(
        workspace=model.workspace,
        recipe=Recipe.GENERATE,
        model=model,
        inputs={"prompts": _asked(prompts)},
        options={
            "n": 1,
            "temperature": 0.0,
            "max_new_tokens": max_new_tokens,
            "allow_dropped": DROPPED,
        },
        by=by,
        title=f"Answers of {model} to what people criticised",
        kind=ANSWER,
        subject_uid=uid,
    )
    complaints = list(_complaints(follow_up, raised, prompts))
    beyond = len(raised.low) + len(raised.overall) - len(complaints)
    told = {"beyond": beyond, "other_question": raised.elsewhere}
    follow_up.left_out = {why: count for why, count in told.items() if count}
    follow_up.save()
    Complaint.objects.bulk_create(complaints, batch_size=1000)
    return follow_up


def _complaints(follow_up: FollowUp, raised: Raised, prompts: set[int]) -> Iterable[Complaint]:
    """Those about one answer stand together."""
    rows = [(each.place, each.criterion, each.value) for each in raised.low]
    keyed = [(place.old, place.judgment, criterion.position, place, criterion, value) for place, criterion, value in rows]  # fmt: skip
    keyed_overall = [(place.old, place.judgment, -1, place, None, None) for place in raised.overall]
    for *_, place, criterion, value in sorted([*keyed, *keyed_overall], key=lambda row: row[:3]):
        if place.prompt in prompts:
            yield Complaint(
                follow_up=follow_up, judgment_id=place.judgment, old_id=place.old,
                criterion=criterion, value=value,
            )  # fmt: skip


def _asked(prompts: set[int]) -> FileRef:
    rows = Prompt.objects.filter(pk__in=prompts).order_by("pk")
    return store_rows(_row(prompt) for prompt in rows.iterator(chunk_size=500))


def _row(prompt: Prompt) -> dict[str, object]:
    tools = tools_in(prompt.documents)
    asked = {"id": str(prompt.uid), "prompt": prompt.messages}
    return asked | ({"tools": tools} if tools else {})
