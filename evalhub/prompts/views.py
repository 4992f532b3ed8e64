from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from evalhub.accounts.access import access_member
from evalhub.accounts.choices import Role
from evalhub.accounts.http import Request
from evalhub.accounts.models import Member
from evalhub.common.paging import newest_first
from evalhub.prompts.access import access_collection, access_prompt
from evalhub.prompts.models import Collection, Split
from evalhub.prompts.queries import prompts_per_split
from evalhub.prompts.services.collections import set_licence, set_red_team

SHOWN = 50  # completions on the page of one prompt


@require_GET
@login_required
def collection_list(request: Request, workspace: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    collections = Collection.objects.filter(workspace=member.workspace)
    page = newest_first(
        collections.annotate(count=Count("prompts")), before=request.GET.get("before", "")
    )
    return render(request, "prompts/collection_list.html", _context(member) | {"page": page})


@require_GET
@login_required
def collection_detail(request: Request, workspace: str, slug: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    collection = access_collection(member, slug)
    prompts = collection.prompts.select_related("group")
    split = request.GET.get("split", "")
    if split in Split.values:
        prompts = prompts.in_split(Split(split))
    context = _context(member) | {
        "collection": collection,
        "splits": prompts_per_split(collection),
        "may_rewrite": member.has(Role.ENGINEER),
        "may_label": member.has(Role.LEAD),
        "split": split,
        "page": newest_first(prompts, before=request.GET.get("before", "")),
    }
    return render(request, "prompts/collection_detail.html", context)


@require_POST
@login_required
def collection_licence(request: Request, workspace: str, slug: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    collection = access_collection(member, slug)
    set_licence(collection=collection, licence=request.POST.get("licence", ""), by=member)
    return redirect("prompts:collection", workspace, slug)


@require_POST
@login_required
def collection_red_team(request: Request, workspace: str, slug: str) -> HttpResponse:
    member = access_member(request.user, workspace, to="build")
    collection = access_collection(member, slug)
    set_red_team(collection=collection, is_red_team="is_red_team" in request.POST, by=member)
    return redirect("prompts:collection", workspace, slug)


@require_GET
@login_required
def prompt_detail(request: Request, workspace: str, uid: UUID) -> HttpResponse:
    """Names the models of the completions: for leads and engineers only."""
    member = access_member(request.user, workspace, to="build")
    prompt = access_prompt(member, uid)
    completions = prompt.completions.select_related("generation__model").order_by("pk")
    completions = completions.prefetch_related("scores__model")
    context = _context(member) | {
        "prompt": prompt,
        "collection": prompt.collection,
        "completions": completions[:SHOWN],
        "count": completions.count(),
    }
    return render(request, "prompts/prompt_detail.html", context)


def _context(member: Member) -> dict[str, object]:
    return {"member": member, "workspace": member.workspace}
