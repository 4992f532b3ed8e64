"""What a member should do next, by role. A handful of small questions, each with an index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.loops.models import Round
from evalhub.rubrics.models import RubricVersion
from evalhub.web.menu import page_url


@dataclass(frozen=True)
class NextStep:
    title: str
    sentence: str
    label: str
    url: str


def next_steps(member: Member) -> list[NextStep]:
    """What is worth a click now: the member's own work first."""
    steps: list[NextStep] = []
    if member.has(Role.ANNOTATOR):
        steps += _judging(member)
    if member.has(Role.LEAD):
        steps += _leading(member.workspace)
    if member.has(Role.ENGINEER):
        steps += _engineering(member.workspace)
    if member.has(Role.OWNER):
        steps += _owning(member.workspace)
    if not steps:
        sentence = "A lead or an engineer starts the work; you can look around meanwhile."
        steps = [
            NextStep(
                "Nothing waits for you",
                sentence,
                "Read the help",
                page_url("help", member.workspace),
            )
        ]
    return steps


def _judging(member: Member) -> Iterator[NextStep]:
    count = Campaign.objects.of_workspace(member.workspace).open().count()
    if count:
        sentence = f"{_open_campaigns(count)} What you had in your hand is still there."
        yield NextStep(
            "Judge", sentence, "To my work", page_url("judgments:mine", member.workspace)
        )
    else:
        sentence = "No campaign is open. A lead opens them; this page says so when one does."
        yield NextStep(
            "Nothing to judge yet", sentence, "Read how", page_url("help", member.workspace)
        )


def _leading(workspace: Workspace) -> Iterator[NextStep]:
    published = RubricVersion.objects.filter(
        rubric__workspace=workspace, published_at__isnull=False
    )
    if not published.exists():
        sentence = "A campaign needs a published rubric: criteria with words for every point."
        yield NextStep("Write a rubric", sentence, "Write it", page_url("rubrics:new", workspace))
    if not workspace.collections.exists():
        sentence = "Prompts and the answers of models come from a file: JSONL, pairs or trees."
        url = page_url("imports:list", workspace)
        yield NextStep("Bring prompts in", sentence, "Import a file", url)
        return
    count = Campaign.objects.of_workspace(workspace).open().count()
    sentence = _open_campaigns(count) if count else "None is open: people have nothing to judge."
    url = page_url("campaigns:list", workspace)
    yield NextStep("Campaigns", sentence, "See them", url)


def _engineering(workspace: Workspace) -> Iterator[NextStep]:
    url = page_url("loops:list", workspace)
    last = Round.objects.filter(loop__workspace=workspace).select_related("loop").first()
    if last is None:
        judged = Judgment.objects.of_workspace(workspace).exists()
        sentence = (
            "There are judgments to learn from: a Round builds, trains and measures."
            if judged
            else "A Round needs judgments; import some, or open a campaign first."
        )
        yield NextStep("Start a Round", sentence, "To the loops", url)
    else:
        sentence = f"{last.loop}, Round {last.number}: {last.get_state_display().lower()}."
        yield NextStep("The last Round", sentence, "See it", url)


def _owning(workspace: Workspace) -> Iterator[NextStep]:
    members = workspace.members.active().filter(user__isnull=False).count()
    if members == 1:
        sentence = "You are alone here. Invite people who judge, lead or train."
        url = page_url("accounts:member_add", workspace)
        yield NextStep("Add members", sentence, "Add somebody", url)


def _open_campaigns(count: int) -> str:
    return "One campaign is open." if count == 1 else f"{count} campaigns are open."
