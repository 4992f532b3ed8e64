"""The options of a row: value, what the button says, its key, what choosing it means."""

from __future__ import annotations

from django.utils.translation import gettext as _

from evalhub.rubrics.models import Criterion, ScaleKind


def points_of(criterion: Criterion) -> list[tuple[str, str, str, str]]:
    """The scale as options: value, what the button says, key, what it means."""
    if not criterion.has_points:
        return []
    anchors = {int(point): str(text) for point, text in criterion.anchors.items()}
    if criterion.kind == ScaleKind.YES_NO:
        return [
            ("1", _("yes"), "1", anchors.get(1, "")),
            ("0", _("no"), "2", anchors.get(0, "")),
        ]
    keys = [str(nth) if nth < 10 else "" for nth in range(1, len(criterion.points) + 1)]
    if criterion.kind == ScaleKind.CHOICE:
        return [
            (str(point), anchors.get(point, str(point)), key, "")
            for point, key in zip(criterion.points, keys, strict=True)
        ]
    return [
        (str(point), str(point), str(point) if 0 < point < 10 else key, anchors.get(point, ""))
        for point, key in zip(criterion.points, keys, strict=True)
    ]


def preferences_of(steps: int) -> list[tuple[str, str, str, str]]:
    """Options from A to B, the outermost first: 3, 5 or 7 of them."""
    words = {
        1: _("%(label)s is a little better."),
        2: _("%(label)s is clearly better."),
        3: _("%(label)s is far better."),
    }
    if steps == 3:
        words[1] = _("%(label)s is better.")
    signs = {1: ">", 2: "≫", 3: "⋙"}
    most = steps // 2
    rows = [
        (f"A{by}", f"A {signs[by]}" if most > 1 else "A", words[by] % {"label": "A"})
        for by in range(most, 0, -1)
    ]
    rows.append(("tie", "=", _("Neither is better than the other.")))
    rows += [
        (f"B{by}", f"B {signs[by]}" if most > 1 else "B", words[by] % {"label": "B"})
        for by in range(1, most + 1)
    ]
    return [(value, text, str(nth), anchor) for nth, (value, text, anchor) in enumerate(rows, 1)]
