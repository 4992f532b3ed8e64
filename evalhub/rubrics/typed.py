"""The criteria of a draft as they would be with what a lead has typed and not saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from evalhub.rubrics.errors import UnfitRubric
from evalhub.rubrics.fitness import check_condition
from evalhub.rubrics.forms import CriterionForm
from evalhub.rubrics.models import Criterion, RubricVersion
from evalhub.rubrics.wording import slug_for, write


@dataclass(frozen=True)
class AsTyped:
    criteria: list[Criterion]
    fault: str  # why what was typed is not among them; empty: it is


def criteria_as_typed(
    version: RubricVersion, typed: Mapping[str, str] | None, *, editing: UUID | None
) -> AsTyped:
    """The saved criteria with the one that is being edited, or a new one at the end, as typed.

    Args:
        typed: the fields of a CriterionForm; None shows what is saved.
        editing: the criterion that they are about; None: a new one.
    """
    saved = list(version.criteria.order_by("position", "pk"))
    if typed is None:
        return AsTyped(saved, "")
    place = next((nth for nth, each in enumerate(saved) if each.uid == editing), len(saved))
    form = CriterionForm(typed, earlier=saved[:place])
    if not form.is_valid():
        return AsTyped(saved, _("Not all of it is written yet."))
    wording = form.wording()
    made = saved[place] if place < len(saved) else Criterion(slug=slug_for(wording["name"], place))
    try:
        write(made, wording)
        check_condition(made, earlier=saved[:place])
    except UnfitRubric as error:
        return AsTyped([each for each in saved if each is not made], str(error))
    return AsTyped([*saved[:place], made, *saved[place + 1 :]], "")
