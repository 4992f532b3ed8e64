"""What a member should do next, by role. A handful of small questions, each with an index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member, Workspace
from evalhub.campaigns.models import Campaign
from evalhub.judgments.models import Judgment
from evalhub.loops.choices import RoundState
from evalhub.loops.models import Round
from evalhub.rubrics.models import RubricVersion
from evalhub.web.menu import page_url


@dataclass(frozen=True)
class NextStep:
    title: str
    sentence: str
    label: str
    url: str


_LAST_ROUND: dict[str, Any] = {  # by state; `Any`: lazy translations
    RoundState.RUNNING: gettext_lazy("%(loop)s, Round %(n)s: running."),
    RoundState.SUCCEEDED: gettext_lazy("%(loop)s, Round %(n)s: succeeded."),
    RoundState.FAILED: gettext_lazy("%(loop)s, Round %(n)s: failed."),
    RoundState.CANCELLED: gettext_lazy("%(loop)s, Round %(n)s: cancelled."),
}


def next_steps(member: Member) -> list[NextStep]:
    """What is worth a click now: the member's own work first."""
    steps: list[NextStep] = []
    if member.has(Role.ANNOTATOR):
        steps += _judging(member)
    if Role.MANAGER in member.roles:
        steps += _managing(member)
    if member.has(Role.LEAD):
        steps += _leading(member.workspace)
    if member.has(Role.ENGINEER):
        steps += _engineering(member.workspace)
    if member.has(Role.OWNER):
        steps += _owning(member.workspace)
    if not steps:
        sentence = _("A lead or an engineer starts the work; you can look around meanwhile.")
        steps = [
            NextStep(
                _("Nothing waits for you"),
                sentence,
                _("Read the help"),
                page_url("help", member.workspace),
            )
        ]
    return steps


def _judging(member: Member) -> Iterator[NextStep]:
    count = Campaign.objects.of_workspace(member.workspace).open().count()
    if count:
        kept = _("What you had in your hand is still there.")
        sentence = f"{_open_campaigns(count)} {kept}"
        yield NextStep(
            _("Judge"), sentence, _("To my work"), page_url("judgments:mine", member.workspace)
        )
    else:
        sentence = _("No campaign is open. A lead opens them; this page says so when one does.")
        yield NextStep(
            _("Nothing to judge yet"), sentence, _("Read how"), page_url("help", member.workspace)
        )


def _managing(member: Member) -> Iterator[NextStep]:
    sentence = (
        _("What the people of %(groups)s do, and who may judge how much.")
        % {"groups": ", ".join(member.manages)}
        if member.manages
        else _("No group is yours yet. An owner says which.")
    )
    url = page_url("groups:people", member.workspace)
    yield NextStep(_("My groups"), sentence, _("See them"), url)


def _leading(workspace: Workspace) -> Iterator[NextStep]:
    published = RubricVersion.objects.filter(
        rubric__workspace=workspace, published_at__isnull=False
    )
    if not published.exists():
        sentence = _("A campaign needs a published rubric: criteria with words for every point.")
        yield NextStep(
            _("Write a rubric"), sentence, _("Write it"), page_url("rubrics:new", workspace)
        )
    if not workspace.collections.exists():
        sentence = _("Prompts and the answers of models come from a file: JSONL, pairs or trees.")
        url = page_url("imports:list", workspace)
        yield NextStep(_("Bring prompts in"), sentence, _("Import a file"), url)
        return
    count = Campaign.objects.of_workspace(workspace).open().count()
    sentence = _open_campaigns(count) if count else _("None is open: people have nothing to judge.")
    url = page_url("campaigns:list", workspace)
    yield NextStep(_("Campaigns"), sentence, _("See them"), url)


def _engineering(workspace: Workspace) -> Iterator[NextStep]:
    url = page_url("loops:list", workspace)
    last = Round.objects.filter(loop__workspace=workspace).select_related("loop").first()
    if last is None:
        judged = Judgment.objects.of_workspace(workspace).filter(withdrawn_at=None).exists()
        sentence = (
            _("There are judgments to learn from: a Round builds, trains and measures.")
            if judged
            else _("A Round needs judgments; import some, or open a campaign first.")
        )
        yield NextStep(_("Start a Round"), sentence, _("To the loops"), url)
    else:
        sentence = _LAST_ROUND[last.state] % {"loop": last.loop, "n": last.number}
        yield NextStep(_("The last Round"), sentence, _("See it"), url)


def _owning(workspace: Workspace) -> Iterator[NextStep]:
    members = workspace.members.active().filter(user__isnull=False).count()
    if members == 1:
        sentence = _("You are alone here. Invite people who judge, lead or train.")
        url = page_url("accounts:member_add", workspace)
        yield NextStep(_("Add members"), sentence, _("Add somebody"), url)


def _open_campaigns(count: int) -> str:
    told = ngettext("One campaign is open.", "%(n)s campaigns are open.", count)
    return told % {"n": count}
