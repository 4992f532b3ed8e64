"""`manage.py exclude_member --campaign UID --member UID --by UID`, then the same with `--preview` and `--reason`."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evalhub.accounts.access import member_deciding
from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign
from evalhub.common.errors import DomainError
from evalhub.jobs.choices import JobState
from evalhub.jobs.console import run_or_follow
from evalhub.quality.excluding import exclude, lift_exclusion
from evalhub.quality.exclusions import judged_in, people_in
from evalhub.quality.models import Exclusion, ExclusionPreview
from evalhub.quality.previews import start_preview


class Command(BaseCommand):
    help = (
        "Leave somebody out of a campaign: first alone, which works out what that would change and prints a digest; "
        "then with that digest and a reason. --lift takes it back. A lead decides; nobody else is dropped by it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--campaign", required=True, type=UUID, metavar="UID")
        parser.add_argument("--member", required=True, type=UUID, metavar="UID", help="who")
        parser.add_argument(
            "--by", required=True, type=UUID, metavar="UID", help="the lead who decides"
        )
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--preview", metavar="DIGEST", help="leave them out, as that was shown")
        act.add_argument("--lift", action="store_true", help="let what they said count again")
        parser.add_argument("--reason", default="", help="with --preview: why; they read it")
        parser.add_argument(
            "--asks-others", action="store_true",
            help="with --preview: one judgment more on each task that they judged",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="end with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:  # Django's signature
        campaign = Campaign.objects.filter(uid=options["campaign"]).first()
        if campaign is None:
            raise CommandError(f"There is no campaign {options['campaign']}.")
        member = judged_in(campaign, options["member"])
        if member is None:
            known = ", ".join(f"{each.uid} ({each})" for each in people_in(campaign)) or "nobody"
            raise CommandError(f"--member names somebody who judged here: {known}.")
        try:
            lead = member_deciding(campaign.workspace_id, options["by"], to="lead")
            if options["lift"]:
                told = self._lift(campaign, member, lead)
            elif options["preview"]:
                told = self._exclude(campaign, member, lead, options)
            else:
                told = self._preview(campaign, member, lead)
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(told))
            return
        for name, value in told.items():
            self.stdout.write(f"{name}: {value}")

    def _preview(self, campaign: Campaign, member: Member, lead: Member) -> dict[str, Any]:
        made = start_preview(campaign=campaign, member=member, by=lead)
        job = run_or_follow(made.job)
        if job.state != JobState.SUCCEEDED:
            raise CommandError(job.error or f"The job was {job.state}.")
        found = ExclusionPreview.objects.get(pk=made.pk)
        return {"member": str(member.uid), **found.body, "digest": found.digest}

    def _exclude(
        self, campaign: Campaign, member: Member, lead: Member, options: dict[str, Any]
    ) -> dict[str, Any]:
        made = exclude(
            campaign=campaign,
            member=member,
            reason=options["reason"],
            asks_others=options["asks_others"],
            preview=options["preview"],
            by=lead,
        )
        return {"member": str(member.uid), "exclusion": str(made.uid), "reason": made.reason}

    def _lift(self, campaign: Campaign, member: Member, lead: Member) -> dict[str, Any]:
        current = Exclusion.objects.filter(campaign=campaign, member=member, lifted_at=None).first()
        if current is None:
            raise CommandError(f"{member} is not left out of this campaign.")
        made = lift_exclusion(exclusion=current, by=lead)
        return {"member": str(member.uid), "exclusion": str(made.uid), "lifted": True}
