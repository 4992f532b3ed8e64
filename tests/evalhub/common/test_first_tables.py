"""A new table's model joins those that are rendered, and they stay as they are."""

from __future__ import annotations

from django.db import models
from django.db.migrations.state import ProjectState

from evalhub.common.first_tables import CreateModel

KEY = ("id", models.BigAutoField(primary_key=True))


def test_a_model_that_refers_to_another_leaves_it_as_it_was() -> None:
    state = ProjectState()
    CreateModel("Shelf", [KEY]).state_forwards("library", state)
    shelf = state.apps.get_model("library", "shelf")
    assert shelf._meta.related_objects == ()

    to_shelf = models.ForeignKey("library.Shelf", models.CASCADE, related_name="books")
    CreateModel("Book", [KEY, ("shelf", to_shelf)]).state_forwards("library", state)

    book = state.apps.get_model("library", "book")
    assert book._meta.get_field("shelf").remote_field.model is shelf
    assert state.apps.get_model("library", "shelf") is shelf
    assert [each.related_model for each in shelf._meta.related_objects] == [book]


def test_the_state_before_knows_nothing_of_it() -> None:
    before = ProjectState()
    CreateModel("Shelf", [KEY]).state_forwards("library", before)
    assert before.apps.get_model("library", "shelf")

    after = before.clone()
    CreateModel("Book", [KEY]).state_forwards("library", after)

    assert ("library", "book") not in before.models
    assert {model.__name__ for model in before.apps.get_models()} == {"Shelf"}
    assert {model.__name__ for model in after.apps.get_models()} == {"Shelf", "Book"}
