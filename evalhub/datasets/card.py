"""The parts of the data card that say where rows come from, and what to mind.

After Gebru et al., "Datasheets for Datasets" (2018), as far as the platform knows the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~$])")
NOT_STATED = "not stated"


def more_of(manifest: dict[str, Any]) -> list[str]:
    """Lines of Markdown; what people wrote stands in it as text, never as markup."""
    return [*_sources(manifest), *_consent(manifest), *_asked(manifest), *_limits(manifest),
            *_cite(manifest)]  # fmt: skip


def licences_of(manifest: dict[str, Any]) -> list[str]:
    """Each licence once: the dataset's own word for it, else those of its sources."""
    if manifest["licence"] != NOT_STATED:
        return [manifest["licence"]]
    found = {_licence(each) for each in manifest.get("sources", [])}
    return sorted(found) or [NOT_STATED]


def _sources(manifest: dict[str, Any]) -> list[str]:
    sources = manifest["sources"]
    lines = ["## Sources", "", "| collection | rows | licence | files |", "|---|---|---|---|"]
    for each in sources:
        files = ", ".join(_file(one) for one in each["files"]) or "none: not by a file"
        name = f"{_plain(each['name'])} (`{each['collection']}`)"
        cells = [name + ", red team" * each.get("is_red_team", False), f"{each['rows']:,}"]
        cells += [_plain(_licence(each)), files]
        lines.append(f"| {' | '.join(cells)} |")
    if not sources:
        lines = ["## Sources", "", "No rows, so no sources."]
    answers = manifest["answers_by"]
    told = [f"{_plain(name) or 'people'} ({count:,})" for name, count in answers.items()]
    return ["", *lines, "", *([f"Answers in the rows by {', '.join(told)}."] if told else [])]


def _file(file: dict[str, Any]) -> str:
    digest = f", sha256 `{file['sha256'][:12]}`" if file["sha256"] else ""
    return f"{_plain(file['name'])} ({_plain(file['licence']) or NOT_STATED}{digest})"


def _licence(source: dict[str, Any]) -> str:
    """The collection's own, else those of its files."""
    if source["licence"]:
        return str(source["licence"])
    found = sorted({each["licence"] for each in source["files"] if each["licence"]})
    return ", ".join(found) or NOT_STATED


def _consent(manifest: dict[str, Any]) -> Iterator[str]:
    yield from ["", "## What people agreed to", ""]
    for each in manifest["consent"]:
        head = f"- {_plain(each['campaign'])}, {each['judgments']:,} judgments: "
        if each["origin"] == "imported":
            yield head + "imported; whoever made the file knows what its people agreed to."
        elif not each["consent"]:
            yield (
                head + "no words of consent were asked; people judged as members of the workspace."
            )
        else:
            yield head + f"version {each['guidelines']} of its guidelines, with these words:"
            yield ""
            yield from (f"  > {_plain(line)}" for line in each["consent"].splitlines())
            yield ""
    if not manifest["consent"]:
        yield "No judgments."


def _asked(manifest: dict[str, Any]) -> Iterator[str]:
    yield from ["", "## What people were asked", ""]
    for rubric in manifest["rubrics"]:
        name, count = _plain(rubric["rubric"]), rubric["judgments"]
        yield f"- {name}, version {rubric['version']} ({count:,} judgments):"
        yield from (
            f"  - `{each['slug']}`: {_plain(each['question'])}" for each in rubric["criteria"]
        )
    if not manifest["rubrics"]:
        yield "No rubric: preferences only."


def _limits(manifest: dict[str, Any]) -> Iterator[str]:
    """What the figures show of this build's weak places."""
    yield from ["", "## Known limits", ""]
    used = manifest["judgments"]["used"]
    people = sum(each["annotators"] for each in used.values())
    if people < 5:
        yield f"- Few people judged ({people}): their taste is the dataset's."
    for source in ("simulated", "model"):
        if source in used:
            yield f"- {used[source]['judgments']:,} judgments are {source}, not a person's."
    if rows := manifest.get("red_team_rows"):
        yield f"- {rows:,} rows are on red-team prompts, written to make a model fail."
    if rows := manifest.get("rewritten_rows"):
        yield f"- {rows:,} rows are on prompts that a model wrote anew, not a person."
    if NOT_STATED in licences_of(manifest):
        yield "- The licence of a source is not stated: ask before the rows are passed on."
    if not manifest["length"]["checked"]:
        yield "- No row was measured against a model's length."
    yield "- Splits are by prompt group within this workspace; overlap with other data is not known."
    yield "- Judgments are opinions on a rubric's questions, not facts; weights count judgments."


def _cite(manifest: dict[str, Any]) -> list[str]:
    taken = manifest["snapshot"]["taken_at"][:10]
    name = _plain(manifest["dataset"])
    words = f"{name}, a {manifest['kind']} dataset of {taken}, digest {manifest['digest']}"
    return ["", "## How to cite", "", f"{words}. Built with evalhub.", ""]


def _plain(text: str) -> str:
    """On one line, no character of it meaning anything to Markdown."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
