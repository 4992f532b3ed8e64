from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evalhub.common.labels import LABEL
from evalhub.remote.bodies import MOST_EVENTS, MOST_FILES
from training.names import CHECKPOINT, SHA256

_DIGEST = SHA256.pattern


class TakeSerializer(serializers.Serializer[Any]):
    name = serializers.RegexField(
        r"^[A-Za-z0-9_.-]{1,60}$", help_text="of this process, on no other"
    )
    labels = serializers.ListField(
        child=serializers.RegexField(f"^{LABEL}$"), default=list, max_length=10
    )


class FetchSerializer(serializers.Serializer[Any]):
    """One of `sha256`, for a file of the run, and `base`, for one of its base model by path, or of its teacher's."""

    sha256 = serializers.RegexField(f"^{_DIGEST}$", required=False)
    base = serializers.CharField(max_length=400, required=False)
    of_teacher = serializers.BooleanField(default=False)
    start = serializers.IntegerField(min_value=0, default=0, help_text="the first byte wanted")


class EventsSerializer(serializers.Serializer[Any]):
    events = serializers.ListField(child=serializers.DictField(), max_length=MOST_EVENTS)


class FollowedSerializer(serializers.Serializer[Any]):
    cancel = serializers.BooleanField(help_text="a person asked to stop")
    pause = serializers.BooleanField(help_text="a person holds it: hand it back")


class DigestsSerializer(serializers.Serializer[Any]):
    sha256 = serializers.ListField(
        child=serializers.RegexField(f"^{_DIGEST}$"), max_length=MOST_FILES
    )


class MissingSerializer(serializers.Serializer[Any]):
    missing = serializers.ListField(child=serializers.CharField())


class CheckpointSerializer(serializers.Serializer[Any]):
    name = serializers.RegexField(f"^{CHECKPOINT.pattern}$")
    files = serializers.DictField(child=serializers.CharField(), help_text="sha256 by path")

    def validate_files(self, files: dict[str, str]) -> dict[str, str]:
        if not 0 < len(files) <= MOST_FILES:
            raise serializers.ValidationError(f"1 to {MOST_FILES} files.")
        return files


class EndSerializer(serializers.Serializer[Any]):
    result = serializers.DictField(help_text="result.json of the attempt")
    files = serializers.DictField(
        child=serializers.CharField(), help_text="sha256 by path: the artifacts, and log.txt"
    )
