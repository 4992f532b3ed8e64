from __future__ import annotations

from typing import Any

from django import template
from django.utils.formats import get_format, number_format
from django.utils.translation import gettext as _

register = template.Library()
SURE = 0.05


@register.filter
def figure(value: float | None) -> str:
    """Three places, with the sign that typesetters use; a dash for what has no value."""
    if value is None:
        return "–"
    point = get_format("DECIMAL_SEPARATOR")
    shown = f"{round(value, 3) + 0.0:.3f}"  # no minus before 0.000
    return shown.replace("-", "−").replace(".", point)  # number_format is slow for a thousand


@register.filter
def between(found: dict[str, Any]) -> str:  # Any: JSON
    """An interval; nothing where it is not known."""
    low, high = found["low"], found["high"]
    return "" if low is None and high is None else f"{figure(low)} – {figure(high)}"


@register.filter
def verdict_words(question: dict[str, Any]) -> str:  # Any: JSON
    """What the interval allows to say, or why there is no value."""
    words = {
        "no_pairs": _("undefined, because nothing was answered by two people"),
        "one_value": _("undefined, because everybody always gave the same answer"),
        "too_close": _("undefined, because almost all answers are the same number"),
        "reliable": _("good enough to rely on"),
        "tentative": _("good enough for tentative conclusions"),
        "too_low": _("too low to train on; the tasks below are why")
        if "worst" in question
        else _("too low to train on"),
        "unsure": _("not known yet: more answers to the same tasks would tell"),
    }
    return words[question["undefined"] or question["verdict"]]


@register.filter
def why_undefined(reason: str | None) -> str:
    """Why a figure has no value; nothing where it has one."""
    words = {
        "no_pairs": _("undefined, because nothing was answered by two people"),
        "one_value": _("undefined, because the answers never differ"),
        "too_close": _("undefined, because almost all answers are the same number"),
        "many_values": _("undefined, because the answers are numbers of too many values"),
        "few_answers": _("undefined, because fewer than ten answers were given twice"),
        "one_a_prompt": _("undefined, because no prompt has two answers with a score"),
        "equal_lengths": _("undefined, because the answers to a prompt are equally long"),
    }
    return words[reason] if reason else ""


@register.filter
def level_words(level: str) -> str:
    """A level of measurement by its name; the API and the files keep the word of `Level`."""
    names = {
        "nominal": _("nominal"),
        "ordinal": _("ordinal"),
        "interval": _("interval"),
        "ratio": _("ratio"),
    }
    return names[level]


@register.filter
def outcome_words(question: Any) -> str:  # Any: whatever has the two
    """The same for who sees no tasks and trains nothing."""
    told = {"undefined": question.undefined, "verdict": question.verdict}
    if not question.undefined and question.verdict == "too_low":
        return _("too low to rely on")
    return verdict_words(told)


FIGURES = {  # of people, by the model
    "strengths": ["strength", "position"],
    "scores": ["severity", "spread"],
    "choices": ["accuracy"],
}


@register.filter
def model_words(model: str) -> str:
    """What the model takes people for."""
    words = {
        "strengths": _(
            "Bradley and Terry: a person of strength 1 is like the others, 0 answers by lot, below 0 "
            "the other way round; a position above 0 leans towards whatever stands first."
        ),
        "scores": _(
            "Severity is how far a person’s answers lie above the consensus, in points; spread is how "
            "far they scatter around it."
        ),
        "choices": _(
            "Dawid and Skene: accuracy is how often a person gives the true answer, judged by what "
            "the others say."
        ),
    }
    return words[model]


@register.filter
def figures_of(model: str) -> list[str]:
    return FIGURES[model]


@register.filter
def figures_in(person: dict[str, Any], model: str) -> list[tuple[str, Any]]:  # Any: JSON
    return [(name, person[name]) for name in FIGURES[model]]


@register.filter
def figure_name(name: str) -> str:
    words = {
        "strength": _("Strength"),
        "position": _("Position"),
        "severity": _("Severity"),
        "spread": _("Spread"),
        "accuracy": _("Accuracy"),
    }
    return words[name]


@register.filter
def figure_words(row: dict[str, Any]) -> str:  # Any: JSON
    """What a line of the two wordings is about."""
    words = {
        "seconds": _("Active seconds per judgment, median"),
        "agreement": _("Agreement: %(question)s"),
        "ties": _("Ties: %(question)s"),
        "cannot_tell": _("Could not tell: %(question)s"),
    }
    return words[row["figure"]] % {"question": row["question"]}


@register.filter
def with_interval(found: dict[str, float | None], figure_name: str) -> str:
    """ "0.412 (0.301 to 0.523)"; shares in percent."""
    told = [_in_unit(found[name], figure_name) for name in ("value", "low", "high")]
    if found["low"] is None:
        return told[0]
    return _("%(value)s (%(low)s to %(high)s)") % dict(
        zip(("value", "low", "high"), told, strict=True)
    )


def _in_unit(value: float | None, figure_name: str) -> str:
    if value is None or figure_name == "agreement":
        return figure(value)
    if figure_name == "seconds":
        return number_format(round(value, 1), decimal_pos=1).replace("-", "−")
    return _("%(n)s %%") % {
        "n": number_format(round(100 * value, 1), decimal_pos=1).replace("-", "−")
    }


@register.filter
def rows_by(rows: list[dict[str, Any]], by: str) -> list[dict[str, Any]]:  # Any: JSON
    """Of a question: those by model, slice, week or version; none of a report from before it had them."""
    return [row for row in rows or () if row["by"] == by]


@register.filter
def too_low(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:  # Any: JSON
    """Those in which agreement is surely too low."""
    return [row for row in rows if not row["undefined"] and row["verdict"] == "too_low"]


@register.filter
def with_warnings(boards: list[dict[str, Any]]) -> list[dict[str, Any]]:  # Any: JSON
    """Slices whose models cannot all be ranked beside each other."""
    return [each for each in boards if any(each["warnings"].values())]


@register.filter
def order_if_alike(models: list[dict[str, Any]]) -> list[str]:  # Any: JSON
    """The models as they would stand if everybody counted the same; nothing where that is the same order."""
    order = [row["model"] for row in models]
    alike = sorted(models, key=lambda row: -row["alike"]["strength"])
    others = [row["model"] for row in alike]
    return [] if others == order else others


@register.filter
def standing_out(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:  # Any: JSON
    """Those that differ from the rest after the correction for many tests."""
    return [row for row in rows if row["difference"] and stands_out(row["difference"])]


@register.filter
def stands_out(tested: dict[str, Any]) -> bool:  # Any: JSON
    return tested["corrected"] is not None and tested["corrected"] < SURE


@register.filter
def chance(p: float | None) -> str:
    """A p-value: three places, and no more zeros than that."""
    if p is None:
        return "–"
    return "< " + figure(0.001) if p < 0.001 else figure(p)


@register.filter
def measure_name(measure: str) -> str:
    return {"score": _("Mean score"), "win_rate": _("Win rate")}[measure]


@register.filter
def finding_words(finding: str) -> str:
    words = {
        "missing": _("missing"),
        "over": _("over-represented"),
        "under": _("under-represented"),
        "as_expected": _("as by lot"),
    }
    return words[finding]
