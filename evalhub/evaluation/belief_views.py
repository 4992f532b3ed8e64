"""Which figure to believe: a page, and the same for outsiders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.common.charts import Whisker, whisker
from evalhub.evaluation.errors import NothingToMeasure
from evalhub.evaluation.queries import newest_belief
from evalhub.evaluation.services import start_belief


@dataclass(frozen=True)
class Cell:
    """A figure beside what people say; the whisker points right where it goes with them."""

    told: str  # "0.41 (0.22 to 0.58)"
    n: int
    verdict: str  # with people, against people, no more than chance, or nothing to tell it by
    whisker: Whisker | None


@dataclass(frozen=True)
class Line:
    label: str
    pairs: Cell
    ratings: Cell


@login_required
@require_http_methods(["GET", "POST"])
def believe(request: Request, workspace: str) -> HttpResponse:
    """As it was last worked out; a POST does so anew. The live part alone for htmx."""
    posts = request.method == "POST"
    member = access_member(request.user, workspace, to="engineer" if posts else "build")
    if posts:
        try:
            start_belief(workspace=member.workspace, by=member)
        except NothingToMeasure as error:
            messages.error(request, str(error))
        return redirect("evaluation:believe", workspace)
    job = newest_belief(member.workspace)
    found = job.result if job else {}
    lines = _lines(found)
    context = {
        "member": member,
        "workspace": member.workspace,
        "job": job,
        "found": found,
        "lines": lines,
        "by_pairs": any(each.pairs.n for each in lines),
        "by_ratings": any(each.ratings.n for each in lines),
        "said": _in_words(lines),
        "may_start": member.has(Role.ENGINEER),
    }
    template = "evaluation/believe.html" + ("#live" if request.htmx else "")
    return render(request, template, context)


def _lines(found: Mapping[str, Any]) -> list[Line]:
    """Those that go with people most first: by pairs, else by ratings."""
    rows = [each for each in found.get("figures", ()) if _value(each) is not None]
    rows.sort(key=lambda each: -(_value(each) or 0.0))
    return [
        Line(
            label=each.get("label", each["name"]) + _which(each),
            pairs=_cell(each["pairs"], even=0.5, as_share=True),
            ratings=_cell(each["ratings"], even=0.0, as_share=False),
        )
        for each in rows
    ]


def _value(row: Mapping[str, Any]) -> float | None:
    """From -1 to 1."""
    if row["pairs"]["value"] is not None:
        return float(2 * row["pairs"]["value"] - 1)
    return None if row["ratings"]["value"] is None else float(row["ratings"]["value"])


def _which(row: Mapping[str, Any]) -> str:
    return {"higher": "", "lower": " (lower)", "neither": " (more)"}[row["better"]]


def _cell(metric: Mapping[str, Any], *, even: float, as_share: bool) -> Cell:
    value, low, high = metric["value"], metric["low"], metric["high"]
    if value is None:
        return Cell("–", metric["n"], "nothing to tell it by", None)
    factor, digits = (100, 0) if as_share else (1, 2)
    told = f"{value * factor:.{digits}f}" + (" %" if as_share else "")
    if low is None:
        return Cell(told, metric["n"], "too few prompt groups", None)
    told += f" ({low * factor:.{digits}f} to {high * factor:.{digits}f})"
    verdict = "no more than chance"
    if low > even:
        verdict = "with people"
    elif high < even:
        verdict = "against people"
    reach = 0.5 if as_share else 1.0
    # an expanded interval of draws stays within them, so it fits
    return Cell(told, metric["n"], verdict, whisker(low - even, value - even, high - even, reach=reach))  # fmt: skip


def _in_words(lines: list[Line]) -> str:
    if not lines:
        return ""
    shown = {
        verdict: [each.label for each in lines if verdict in (each.pairs.verdict, each.ratings.verdict)]
        for verdict in ("with people", "against people")
    }  # fmt: skip
    if not any(shown.values()):
        return (
            f"None of {len(lines)} figures is shown to go with what people say: decide by people."
        )
    told = []
    for verdict, names in shown.items():
        if names:
            told.append(f"{', '.join(names)} {'goes' if len(names) == 1 else 'go'} {verdict}")
    return f"Of {len(lines)} figures: {'; '.join(told)}; of the rest nothing is shown."
