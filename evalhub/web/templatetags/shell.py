"""What every page's template may ask for: `{% load shell %}`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from django import forms, template
from django.template.context import Context
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from evalhub.common.durations import in_words
from evalhub.web.menu import Section, menu_for

register = template.Library()

MEANINGS = {
    "good": {
        "succeeded",
        "success",
        "open",
        "incumbent",
        "promote",
        "published",
        "done",
        "active",
        "decided",
    },
    "caution": {
        "cancelled",
        "warning",
        "paused",
        "expired",
        "skipped",
        "draft",
        "inactive",
        "pruned",
    },
    "bad": {"failed", "error", "refuse", "rejected", "revoked"},
    "info": {
        "running",
        "info",
        "queued",
        "waiting",
        "candidate",
        "in_trial",
        "answering",
        "counting",
    },
}


@register.filter
def meaning(state: object) -> str:
    """The class of a badge or note for a state: good, caution, bad, info, or nothing."""
    for name, states in MEANINGS.items():
        if str(state) in states:
            return name
    return ""


@register.filter
def kind(field: forms.BoundField) -> str:
    """How templates/web/_field.html lays a form field out."""
    widget = field.field.widget
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    return "checkbox" if isinstance(widget, forms.CheckboxInput) else "line"


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """A moment in the reader's zone, with its UTC for machines; nothing for None."""
    if moment is None:
        return ""
    local = localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.astimezone(UTC).isoformat(timespec="seconds"),
        f"{local:%Y-%m-%d %H:%M:%S %Z}",
        date_format(local, _("j M Y, H:i")),  # as Django's date filter writes it
    )


@register.filter
def duration(seconds: float) -> str:
    """109 becomes "1 min 49 s"."""
    return in_words(seconds)


@register.filter
def took_since(end: datetime, begin: datetime) -> str:
    return in_words((end - begin).total_seconds())


@register.filter
def as_json(value: object) -> str:
    """A value as indented JSON, for reading; a text that came as JSON already stays."""
    if isinstance(value, str):
        return value
    return json.dumps(value, indent=2, ensure_ascii=False)


@register.simple_tag(takes_context=True)
def menu(context: Context) -> list[Section]:
    request: Any = context["request"]  # a WSGIRequest; the context carries no types
    return menu_for(context["member"], path=request.path)


@register.simple_tag(takes_context=True)
def with_query(context: Context, **changes: object) -> str:
    """The present query string with `changes`, so that filters and paging keep each other."""
    request: Any = context["request"]
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return f"?{query.urlencode()}"
