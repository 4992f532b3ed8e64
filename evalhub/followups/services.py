from __future__ import annotations

from django.db import transaction

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.followups.choices import FollowUpState
from evalhub.followups.ending import count_soon, fail, note
from evalhub.followups.errors import FollowUpEnded
from evalhub.followups.models import FollowUp
from evalhub.followups.starting import begin
from evalhub.jobs.models import Job
from evalhub.jobs.services import cancel_job
from evalhub.prompts.models import Collection
from evalhub.registry.models import LanguageModel

MOST_VOTES, MOST_PROMPTS, MOST_TOKENS = 9, 2000, 4096


@transaction.atomic
def start_follow_up(
    *,
    model: LanguageModel,
    about: Campaign | Collection,
    votes: int = 2,
    most_prompts: int = 200,
    max_new_tokens: int = 256,
    accepts_simulated: bool = False,
    by: Member | None = None,
) -> FollowUp:
    """Ask whether a model learned what people said, in a campaign or of a collection's prompts.

    It answers the prompts again, greedily; then people are asked, who are not those who complained.

    Args:
        votes: judgments on each answer.
        most_prompts: drawn by lot where there are more.
        accepts_simulated: simulated members count among people: what they said, and their votes.

    Raises:
        NothingToFollow: nobody corrected or criticised anything there.
        CannotRun: the model writes no answers.
    """
    follow_up = begin(
        model=model,
        about=about,
        votes=votes,
        most_prompts=most_prompts,
        max_new_tokens=max_new_tokens,
        accepts_simulated=accepts_simulated,
        by=by,
    )
    note(
        "follow_up.started",
        follow_up,
        by,
        model=str(model.uid),
        about=str(about.uid),
        prompts=follow_up.prompts,
    )
    return follow_up


@transaction.atomic
def end_follow_up(*, follow_up: FollowUp, by: Member | None = None) -> FollowUp:
    """Ask nobody any more; what is in is counted. Before the model has answered, it is cancelled.

    Raises:
        FollowUpEnded: it is over.
    """
    rows = FollowUp.objects.select_for_update(of=("self",))
    locked = rows.select_related("run__job", "model", "workspace", "ranking", "comparison").get(
        pk=follow_up.pk
    )
    if not locked.is_running:
        raise FollowUpEnded("This follow-up is over already.")
    note("follow_up.stopped", locked, by)
    if locked.state == FollowUpState.OPEN:
        count_soon(locked, by=by)
        return locked
    for job in Job.objects.unended().filter(pk=locked.run.job_id):
        cancel_job(job=job, by=by)
    locked.ended_by = by
    fail(locked, "Stopped before the model had answered.")
    return locked
