"""Links from a figure to the judgments behind it, in Browse."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import ngettext

from evalhub.quality.choices import Answer

register = template.Library()
Node = dict[str, Any]  # JSON: a part of a report with `judgments` and `behind`


@register.simple_tag(takes_context=True)
def behind(context: Context, node: Node, number: int) -> str:
    """The number, as a link to the judgments; where those are another number, both are told."""
    address, judgments = _address(context, node), node.get("judgments")
    shown = intcomma(number)
    if not address or not judgments:
        return shown
    if judgments == number:
        return format_html('<a href="{}">{}</a>', address, shown)
    told = ngettext("in %(n)s judgment", "in %(n)s judgments", judgments)
    link = told % {"n": intcomma(judgments)}
    return format_html('{} <a class="small" href="{}">{}</a>', shown, address, link)


@register.simple_tag(takes_context=True)
def behind_missing(context: Context, node: Node, number: int) -> str:
    """The same of those who could not tell."""
    if not number or "answer" not in node.get("behind", {}):
        return intcomma(number)
    address = _address(context, node, answer=Answer.CANNOT_TELL.value)
    if not address:
        return intcomma(number)
    return format_html('<a href="{}">{}</a>', address, intcomma(number))


@register.simple_tag(takes_context=True)
def behind_url(context: Context, node: Node, **more: str) -> str:
    """The address alone; nothing on paper, and of reports from before there was one."""
    return _address(context, node, **more)


@lru_cache(maxsize=256)  # one for each workspace: a report has a thousand of them
def _page(workspace: str) -> str:
    return reverse("browse:judgments", args=[workspace])


def _address(context: Context, node: Node, **more: str) -> str:
    body = context.get("body") or context["report"].body
    if context.get("is_paper") or "behind" not in body or "behind" not in node:
        return ""
    asked = body["behind"] | node["behind"] | more
    return f"{_page(context['workspace'].slug)}?{urlencode(sorted(asked.items()))}"  # the database keeps no order
