"""The one table for programs: the same filters as the page, and the same walk through the rows."""

from __future__ import annotations

from base64 import b64decode, b64encode
from urllib.parse import parse_qs
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from evalhub.accounts.access import acting_member, workspace_of
from evalhub.accounts.models import Workspace
from evalhub.browse.choices import Kind
from evalhub.browse.finding import SIZE, found
from evalhub.browse.forms import FIELDS, FilterForm
from evalhub.browse.rows import PARTS, Asked, asked_for, with_newest_campaign
from evalhub.browse.serializers import ROWS, FoundSerializer
from evalhub.common.errors import NotFound

WALK = {"workspace", "cursor", "limit"}
MOST = 500
PARAMETERS = [
    OpenApiParameter("workspace", str, description="its slug; a token needs none"),
    OpenApiParameter("cursor", str, description="as `next` has it"),
    OpenApiParameter("limit", int, description="rows at once, up to 500; 50"),
    *(
        OpenApiParameter(name, str, description="as on the page; see docs/help/browse.md")
        for name in sorted({name for names in FIELDS.values() for name in names})
    ),
]


class BrowseView(APIView):
    kind = Kind.PROMPTS  # which URL it is says otherwise

    @extend_schema(parameters=PARAMETERS, responses=FoundSerializer)
    def get(self, request: Request) -> Response:
        """Rows newest first; `is_stretch`: there may be more than these further back."""
        asked = request.query_params
        workspace = workspace_of(request, asked.get("workspace"))
        member = acting_member(request, workspace, to="build")
        rows = asked_for(self.kind, member.workspace, _criteria(self.kind, member.workspace, asked))
        page = found(
            rows,
            parts=PARTS[self.kind],
            before=_row_named(asked.get("cursor", ""), rows),
            size=_limit(asked.get("limit", "")),
        )
        told = {
            "count": page.count,
            "is_stretch": page.is_stretch,
            "next": page.older
            and replace_query_param(request.build_absolute_uri(), "cursor", _cursor(page.older)),
            "previous": None,  # it is walked one way, as the page is
            "results": ROWS[self.kind](page.rows, many=True).data,
        }
        return Response(told)


def _criteria(kind: Kind, workspace: Workspace, asked: QueryDict) -> dict[str, str]:
    """A filter that the page does not have, or that has a fault, is refused: else more rows would be meant."""
    if unknown := sorted(set(asked) - set(FIELDS[kind]) - WALK):
        told = _("These rows have no such filter; there are: %(known)s.")
        raise ValidationError({unknown[0]: [told % {"known": ", ".join(FIELDS[kind])}]})
    form = FilterForm(with_newest_campaign(kind, workspace, asked), kind=kind, workspace=workspace)
    if not form.is_valid():
        raise ValidationError({name: [*map(str, told)] for name, told in form.errors.items()})
    return form.criteria()


def _limit(text: str) -> int:
    """As the other lists take it: what is no number of rows is left out."""
    is_number = text.isdecimal() and len(text) < 6 and int(text) > 0
    return min(int(text), MOST) if is_number else SIZE


def _cursor(row: UUID) -> str:
    """In the shape of the other lists: a row by its uid."""
    return b64encode(f"p={row}".encode()).decode()


def _row_named(cursor: str, asked: Asked) -> str:
    if not cursor:
        return ""
    try:
        [place] = parse_qs(b64decode(cursor, validate=True).decode())["p"]
        row = UUID(place)
    except (ValueError, KeyError) as error:
        raise NotFound(_("This cursor names no row of the list.")) from error
    if not asked.walked.filter(uid=row).exists():
        raise NotFound(_("This cursor names no row of the list."))
    return str(row)
