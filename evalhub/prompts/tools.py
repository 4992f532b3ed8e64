"""The tools that a prompt declares: its document “Tools”, where that is a list in JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

TITLE = "Tools"


def tools_in(documents: Sequence[Any]) -> str:
    """JSON text of a list, or "" where none are declared or only in words."""
    for each in documents:
        if isinstance(each, dict) and each.get("title") == TITLE:
            return tools_of(each.get("text"))
    return ""


def declares_tools(title: str, text: str) -> bool:
    """Whether a document is such a declaration, and so nothing that anybody wrote to be read."""
    return title == TITLE and bool(tools_of(text))


def tools_of(text: Any) -> str:
    """The text of such a document, written one way."""
    try:
        told = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return ""
    return json.dumps(told, ensure_ascii=False) if isinstance(told, list) and told else ""
