"""Where the rows of a build come from: collections and their licences, models, rubrics, consent."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection
from django.db.models import Count
from django.db.models.functions import Coalesce

from evalhub.accounts.models import Workspace
from evalhub.common.files import Beat
from evalhub.imports.models import Import
from evalhub.prompts.models import Collection
from evalhub.quality.scope import Scope
from evalhub.rubrics.models import RubricVersion

LOT = 2000  # lines of the lineage looked up at once
MOST_FILES = 20  # told of one collection
Line = dict[str, Any]


def provenance_of(scope: Scope, lineage: Path, beat: Beat) -> dict[str, Any]:
    """What the manifest says of it, as it was when the build was made."""
    workspace = scope.snapshot.workspace
    by_collection: Counter[str] = Counter()
    by_model: Counter[str] = Counter()
    rewritten = 0
    with lineage.open(encoding="utf-8") as stream:
        lines: Iterator[Line] = (json.loads(line) for line in stream)
        while lot := list(islice(lines, LOT)):
            beat()
            by_collection += _collections(workspace, lot)
            by_model += _models(workspace, lot)
            rewritten += _rewritten(workspace, lot)
    sources = _sources(workspace, by_collection)
    return {
        "sources": sources,
        "red_team_rows": sum(each["rows"] for each in sources if each["is_red_team"]),
        "rewritten_rows": rewritten,
        "answers_by": dict(sorted(by_model.items())),
        "consent": _consent(scope),
        "rubrics": _rubrics(scope),
    }


_PROMPTS = """
    SELECT p.uid::text, c.slug FROM prompts_prompt p
    JOIN prompts_collection c ON c.id = p.collection_id
    WHERE p.uid = ANY(%s::uuid[]) AND p.workspace_id = %s
"""
_REWRITTEN = """
    SELECT uid::text, '' FROM prompts_prompt
    WHERE uid = ANY(%s::uuid[]) AND workspace_id = %s AND parent_id IS NOT NULL
"""
_ANSWERS = """
    SELECT x.uid::text, m.name FROM prompts_completion x
    JOIN prompts_generation g ON g.id = x.generation_id
    JOIN registry_languagemodel m ON m.id = g.model_id
    WHERE x.uid = ANY(%s::uuid[]) AND x.workspace_id = %s
"""


def _told(statement: str, workspace: Workspace, uids: set[str]) -> dict[str, str]:
    """What the statement says of each uid."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(uids), workspace.pk])
        return dict(cursor.fetchall())


def _collections(workspace: Workspace, lines: list[Line]) -> Counter[str]:
    """Rows by the slug of their prompt's collection."""
    slugs = _told(_PROMPTS, workspace, {line["prompt"] for line in lines})
    return Counter(slugs[line["prompt"]] for line in lines if line["prompt"] in slugs)


def _rewritten(workspace: Workspace, lines: list[Line]) -> int:
    """Rows on prompts that a model wrote anew."""
    uids = _told(_REWRITTEN, workspace, {line["prompt"] for line in lines})
    return sum(line["prompt"] in uids for line in lines)


def _models(workspace: Workspace, lines: list[Line]) -> Counter[str]:
    """Answers in rows by the name of who wrote them; "" stands for people."""
    uids = [uid for line in lines for uid in line["completions"]]
    names = _told(_ANSWERS, workspace, {uid for uid in uids if uid})
    return Counter("" if uid is None else names.get(uid, "") for uid in uids)


def _sources(workspace: Workspace, counts: Counter[str]) -> list[dict[str, Any]]:
    found = []
    for collection in Collection.objects.filter(workspace=workspace, slug__in=counts):
        files = Import.objects.filter(collection=collection).order_by("pk")
        read = files.values_list("filename", "licence", "counts__sha256")
        told = list(dict.fromkeys(read))[:MOST_FILES]  # one that was read again is no other
        found.append(
            {
                "collection": collection.slug,
                "name": collection.name,
                "rows": counts[collection.slug],
                "licence": collection.licence,
                "is_red_team": collection.is_red_team,
                "files": [
                    {"name": name, "licence": licence, "sha256": sha256}
                    for name, licence, sha256 in told
                ],
            }
        )
    return found


def _consent(scope: Scope) -> list[dict[str, Any]]:
    """What people had agreed to when they judged, by campaign; "" where nothing was asked."""
    rows = scope.judgments().order_by()
    counts = rows.values_list(
        "campaign__title", "campaign__origin", "guidelines__number", "guidelines__consent"
    ).annotate(count=Count("pk"))
    return [
        {
            "campaign": title,
            "origin": origin,
            "guidelines": number,
            "consent": consent or "",
            "judgments": count,
        }
        for title, origin, number, consent, count in counts.order_by(
            "campaign__title", "campaign", "guidelines__number"
        )
    ]


def _rubrics(scope: Scope) -> list[dict[str, Any]]:
    shown = Coalesce("rubric_version", "campaign__rubric_version")
    rows = scope.judgments().order_by().annotate(shown=shown).exclude(shown=None)
    counts = dict(rows.values_list("shown").annotate(count=Count("pk")))
    versions = RubricVersion.objects.filter(pk__in=counts).select_related("rubric")
    return [
        {
            "rubric": version.rubric.name,
            "version": version.number,
            "judgments": counts[version.pk],
            "criteria": [
                {"slug": slug, "question": question}
                for slug, question in version.criteria.order_by("position", "pk").values_list(
                    "slug", "question"
                )
            ],
        }
        for version in versions.order_by("rubric__name", "number")
    ]
