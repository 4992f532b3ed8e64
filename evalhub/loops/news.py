"""Telling people, and whoever subscribed, what became of a Round: in the page, by e-mail, as news.

What is announced carries all that a message to the outside needs: nothing is looked up later.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from evalhub.accounts.choices import Role
from evalhub.accounts.models import Member
from evalhub.evaluation.models import Promotion
from evalhub.jobs.events import announce
from evalhub.loops.choices import RoundState
from evalhub.loops.models import Loop, Round
from evalhub.notifications.services import ALERT, Sentence, notify

ENDED, DECIDED, PAUSED = "round.ended", "round.decided", "loop.paused"


def tell_end(round_: Round) -> None:
    """How it ended. A cancelled one is told to nobody: somebody did that."""
    if round_.state == RoundState.SUCCEEDED:
        sentence = partial(_done, round_)
    else:
        step = round_.steps.exclude(error="").order_by("position").last()
        sentence = partial(_failed, round_, step.error if step else "")
    campaign = str(round_.campaign.uid) if round_.campaign else None
    data = _facts(round_) | {"state": round_.state, "campaign": campaign}
    # it may end twice: it fails, is resumed, and ends again
    once = f"{ENDED} {round_.uid} {round_.ended_at:%Y%m%d%H%M%S%f}" if round_.ended_at else ""
    _tell(round_.loop, ENDED, round_, sentence, data, once=once)


def tell_decision(round_: Round, promotion: Promotion) -> None:
    """Whether its adapter replaces the model in service, with the reason."""
    data = _facts(round_) | {
        "decision": promotion.decision,
        "reason": promotion.reason,
        "promotion": str(promotion.uid),
    }
    _tell(
        round_.loop,
        DECIDED,
        round_,
        partial(_decided, round_, promotion),
        data,
        once=f"{DECIDED} {promotion.uid}",
    )


def tell_pause(loop: Loop) -> None:
    """An alert: it starts nothing until a lead looks at it."""
    data = {"loop": str(loop.uid), "slug": loop.slug, "why": loop.paused_why}
    _tell(loop, PAUSED, loop, partial(_paused, loop), data, topic=ALERT)


def _done(round_: Round) -> str:
    if round_.campaign is None:
        return _("%(round)s is done.") % {"round": round_}
    told = _("%(round)s is done, and opened “%(campaign)s”.")
    return told % {"round": round_, "campaign": round_.campaign}


def _failed(round_: Round, error: str) -> str:
    told = _("%(round)s has failed: %(why)s")
    return told % {"round": round_, "why": error or _("look at its page")}


def _decided(round_: Round, promotion: Promotion) -> str:
    return f"{round_}: {promotion.reason}"


def _paused(loop: Loop) -> str:
    return _("“%(loop)s” is paused. %(why)s") % {"loop": loop, "why": loop.paused_why}


def _facts(round_: Round) -> dict[str, Any]:
    loop = round_.loop
    return {
        "round": str(round_.uid),
        "number": round_.number,
        "loop": str(loop.uid),
        "slug": loop.slug,
    }


def _tell(
    loop: Loop,
    event: str,
    subject: Loop | Round,
    sentence: Sentence,
    data: dict[str, Any],
    *,
    topic: str = "",
    once: str = "",
) -> None:
    workspace = loop.workspace
    page = "loops:round" if isinstance(subject, Round) else "loops:detail"
    path = reverse(page, args=[workspace.slug, subject.uid])
    notify(concerned(loop), topic=topic or event, sentence=sentence, path=path, once=once[:120])
    with override(settings.LANGUAGE_CODE):  # what goes outside has no reader of ours
        told = sentence()
    announce(event, subject.uid, workspace=workspace.slug, sentence=told, path=path, data=data)


def concerned(loop: Loop) -> list[Member]:
    """Whoever could do something about it."""
    members = loop.workspace.members.active().with_role(Role.LEAD, Role.ENGINEER, Role.OWNER)
    return list(members.exclude(user=None).order_by("pk"))
