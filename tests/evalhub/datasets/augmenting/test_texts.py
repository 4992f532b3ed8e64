"""What each way makes of texts; no database."""

from __future__ import annotations

import time

import pytest

from evalhub.datasets.augmenting.lists import LISTS
from evalhub.datasets.augmenting.protected import changed_outside
from evalhub.datasets.augmenting.sentences import sentences_of, shuffled
from evalhub.datasets.augmenting.swaps import Swap
from evalhub.datasets.augmenting.variants import Texts, maker_of
from evalhub.datasets.augmenting.words import Thesaurus
from evalhub.datasets.definition import definition_of
from evalhub.datasets.errors import BadDefinition


def ask(text: str, *answers: str) -> Texts:
    return Texts([{"role": "user", "content": text}], answers)


def asked(texts: Texts | None) -> str:
    assert texts is not None
    return str(texts.messages[-1]["content"])


def way(**told: object) -> object:
    return definition_of({"augment": [{"share": 0.5} | told]}).augment[0]


def test_words_are_replaced_whole_in_their_case_and_the_same_one_throughout() -> None:
    big = Thesaurus({"big": ["large", "huge"]})

    told = big.replaced(
        "A big dog, a Big cat, BIG news, a bigger one, big-eyed.", keep=set(), by="7"
    )

    other = told.split()[1]
    assert other in ("large", "huge")
    assert told == (
        f"A {other} dog, a {other.capitalize()} cat, {other.upper()} news, a bigger one, big-eyed."
    )


@pytest.mark.parametrize(
    "kept",
    [
        "```\nbig = 1\n```",
        "`big`",
        "https://big.example/big",
        "big@big.example",
        "<big>",
        "⟨|big|⟩",
        "[BIG]",
        "big2",
        "2025-big1",
        "User: x",
    ],
)
def test_code_addresses_numbers_and_control_words_stay(kept: str) -> None:
    words = Thesaurus({"big": ["large"], "user": ["customer"]})

    assert words.replaced(f"{kept}\nbig", keep=set(), by="") == f"{kept}\nlarge"


def test_a_word_that_an_answer_takes_up_stays_in_the_prompt_and_answers_never_change() -> None:
    make = maker_of(way(by="word_replacement", words={"big": ["large"], "dog": ["hound"]}))

    made = make(ask("Is a big dog loud?", "A big one is."), "r1")

    assert made == ask("Is a big hound loud?", "A big one is.")


def test_a_raw_text_is_changed_itself() -> None:
    make = maker_of(way(by="word_replacement", words={"big": ["large"]}))

    assert make(Texts([], ("A big dog.",)), "r1") == Texts([], ("A large dog.",))


def test_sentences_move_but_questions_and_the_last_one_do_not() -> None:
    text = "I live in Bonn. My cat is old. What now? Rain falls. Please help."

    told = shuffled(text, by="1")

    assert told != text
    assert sorted(sentences_of(told)) == sorted(sentences_of(text))
    assert sentences_of(told)[2] == "What now?"
    assert told.endswith("Please help.")
    assert shuffled(text, by="1") == told


@pytest.mark.parametrize(
    "text",
    [
        "Two only. Nothing moves.",
        "I have a cat. It is old. Cats sleep. Bye.",  # goes on from the one before it
        "- One thing. Two things. Three things.",
        "Cats. `code`. Dogs. Birds.",
        "Cats sleep.\nDogs bark. Birds sing. Fish swim.",
        "See e.g. Mr. Smith. Now.",
        "User: Cats sleep. Dogs bark. Fish swim.",
    ],
)
def test_what_may_hang_on_its_order_keeps_it(text: str) -> None:
    assert all(shuffled(text, by=str(seed)) == text for seed in range(5))


def test_answers_are_never_shuffled() -> None:
    make = maker_of(way(by="sentence_shuffle"))
    answer = "Boil water. Add salt. Add rice. Wait."

    made = make(ask("Rice is here. Salt is there. Tell me.", answer), "r")

    assert made is not None
    assert made.answers == (answer,)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("He said she would.", "She said he would."),
        ("I saw her and left her alone.", "I saw him and left his alone."),  # the limit of one word
        ("Her father gave him her book.", "His mother gave her his book."),
        ("The book is hers. HIS is old.", "The book is his. HERS is old."),
        ("He’s Mr. Lee’s son-in-law.", "She’s Ms. Lee’s daughter-in-law."),
        ("Mrs. Lee and her mom", "Mr. Lee and his dad"),
        ("Shepherds there", "Shepherds there"),
    ],
)
def test_gender_is_swapped_with_its_pronouns(given: str, told: str) -> None:
    assert Swap(LISTS["gender_en"]).swapped(given) == told


def test_prompt_and_answers_are_swapped_alike() -> None:
    make = maker_of(way(by="counterfactual_swap", lists=["names_en"], pairs=[["Berlin", "Lagos"]]))

    made = make(ask("Emily of Berlin?", "Emily is kind.", "Lagos? No."), "r")

    assert made == ask("Lakisha of Lagos?", "Lakisha is kind.", "Berlin? No.")


def test_a_row_that_could_only_be_half_swapped_is_none() -> None:
    make = maker_of(way(by="counterfactual_swap", lists=["gender_en"]))
    calls = Texts([{"role": "tool", "content": "he"}, {"role": "user", "content": "he?"}], ("x",))

    assert make(ask("Why is `he` here, he asks", "x"), "r") is None
    assert make(calls, "r") is None


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ({"augment": [{"by": "magic", "share": 0.1}]}, "magic"),
        ({"augment": [{"by": "sentence_shuffle", "share": 0.6}]}, "augment_cap"),
        ({"augment": [{"by": "word_replacement", "share": 0.1, "words": {}}]}, "length"),
        ({"augment": [{"by": "counterfactual_swap", "share": 0.1}]}, "needs pairs"),
        (
            {"augment": [{"by": "counterfactual_swap", "share": 0.1, "pairs": [["a", "b"], ["B", "c"]]}]},
            "two pairs",
        ),
        (
            {
                "augment": [
                    {"by": "counterfactual_swap", "share": 0.1, "lists": ["gender_en"], "pairs": [["he", "they"]]}
                ]
            },
            "two pairs",
        ),
    ],
)  # fmt: skip
def test_what_no_build_could_follow_is_refused(definition: dict[str, object], told: str) -> None:
    with pytest.raises(BadDefinition, match=told):
        definition_of(definition)


@pytest.mark.parametrize(
    "hostile",
    ["`" * 60_000, "a" * 60_000, " " * 60_000, "A. " * 20_000, "⟨" * 60_000, "x." * 30_000],
)
def test_hostile_texts_take_linear_time(hostile: str) -> None:
    begun = time.process_time()

    changed_outside(hostile, str.lower)
    shuffled(hostile, by="")
    Swap(LISTS["gender_en"]).swapped(hostile)

    assert time.process_time() - begun < 1


def test_rows_that_call_tools_are_not_swapped_and_their_words_stay() -> None:
    swap = maker_of(way(by="counterfactual_swap", lists=["gender_en"]))
    words = maker_of(way(by="word_replacement", words={"big": ["large"], "dog": ["hound"]}))
    calls = ask("Does he have a big dog?", "I look.")._replace(calls='{"size": "big"}')

    assert swap(calls, "r") is None
    assert asked(words(calls, "r")) == "Does he have a big hound?"
