"""What an annotator can reach, the sentences in it, and the German ones; read without gettext."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from django.conf import settings
from django.template import engines
from django.template.base import Template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

ROOT = Path(settings.BASE_DIR)
CATALOG = ROOT / "evalhub/locale/de/LC_MESSAGES/django.po"

# The pages of engineers stay in English; so does the text of the help.
_WHOLE = (
    "accounts",
    "audit",
    "browse",
    "campaigns",
    "gold",
    "groups",
    "judgments",
    "links",
    "quality",
    "reports",
    "rubrics",
    "valuing",
    "web",
)
TEMPLATES = [
    *(path for name in _WHOLE for path in sorted((ROOT / f"templates/{name}").glob("*.html"))),
    *(
        ROOT / f"templates/{name}.html"
        for name in (
            "base",
            "followups/_followed",
            "followups/mine",
            "notifications/notification_list",
        )
    ),
]
# Of the API and of commands; in English
_FOR_CLIENTS = {"api.py", "api_urls.py", "body.py", "exporting.py", "filters.py", "serializers.py"}
SOURCES = [
    *(
        path
        for name in (
            "browse",
            "campaigns",
            "gold",
            "groups",
            "judgments",
            "links",
            "quality",
            "reports",
        )
        for path in (ROOT / f"evalhub/{name}").rglob("*.py")
        if not {"migrations", "management"} & set(path.parts) and path.name not in _FOR_CLIENTS
    ),
    *(
        ROOT / f"evalhub/{name}.py"
        for name in (
            "accounts/access",
            "accounts/choices",
            "accounts/forms",
            "accounts/invitations",
            "accounts/member_views",
            "accounts/models",
            "accounts/roster",
            "accounts/roster_file",
            "accounts/roster_views",
            "accounts/services",
            "accounts/sign_in",
            "accounts/views",
            "rubrics/access",
            "rubrics/forms",
            "rubrics/models",
            "web/error_pages",
            "web/menu",
            "web/queries",
            "web/templatetags/shell",
        )
    ),
]
GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}


@dataclass
class Message:
    """An entry of the catalog: one text, or one for each number."""

    id: str = ""
    plural: str = ""
    texts: list[str] = field(default_factory=list)
    is_fuzzy: bool = False


@cache  # to read it takes longer than what most of its tests do
def catalog(path: Path = CATALOG) -> dict[str, Message]:
    """The catalog by msgid; the header stands under the empty one."""
    found = (_message(block) for block in path.read_text().split("\n\n"))
    return {message.id: message for message in found}


def _message(block: str) -> Message:
    message = Message()
    lines = [line for line in block.splitlines() if line]
    message.is_fuzzy = any(line.startswith("#,") and "fuzzy" in line for line in lines)
    keyword = ""
    for line in (each for each in lines if not each.startswith("#")):
        head, _, quoted = line.partition(" ") if line[0] != '"' else ("", "", line)
        keyword, is_new = head or keyword, bool(head)
        text = str(ast.literal_eval(quoted))
        if keyword == "msgid":
            message.id += text
        elif keyword == "msgid_plural":
            message.plural += text
        elif is_new:
            message.texts.append(text)
        else:
            message.texts[-1] += text
    return message


def names_in(text: str) -> list[str]:
    """The placeholders and tags of a text, which must be the same in each language."""
    return sorted(re.findall(r"%\(\w+\)[sd]|%%|\{\w+\}|</?\w[^>]*>", text))


def sentences_of(source: Path) -> Iterator[tuple[str, str]]:
    """Each msgid of a Python file, with its plural if it has one."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Call) and _name_of(node.func) in GETTEXT:
            texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
            assert texts, f"{source}:{node.lineno} gives gettext something that is no text"
            yield str(texts[0]), str(texts[1]) if len(texts) > 1 else ""


def sentences_in(template: Path) -> Iterator[tuple[str, str]]:
    """The same of a template."""
    compiled: Template = engines["django"].from_string(template.read_text()).template  # type: ignore[attr-defined]
    for node in compiled.nodelist.get_nodes_by_type(TranslateNode):
        if (
            text := node.filter_expression.var.literal
        ) is not None:  # else it is what a variable says
            yield str(text).replace("%", "%%"), ""  # as Django looks it up
    for block in compiled.nodelist.get_nodes_by_type(BlockTranslateNode):
        singular, _ = block.render_token_list(block.singular)
        plural, _ = block.render_token_list(block.plural) if block.plural else ("", [])
        yield singular, plural


def bare_sentences_of(source: Path) -> Iterator[str]:
    """Texts of a Python file that read like a sentence and do not go through gettext."""
    tree = ast.parse(source.read_text())
    known: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name_of(node.func) in GETTEXT:
            known |= set(ast.walk(node))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            known.add(node.value)  # a docstring
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node not in known and _is_sentence(node.value):
            yield str(node.value)


def _is_sentence(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r".*\w+ \w+.*[.?…]", value))


def _name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""
