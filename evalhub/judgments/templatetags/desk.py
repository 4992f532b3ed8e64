"""`{% load desk %}`: what the annotator's page needs beyond the shell."""

from __future__ import annotations

from uuid import uuid4

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString

from evalhub.campaigns.services.claim import Lease
from evalhub.judgments.blank import Blank, filled

register = template.Library()


@register.simple_tag(takes_context=True)
def blank_form(context: Context, blank: Blank, lease: Lease) -> SafeString:
    """The form of a task that nobody has touched."""
    return filled(
        blank,
        csrf=context["csrf_token"],
        assignment=lease.assignment,
        token=lease.token,
        submission=uuid4(),
    )
