"""For workers that reach only HTTPS. Every door asks for the lease: run, attempt and worker."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evalhub.remote import serializers as told
from evalhub.remote.access import access_lent, acting_worker
from evalhub.remote.errors import UnfitReport
from evalhub.remote.pieces import piece_of
from evalhub.remote.queries import lent, open_base_file, open_file
from evalhub.remote.services import follow, give_run_back, hand_in, keep_checkpoint, take_run
from evalhub.remote.uploads import missing_of, store_upload
from training.names import SHA256

ATTEMPT = OpenApiParameter("attempt", OpenApiTypes.INT, required=True)
MOST_BODY = 8 * 2**20  # bytes of JSON


def _asked(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BODY:
        raise UnfitReport(f"A body has {MOST_BODY:,} bytes at most; send fewer events at once.")
    asked = kind(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


class TakeView(APIView):
    @extend_schema(request=told.TakeSerializer, responses={200: OpenApiTypes.OBJECT, 204: None})
    def post(self, request: Request) -> Response:
        """Take the run that has waited longest; 204 when none waits."""
        worker = acting_worker(request)
        run = take_run(worker=worker, **_asked(told.TakeSerializer, request))
        return Response(status=204) if run is None else Response(lent(run))


class FetchView(APIView):
    @extend_schema(
        parameters=[ATTEMPT], request=told.FetchSerializer, responses={200: OpenApiTypes.BINARY}
    )
    def post(self, request: Request, uid: UUID) -> FileResponse:
        """16 MB of a file that the run reads, from a byte on."""
        run = access_lent(request, uid)
        asked = _asked(told.FetchSerializer, request)
        if "sha256" in asked:
            stream = open_file(run, asked["sha256"])
        else:
            stream = open_base_file(run, asked.get("base", ""), of_teacher=asked["of_teacher"])
        return piece_of(stream, start=asked["start"])


class EventsView(APIView):
    @extend_schema(
        parameters=[ATTEMPT], request=told.EventsSerializer, responses=told.FollowedSerializer
    )
    def post(self, request: Request, uid: UUID) -> Response:
        """Lines of events.jsonl, or none: the lease is renewed either way."""
        run = access_lent(request, uid)
        asked = _asked(told.EventsSerializer, request)
        wish = follow(run=run, events=asked["events"])
        return Response({"cancel": wish == "cancel", "pause": wish == "pause"})


class MissingView(APIView):
    @extend_schema(
        parameters=[ATTEMPT], request=told.DigestsSerializer, responses=told.MissingSerializer
    )
    def post(self, request: Request, uid: UUID) -> Response:
        """Which of these files the run has not sent yet."""
        run = access_lent(request, uid)
        return Response(
            {"missing": missing_of(run, _asked(told.DigestsSerializer, request)["sha256"])}
        )


class UploadView(APIView):
    @extend_schema(
        parameters=[ATTEMPT, OpenApiParameter("sha256", OpenApiTypes.STR, required=True)],
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={204: None},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        """One file, as the body; it is known by its sha256."""
        run = access_lent(request, uid)
        sha256 = request.query_params.get("sha256", "")
        size = request.META.get("CONTENT_LENGTH") or ""
        if not SHA256.fullmatch(sha256) or not size.isdecimal():
            raise UnfitReport("An upload says its sha256 and its length.")
        store_upload(run, sha256=sha256, size=int(size), body=request._request)
        return Response(status=204)


class CheckpointView(APIView):
    @extend_schema(parameters=[ATTEMPT], request=told.CheckpointSerializer, responses={204: None})
    def post(self, request: Request, uid: UUID) -> Response:
        """A checkpoint whose files were sent; the last two are kept."""
        run = access_lent(request, uid)
        keep_checkpoint(run=run, **_asked(told.CheckpointSerializer, request))
        return Response(status=204)


class EndView(APIView):
    @extend_schema(parameters=[ATTEMPT], request=told.EndSerializer, responses={204: None})
    def post(self, request: Request, uid: UUID) -> Response:
        """The trainer has ended, well or not."""
        run = access_lent(request, uid)
        hand_in(run=run, **_asked(told.EndSerializer, request))
        return Response(status=204)


class ReturnView(APIView):
    @extend_schema(parameters=[ATTEMPT], request=None, responses={204: None})
    def post(self, request: Request, uid: UUID) -> Response:
        """The worker stops before the end, because it must go or a person asked for it."""
        give_run_back(run=access_lent(request, uid))
        return Response(status=204)
