from __future__ import annotations

from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def figure(value: float | None) -> str:
    """Three places, with the sign that typesetters use; a dash for what has no value."""
    if value is None:
        return "–"
    rounded = round(value, 3)  # which number_format does not: it cuts
    return number_format(rounded, decimal_pos=3).replace("-", "−")


@register.filter
def verdict_words(question: dict[str, Any]) -> str:  # Any: JSON
    """What the interval allows to say, or why there is no value."""
    words = {
        "no_pairs": _("undefined, because nothing was answered by two people"),
        "one_value": _("undefined, because everybody always gave the same answer"),
        "reliable": _("good enough to rely on"),
        "tentative": _("good enough for tentative conclusions"),
        "too_low": _("too low to train on; the tasks below are why"),
        "unsure": _("not known yet: more answers to the same tasks would tell"),
    }
    return words[question["undefined"] or question["verdict"]]


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
