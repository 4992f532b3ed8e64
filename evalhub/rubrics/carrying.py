"""A lead says which answers under the version before count under this one."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from evalhub.accounts.models import Member
from evalhub.audit.services import record
from evalhub.common.errors import Conflict
from evalhub.rubrics.carried import Decision, decision_on, has_same_scale
from evalhub.rubrics.errors import UnfitCarryRule
from evalhub.rubrics.models import Carrying, CarryRule, Criterion, RubricVersion


@transaction.atomic
def set_carry_rules(
    *, version: RubricVersion, rules: Mapping[str, Decision], by: Member
) -> list[CarryRule]:
    """Store a rule for each criterion, by slug, about which something new is said.

    Builds of earlier snapshots keep the rules of their time.

    Raises:
        Conflict: the version is a draft.
        UnfitCarryRule: no criterion of that slug in both versions, keep with another scale, or a
            table with values that the scales do not have.
    """
    locked = RubricVersion.objects.select_for_update().get(pk=version.pk)
    if not locked.is_frozen:
        raise Conflict(_("Publish the version first; until then its criteria can still change."))
    earlier = {each.slug: each for each in criteria_before(version)}
    later = {each.slug: each for each in version.criteria.order_by("position", "pk")}
    standing = list(CarryRule.objects.filter(criterion__version=version))
    made = []
    for slug, decision in rules.items():
        if slug not in earlier or slug not in later:
            raise UnfitCarryRule(_("“%(slug)s” is not in both versions.") % {"slug": slug})
        _check(earlier[slug], later[slug], decision)
        now = decision_on(earlier[slug], later[slug], standing)
        if decision[:2] != now[:2]:
            values = {str(value): to for value, to in sorted(decision.values.items())}
            made.append(CarryRule(criterion=later[slug], rule=decision.rule, values=values))
    CarryRule.objects.bulk_create(made)
    if made:
        _record(version, made, by)
    return made


def criteria_before(version: RubricVersion) -> list[Criterion]:
    """Those of the version before; none for the first."""
    rows = Criterion.objects.filter(
        version__rubric=version.rubric_id, version__number=version.number - 1
    )
    return list(rows.order_by("position", "pk"))


def _check(earlier: Criterion, later: Criterion, decision: Decision) -> None:
    told = {"criterion": later.name}
    if decision.rule == Carrying.KEEP and not has_same_scale(earlier, later):
        words = _("“%(criterion)s” has another scale than before; map its values or ask again.")
        raise UnfitCarryRule(words % told)
    if decision.rule != Carrying.MAP:
        return
    if not (earlier.has_points and later.has_points):
        raise UnfitCarryRule(_("“%(criterion)s” has no points to map.") % told)
    if not decision.values:
        words = _("“%(criterion)s”: say for one point at least what it becomes, or ask again.")
        raise UnfitCarryRule(words % told)
    for value, to in decision.values.items():
        if value not in earlier.points or to not in later.points:
            words = _("“%(criterion)s”: %(value)s to %(to)s is outside the scales.")
            raise UnfitCarryRule(words % (told | {"value": str(value), "to": str(to)}))


def _record(version: RubricVersion, made: list[CarryRule], by: Member) -> None:
    record(
        "rubric.carry_rules_set",
        actor=by.pseudonym,
        workspace=version.rubric.workspace.slug,
        target=f"rubric version {version.uid}",
        rubric=version.rubric.slug,
        number=version.number,
        rules={row.criterion.slug: {"rule": row.rule, "values": row.values} for row in made},
    )
