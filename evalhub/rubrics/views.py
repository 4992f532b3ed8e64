from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.errors import Conflict, DomainError
from evalhub.rubrics import drafts
from evalhub.rubrics.access import access_criterion, access_rubric, access_rubric_version
from evalhub.rubrics.document import document_of
from evalhub.rubrics.errors import UnfitRubric
from evalhub.rubrics.forms import (
    CriterionForm,
    GuidelinesForm,
    RubricForm,
    TemplateForm,
    values_of,
    wording_of,
)
from evalhub.rubrics.intake import add_criteria, rubric_from
from evalhub.rubrics.models import RubricVersion
from evalhub.rubrics.queries import scales_of
from evalhub.rubrics.services import create_rubric, new_version, publish_version


@require_GET
@login_required
def rubric_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="watch")
    rubrics = member.workspace.rubrics.prefetch_related("versions__criteria")[:200]
    context = _context(member) | {"rubrics": rubrics, "may_edit": member.has(Role.LEAD)}
    return render(request, "rubrics/rubric_list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def rubric_new(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    form = RubricForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        try:
            version = _made(member, form)
        except Conflict as error:
            form.add_error("slug", str(error))
        except UnfitRubric as error:
            form.add_error("file", str(error))
        else:
            return redirect("rubrics:edit", workspace, version.uid)
    status = 422 if form.errors else 200
    context = _context(member) | {"form": form}
    return render(request, "rubrics/rubric_new.html", context, status=status)


def _made(member: Member, form: RubricForm) -> RubricVersion:
    told = {name: form.cleaned_data[name] for name in ("slug", "name")}
    document = form.document()
    if document is None:
        return create_rubric(workspace=member.workspace, by=member, **told)
    return rubric_from(document=document, workspace=member.workspace, by=member, **told)


@require_GET
@login_required
def version_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """As annotators see it."""
    member = access_member(request.user, workspace, to="view")
    version = access_rubric_version(member, uid)
    context = _version_context(member, version) | {
        "versions": version.rubric.versions.order_by("-number")
    }
    return render(request, "rubrics/version_detail.html", context)


@require_POST
@login_required
def version_new(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    version = new_version(rubric=access_rubric(member, uid), by=member)
    return redirect("rubrics:edit", workspace, version.uid)


@login_required
@require_http_methods(["GET", "POST"])
def version_edit(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    version = access_rubric_version(member, uid, to="edit")
    form = GuidelinesForm(request.POST or None, initial=wording_of(version))
    if form.is_valid():
        drafts.set_guidelines(version=version, by=member, **form.cleaned_data)
        messages.success(request, _("The wording is saved."))
        return redirect("rubrics:edit", workspace, uid)
    context = _version_context(member, version) | {"form": form, "from_template": TemplateForm()}
    status = 422 if form.errors else 200
    return render(request, "rubrics/version_edit.html", context, status=status)


@require_POST
@login_required
def version_template(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Add the criteria of a template to a draft."""
    member = access_member(request.user, workspace, to="lead")
    version = access_rubric_version(member, uid, to="edit")
    form = TemplateForm(request.POST)
    if form.is_valid():
        add_criteria(version=version, document=form.document(), by=member)
    else:
        messages.error(request, _("There is no such template."))
    return redirect("rubrics:edit", workspace, uid)


@require_GET
@login_required
def version_json(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="view")
    version = access_rubric_version(member, uid)
    answer = HttpResponse(document_of(version), content_type="application/json")
    name = f"{version.rubric.slug}-v{version.number}.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_POST
@login_required
def version_publish(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    version = access_rubric_version(member, uid)
    publish_version(version=version, by=member)
    told = _("%(version)s is published and frozen; campaigns can use it.")
    messages.success(request, told % {"version": version})
    return redirect("rubrics:version", workspace, uid)


@login_required
@require_http_methods(["GET", "POST"])
def criterion_add(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    version = access_rubric_version(member, uid, to="edit")
    earlier = list(version.criteria.order_by("position", "pk"))
    form = CriterionForm(request.POST or None, earlier=earlier)
    if form.is_valid():
        try:
            drafts.add_criterion(version=version, by=member, **form.wording())
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("rubrics:edit", workspace, uid)
    context = _version_context(member, version) | {"form": form, "criterion": None}
    return render(
        request, "rubrics/criterion_form.html", context, status=422 if form.errors else 200
    )


@login_required
@require_http_methods(["GET", "POST"])
def criterion_edit(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    criterion = access_criterion(member, uid)
    earlier = drafts.earlier_than(criterion)
    form = CriterionForm(request.POST or None, initial=values_of(criterion), earlier=earlier)
    if form.is_valid():
        try:
            drafts.edit_criterion(criterion=criterion, by=member, **form.wording())
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            return redirect("rubrics:edit", workspace, criterion.version.uid)
    context = _version_context(member, criterion.version)
    context |= {"form": form, "criterion": criterion}
    return render(
        request, "rubrics/criterion_form.html", context, status=422 if form.errors else 200
    )


@require_POST
@login_required
def criterion_remove(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    criterion = access_criterion(member, uid)
    drafts.remove_criterion(criterion=criterion, by=member)
    return redirect("rubrics:edit", workspace, criterion.version.uid)


@require_POST
@login_required
def criterion_move(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    member = access_member(request.user, workspace, to="lead")
    criterion = access_criterion(member, uid)
    drafts.move_criterion(criterion=criterion, by=member, up=request.POST.get("to") == "up")
    return redirect("rubrics:edit", workspace, criterion.version.uid)


def _version_context(member: Member, version: RubricVersion) -> dict[str, object]:
    scales = scales_of(version.criteria.order_by("position", "pk"))
    context = {"version": version, "rubric": version.rubric, "scales": scales}
    return _context(member) | context | {"may_edit": member.has(Role.LEAD)}


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
