from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BoundField
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.rubrics.access import access_rubric_version, access_version_to_compare
from evalhub.rubrics.carried import Decision, decision_on
from evalhub.rubrics.carrying import set_carry_rules
from evalhub.rubrics.change_forms import Both, CarryForm
from evalhub.rubrics.changes import CriterionChange, criterion_changes, named_changes, word_diff
from evalhub.rubrics.errors import UnfitCarryRule
from evalhub.rubrics.models import Carrying, CarryRule, Criterion, RubricVersion


class Row(NamedTuple):
    """A criterion of the page; the fields are there for a lead who may set rules."""

    change: CriterionChange
    rule: BoundField | None = None
    table: tuple[BoundField, ...] = ()
    is_said: bool = False
    is_mapped: bool = False


@require_GET
@login_required
def changes(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """What a version says otherwise than an earlier one; the one before where none is named."""
    member = access_member(request.user, workspace, to="view")
    version = access_rubric_version(member, uid)
    earlier = access_version_to_compare(version, request.GET.get("from", ""))
    return _page(request, member, version, earlier, form=None)


@require_POST
@login_required
def carry(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    version = access_rubric_version(member, uid)
    earlier = access_version_to_compare(version, "")
    form = _form(version, earlier, request.POST)
    if form.is_valid():
        try:
            set_carry_rules(version=version, rules=form.decisions(), by=member)
        except UnfitCarryRule as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Builds from now on count earlier answers by these rules."))
            return redirect(reverse("rubrics:changes", args=[workspace, uid]))
    return _page(request, member, version, earlier, form=form)


def _page(
    request: Request,
    member: Member,
    version: RubricVersion,
    earlier: RubricVersion | None,
    *,
    form: CarryForm | None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "member": member,
        "workspace": member.workspace,
        "version": version,
        "earlier": earlier,
        "others": version.rubric.versions.exclude(pk=version.pk).order_by("-number"),
    }
    if earlier is not None:
        sets = member.has(Role.LEAD) and version.is_frozen
        sets = sets and earlier.number == version.number - 1
        shown = (form or _form(version, earlier, None)) if sets else None
        context |= _differences(earlier, version)
        context |= {"sets_rules": sets, "form": shown, "rows": _rows(earlier, version, shown)}
    status = 422 if form is not None and form.errors else 200
    return render(request, "rubrics/changes.html", context, status=status)


def _differences(earlier: RubricVersion, version: RubricVersion) -> dict[str, Any]:
    same_guidelines = earlier.guidelines == version.guidelines
    guidelines = [] if same_guidelines else word_diff(earlier.guidelines, version.guidelines)
    names = [
        (_("Error types"), named_changes(earlier.error_types, version.error_types)),
        (_("Severities"), named_changes(earlier.severities, version.severities)),
    ]
    return {"guidelines": guidelines, "names": names}


def _rows(earlier: RubricVersion, version: RubricVersion, form: CarryForm | None) -> list[Row]:
    found = criterion_changes(_criteria(earlier), _criteria(version))
    standing = _standing(version, earlier)
    return [_row(change, form, standing) for change in found]


def _row(change: CriterionChange, form: CarryForm | None, standing: dict[str, Decision]) -> Row:
    slug = change.later.slug if change.later else ""
    if form is None or slug not in standing:
        return Row(change)
    decision = standing[slug]
    return Row(
        change,
        form[slug],
        tuple(form.table_of(slug)),
        decision.is_said,
        form[slug].value() == Carrying.MAP,
    )


def _criteria(version: RubricVersion) -> list[Criterion]:
    return list(version.criteria.order_by("position", "pk"))


def _in_both(version: RubricVersion, earlier: RubricVersion | None) -> list[Both]:
    before = {each.slug: each for each in _criteria(earlier)} if earlier else {}
    return [Both(before[each.slug], each) for each in _criteria(version) if each.slug in before]


def _standing(version: RubricVersion, earlier: RubricVersion | None) -> dict[str, Decision]:
    rules = list(CarryRule.objects.filter(criterion__version=version))
    both = _in_both(version, earlier)
    return {each.later.slug: decision_on(each.earlier, each.later, rules) for each in both}


def _form(version: RubricVersion, earlier: RubricVersion | None, told: Any) -> CarryForm:
    return CarryForm(
        told, criteria=_in_both(version, earlier), standing=_standing(version, earlier)
    )
