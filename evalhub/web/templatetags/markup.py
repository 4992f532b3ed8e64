"""`{% load markup %}{{ text|rendered }}`: the only way hostile text becomes HTML."""

from django import template
from django.utils.safestring import SafeString, mark_safe

from evalhub.common.markup import to_html, to_marked_html

register = template.Library()


@register.filter
def rendered(text: str) -> SafeString:
    return to_html(text)


@register.filter
def scrollable(html: SafeString) -> SafeString:
    """Rendered text whose code and tables can be scrolled by keyboard; for pages that are read."""
    by_keyboard = html.replace("<pre", '<pre tabindex="0"')
    by_keyboard = by_keyboard.replace("<table", '<table tabindex="0"')
    return mark_safe(by_keyboard)  # noqa: S308  was safe before


@register.filter
def marked(text: str) -> SafeString:
    """The same, and each piece knows where it stands in the raw text: passages can be marked."""
    return to_marked_html(text)
