"""What workers do: let the model answer, and say what became of each complaint. `counting` needs scipy,
which the web process must not load, so it is imported where it is used."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from evalhub.followups.choices import FollowUpState
from evalhub.followups.ending import note
from evalhub.followups.models import Complaint, FollowUp
from evalhub.followups.news import tell
from evalhub.jobs.beat import Beat
from evalhub.jobs.events import announce
from evalhub.jobs.models import Job
from evalhub.runs.execution import execute_run
from evalhub.runs.generating.keeping import keep_answers

_BEHIND = ("judgment", "criterion", "old__prompt__group__merged_into")


def answer(job: Job, beat: Beat) -> dict[str, Any]:
    """Carry the generation out and keep the answers."""
    run = execute_run(job, beat)
    with beat.fenced():
        (written,) = keep_answers(run)  # a follow-up has one setting
    return {"run": str(run.uid), "completions": written.completions, "empty": written.empty}


def sum_up(job: Job, beat: Beat) -> dict[str, Any]:
    """From all that was judged to the figures; then those who complained hear of it."""
    from evalhub.followups.counting import figures_of, judge_complaints

    rows = FollowUp.objects.select_related(
        "model", "workspace", "campaign", "collection", "ranking", "comparison", "created_by",
        "rubric_version",
    )  # fmt: skip
    follow_up = rows.get(uid=job.payload["follow_up"])
    if follow_up.state == FollowUpState.COUNTING:
        complaints = list(follow_up.complaints.select_related(*_BEHIND).order_by("pk"))
        judge_complaints(follow_up, complaints)
        figures = figures_of(complaints, beat=beat.report)
        with beat.fenced():
            Complaint.objects.bulk_update(complaints, ["finding", "found"], batch_size=1000)
            follow_up.figures, follow_up.state = figures, FollowUpState.DONE
            follow_up.done_at = timezone.now()
            follow_up.save(update_fields=["figures", "state", "done_at"])
            tell(follow_up, complaints)
            note("follow_up.done", follow_up, None, resolved=figures["all"]["resolved"]["part"])
            announce("follow_up.ended", follow_up.uid)
    return {"follow_up": str(follow_up.uid), "all": follow_up.figures["all"]}
