"""The report on bias as one HTML file: to be kept, sent and printed. No scripts; its charts are SVG beside tables."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

_PAGE = """<!doctype html>
<html lang="{lang}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}</style></head>
<body><main class="main"><div class="page-head"><div><h1>{title}</h1><p class="lead">{when}</p></div></div>
<div class="stack">{body}</div></main></body>
</html>
"""


def bias_file(title: str, body: dict[str, Any], *, made_at: datetime) -> str:
    """The whole file; what people wrote is escaped as on the page."""
    style = (Path(settings.BASE_DIR) / "evalhub/web/static/app.css").read_text(encoding="utf-8")
    moment = made_at.isoformat(sep=" ", timespec="minutes").replace("+00:00", " UTC")
    return format_html(
        _PAGE,
        lang=get_language() or "en",
        title=_("Bias: %(title)s") % {"title": title},
        style=mark_safe(style),  # noqa: S308  our own stylesheet
        when=_("As of %(moment)s. Intervals hold the true value 95 times in 100.")
        % {"moment": moment},
        body=render_to_string("reports/_bias.html", {"body": body, "is_paper": True}),
    )
