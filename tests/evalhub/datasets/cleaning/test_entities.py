"""Names and places by Presidio: what is asked, what is missing, and what becomes of texts.

The model of these tests is a rule for three names, installed as spaCy's models are; what a trained one
finds is its authors' matter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalhub.campaigns.models import Task
from evalhub.datasets.cleaning.forms import CleaningForm
from evalhub.datasets.cleaning.options import Cleaning
from evalhub.datasets.cleaning.recipe import CleanText, Recipe
from evalhub.datasets.definition import definition_of
from evalhub.datasets.errors import BadDefinition, CleaningNotReady
from evalhub.prompts.models import Completion
from tests.evalhub.datasets.conftest import Build

ENGLISH = [
    {"label": "PERSON", "pattern": "Ada Lovelace"},
    {"label": "GPE", "pattern": "London"},
    {"label": "ORG", "pattern": "EMAIL"},
    {"label": "PRODUCT", "pattern": "Analytical Engine"},
]
GERMAN = [{"label": "LOC", "pattern": "Ulm"}]
MODEL = """
import spacy

def load(**_):
    nlp = spacy.blank("{language}")
    nlp.meta["version"] = "1.2.0"
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns({patterns})
    return nlp
"""


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installed model of that name, which knows three names; beside it `ein_name`, a German one."""
    for name, language, patterns in [("three_names", "en", ENGLISH), ("ein_name", "de", GERMAN)]:
        (tmp_path / f"{name}.py").write_text(MODEL.format(language=language, patterns=patterns))
        about = tmp_path / f"{name}-1.2.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    return "three_names"


def cleaned(text: str, **options: Any) -> CleanText:
    recipe = Recipe(Cleaning(personal="mask", **options), "answer")
    [found] = recipe.clean([text])
    return found


@pytest.mark.parametrize(
    ("cleaning", "told"),
    [
        ({"entities": ["PERSON"], "personal": "off"}, "cleaning.personal is off"),
        ({"entities": ["PERSON", "EMAIL_ADDRESS"]}, "EMAIL_ADDRESS, which the patterns"),
        ({"entities": ["person"]}, "cleaning.entities"),
        ({"entity_models": {"en": "some_model"}}, "needs cleaning.entities"),
        ({"entities": ["PERSON"], "entities_from": 2}, "cleaning.entities_from"),
    ],
)
def test_what_no_build_could_follow_is_refused_by_its_field(
    cleaning: dict[str, Any], told: str
) -> None:
    with pytest.raises(BadDefinition, match=told):
        definition_of({"cleaning": cleaning})


def test_nobody_looks_for_names_unless_asked() -> None:
    text = "Ada Lovelace of London"

    assert Recipe(Cleaning(), "answer").entities is None
    assert cleaned(text) == CleanText(text, [])


@pytest.mark.django_db
def test_a_build_that_asks_where_it_cannot_be_had_fails_and_says_the_remedy(
    compared: list[Task], build: Build
) -> None:
    made = build(cleaning={"entities": ["PERSON"], "entity_models": {"en": "no_such_model"}})

    assert not made.is_built
    assert made.snapshot is None
    assert "cleaning.entit" in made.job.error
    assert "pip install" in made.job.error or "python -m spacy download" in made.job.error


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"entities": ["PERSON"]}, "PERSON, which nothing here finds: name a spaCy model"),
        ({"entities": ["CRYPTO", "NO_SUCH"]}, "NO_SUCH, which nothing here finds: leave"),
        ({"entities": ["PERSON"], "entity_models": {"en": "three_names==9.9"}}, "9.9.*1.2.0"),
        ({"entities": ["PERSON"], "entity_models": {"de": "three_names"}}, "under de.*reads en"),
        ({"entities": ["NRP"], "entity_models": {"en": "three_names"}}, "NRP, which nothing"),
    ],
)
def test_what_nothing_here_finds_is_said(names: str, asked: dict[str, Any], told: str) -> None:
    with pytest.raises(CleaningNotReady, match=told):
        Recipe(Cleaning(**asked), "answer")


def test_names_are_masked_outside_code_and_masks_are_let_alone(names: str) -> None:
    text = "Ada Lovelace (ada@x.org) of London wrote to [EMAIL]: `London` on an Analytical Engine"

    found = cleaned(
        text, entities=["PERSON", "LOCATION", "ORGANIZATION"], entity_models={"en": names}
    )

    assert found.text == (
        "[PERSON] ([EMAIL]) of [LOCATION] wrote to [EMAIL]: `London` on an Analytical Engine"
    )
    assert [each.what for each in found.findings] == [
        "masked 1 × email",
        "masked 1 × location",
        "masked 1 × person",
    ]


def test_patterns_of_presidio_need_no_model() -> None:
    text = "My social security number is 536-90-4399, I said."

    assert cleaned(text, entities=["US_SSN"]).text == text.replace("536-90-4399", "[US_SSN]")
    assert cleaned(text, entities=["US_SSN"], entities_from=0.9).text == text


def test_a_long_text_is_read_piece_by_piece_and_places_stay_right(names: str) -> None:
    text = "London calling. " * 2600  # more than two pieces

    found = cleaned(text + "Ada Lovelace", entities=["PERSON"], entity_models={"en": names})

    assert found.text == text + "[PERSON]"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("The train from London to Ulm is late again today.", "from [LOCATION] to Ulm"),
        ("Der Zug von London nach Ulm ist heute schon wieder verspätet.", "London nach [LOCATION]"),
        ("London, Ulm", "[LOCATION], [LOCATION]"),
        ("Le train de Londres à Ulm est encore en retard, comme tous les jours.", "à Ulm est"),
    ],
)
def test_of_several_models_that_of_the_language_reads(names: str, text: str, masked: str) -> None:
    models = {"en": names, "de": "ein_name"}

    assert masked in cleaned(text, entities=["LOCATION"], entity_models=models).text


@pytest.mark.django_db
def test_a_build_masks_names_and_states_by_what(
    compared: list[Task], build: Build, names: str
) -> None:
    completion = compared[0].completions.get(placed__place=0)
    Completion.objects.filter(pk=completion.pk).update(content="It was Ada Lovelace, I think.")
    asked = {"entities": ["PERSON"], "entity_models": {"en": names}, "personal": "mask"}

    plain, made = build(cleaning={"personal": "mask"}), build(cleaning=asked)
    again = build(cleaning=asked)

    told = made.manifest["cleaning"]["entities"]
    assert told["engine"] == "presidio-analyzer"
    assert told["models"] == {"en": "three_names 1.2.0"}
    assert "entities" not in plain.manifest["cleaning"]
    assert made.digest == again.digest != plain.digest
    assert made.manifest["cleaning"]["texts"]["known"] == 0  # another recipe, another digest
    assert again.manifest["cleaning"]["texts"]["cleaned"] == 0


def test_the_form_reads_names_and_models() -> None:
    form = CleaningForm(
        {"entities": "person, us_ssn", "entity_models": "en=en_core_web_sm, de=de_core_news_sm"}
    )

    assert form.is_valid(), form.errors
    options = form.options()
    assert options["entities"] == ["PERSON", "US_SSN"]
    assert options["entity_models"] == {"en": "en_core_web_sm", "de": "de_core_news_sm"}
    wrong = CleaningForm({"entity_models": "en_core_web_sm"})
    assert "en=en_core_web_sm" in wrong.errors["entity_models"][0]
