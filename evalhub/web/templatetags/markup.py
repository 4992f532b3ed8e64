"""`{% load markup %}{{ text|rendered }}`: the only way hostile text becomes HTML."""

from django import template
from django.utils.safestring import SafeString

from evalhub.common.markup import to_html

register = template.Library()


@register.filter
def rendered(text: str) -> SafeString:
    return to_html(text)
