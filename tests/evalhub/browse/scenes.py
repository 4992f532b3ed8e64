from __future__ import annotations

from typing import Any

from django.test import Client

from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign, Task
from evalhub.judgments.models import Judgment
from tests import factories as make


def task(campaign: Campaign, text: str = "Why is the sky blue?", **more: Any) -> Task:
    return make.TaskFactory.create(
        campaign=campaign, prompt__messages=[{"role": "user", "content": text}], **more
    )


def judged(task: Task, **more: Any) -> Judgment:
    judgment = make.JudgmentFactory.create(task=task, **more)
    make.PreferenceFactory.create(judgment=judgment)
    return judgment


def signed_in(client: Client, member: Member) -> Client:
    client.force_login(member.user)
    return client
