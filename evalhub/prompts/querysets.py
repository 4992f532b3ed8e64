"""What texts and slices are found by. The functions are the database's, made in a migration, so that an
index, its statistics and the question are about the same thing."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db.models import Func, TextField


def words_of(field: str) -> Func:
    """The words of a conversation or a text, of its first 100,000 characters, whatever their case."""
    return Func(field, function="evalhub_words", output_field=SearchVectorField())


def slices_of(field: str) -> Func:
    """`{"language": "de"}` as ["language=de"]: so the planner knows how frequent each is."""
    return Func(field, function="evalhub_slices", output_field=ArrayField(TextField()))
