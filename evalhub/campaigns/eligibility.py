"""Who may judge in a campaign: one rule, for the claim's SQL and for the list of what is open."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from evalhub.accounts.choices import MemberKind, Role
from evalhub.accounts.models import Member
from evalhub.campaigns.models import Campaign

# Of the campaign `c` and the member `m`.
IS_ELIGIBLE = """
    ((c.languages = '{}' OR c.languages && m.languages)
     AND (c.groups = '{}' OR c.groups && m.groups)
     AND c.qualifications <@ m.qualifications
     AND (c.people = '{}' OR m.id = ANY (c.people))
     AND (m.only_campaign IS NULL OR m.only_campaign = c.id))
"""

# Whether there is a limit for a day to look at; most members have none, and pay nothing for it.
IS_LIMITED = "(m.most_tasks IS NOT NULL OR m.most_minutes IS NOT NULL)"


WHO_JUDGE = (MemberKind.PERSON, MemberKind.SIMULATED)


def open_to(member: Member) -> Q:
    """The same as a filter of campaigns."""
    is_theirs = Q() if member.only_campaign is None else Q(pk=member.only_campaign)
    return (
        is_theirs
        & (Q(languages=[]) | Q(languages__overlap=member.languages))
        & (Q(groups=[]) | Q(groups__overlap=member.groups))
        & Q(qualifications__contained_by=member.qualifications)
        & (Q(people=[]) | Q(people__contains=[member.pk]))
    )


def people_for(campaign: Campaign) -> QuerySet[Member]:
    """The same from the campaign's side: those who may judge in it."""
    rows = Member.objects.active().with_role(Role.ANNOTATOR, Role.OWNER)
    rows = rows.filter(workspace=campaign.workspace_id, kind__in=WHO_JUDGE)
    rows = rows.filter(Q(only_campaign=None) | Q(only_campaign=campaign.pk))
    rows = rows.filter(qualifications__contains=campaign.qualifications)
    if campaign.languages:
        rows = rows.filter(languages__overlap=campaign.languages)
    if campaign.groups:
        rows = rows.filter(groups__overlap=campaign.groups)
    return rows.filter(pk__in=campaign.people) if campaign.people else rows


def lacking(campaign: Campaign, member_pk: int) -> list[str]:
    """What the campaign asks for and the member does not have, in words; empty: they may judge."""
    member = Member.objects.get(pk=member_pk)
    told = []
    if campaign.languages and not set(campaign.languages) & set(member.languages):
        told.append(_("one of the languages %(names)s") % _named(campaign.languages))
    if campaign.groups and not set(campaign.groups) & set(member.groups):
        told.append(_("one of the groups %(names)s") % _named(campaign.groups))
    if missing := sorted(set(campaign.qualifications) - set(member.qualifications)):
        told.append(_("the qualification %(names)s") % _named(missing))
    if campaign.people and member_pk not in campaign.people:
        told.append(_("to be one of the people it is for"))
    return told


def _named(words: list[str]) -> dict[str, str]:
    return {"names": ", ".join(words)}
