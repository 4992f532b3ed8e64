"""Numbers of single answers, against published vectors and by hand; nothing is loaded but the libraries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from training.contract import RunSpec
from training.environment import describe
from training.errors import InputError
from training.metrics.asked import Asked, asked_of
from training.metrics.forms import LeadsOut, TooSlow, checker_of, is_valid, matches, pattern_of
from training.metrics.labels import read_label
from training.metrics.overlap import (
    bleu_statistics,
    chrf_statistics,
    corpus_bleu,
    corpus_chrf,
    meteor_score,
    rouge_scores,
    ter_fits,
    ter_statistics,
)
from training.metrics.plugins import directions, installed, values_of
from training.metrics.told import told, too_slow
from training.metrics.words import distinct, exact_match, is_refusal, normalised, token_f1
from training.rows import Row

# google-research/rouge: rouge_scorer_test.py and its testdata, from runs of ROUGE-1.5.5
TARGETS = (
    "ZfbCUIUuePaiLVUlCaUXxkpu XPeWing tUHfPMuZ',-Xd Y BrUgVJing M-HV.-DgdDaY.rFDJCRing Ht-LM EKBDXkME,yz'RBr q'wtion wIojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxer tKM L",
    "KsJdPByEtAor fE-Qg Dpdbring cw-WeFyu vC MoBL Xdn g wkvcEiGvKtion BDFhrpMtion psing sbKao Q m qiing LMmer HqqLFXe,XPY,J XsurkMer ,ed nB'wH'bWVHjWFEing tQ.saefZwJtKrTlixYpMMsJing UCAPwNHeYVjDing c T BUySKtion gMPfJpwGw p'NvxAoping eu pBwMBKV'I DNxqelhu,PHPxDEq,mtion SN",
    "NhETebUbBk'er WOvoHMTjSRizKgH'vHiing Xu,hWxfs VkNE QhgKiLHE -HidivzoM.dO anhtion jbLQiSGDTCsuhREebUaKM dv J dVN tmbOT",
    "vMR HDm,xOAetion D,tion HJtodT.mHl UIv-p VjWH'BdyWjnfGU-OjT aEMdFICyLWfQMtion wEMfdOKing AwkeKbO 'DxqNOHBH qKtVvm OYJl mM",
)
PREDICTIONS = (
    "rFDJCRtion Ht-LM EKtDXkME,yz'RBr q'wer wrojNbN wL,b .a-'XdQggyFl jB-RPP'iyOIcUxi",
    "n cw-WeFyu vC MoBL Xdn g wkvcEiGvKtion BDFhrpMer pstion sbKao Q m qier LMmed HqqLFXe,XPY,J XsurkMeo ,ed nB'wH'bWVHjWFEer tQ.saefZwJtKrTlixYpMMNJtion UCAPwNHeYVjD",
    "xfs VkJE QhgKiLHE -HidivzoM.dO anhing jbLQiSGDTCsuhREebUaKM dv J",
    "VjWH'BdyWjnfGU-OjTNaEMdFICyLWfQMing wEMfdOKijg AwkeKbO 'DxqNO",
)
SCHEMA = {"type": "object", "required": ["age"], "properties": {"age": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("reference", "said", "wanted"),
    [
        (TARGETS[0], PREDICTIONS[0], {"rouge1": 0.51163, "rouge2": 0.39024}),
        (TARGETS[1], PREDICTIONS[1], {"rouge1": 0.52941, "rouge2": 0.36364}),
        ("testing one two", "testing", {"rouge1": 1 / 2}),
        ("testing one two", "testing one", {"rouge2": 2 / 3, "rougeL": 4 / 5}),
        ("testing one two", "testing two", {"rougeL": 4 / 5}),
        ("testing one two", "", {"rouge1": 0, "rouge2": 0, "rougeL": 0, "rougeLsum": 0}),
        ("w1 w2 w3 w4 w5", "w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", {"rougeLsum": 8 / 15}),
        ("w1 w2 w3 w4 w5", "/", {"rougeLsum": 0}),
        ("\n".join(TARGETS), "\n".join(PREDICTIONS), {"rougeLsum": 0.47205}),
    ],
)
def test_rouge_is_that_of_googles_tests(
    reference: str, said: str, wanted: dict[str, float]
) -> None:
    found = rouge_scores(said, reference)
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, abs=5e-6)


# mjpost/sacrebleu: test/test_ter.py
SHIFTED = ("d e f g h a b c", "a b c d e f g h", 12.5)


@pytest.mark.parametrize(
    ("said", "reference", "wanted"),
    [
        ("aaaa bbbb cccc dddd", "aaaa bbbb cccc dddd", 0),
        ("dddd eeee ffff", "aaaa bbbb cccc", 100),
        ("", "a", 100),
        SHIFTED,
    ],
)
def test_ter_is_that_of_sacrebleus_tests(said: str, reference: str, wanted: float) -> None:
    edits, words = ter_statistics(said, reference)
    assert 100 * edits / words == pytest.approx(wanted)


def test_ter_of_several_rows_is_that_of_sacrebleus_tests() -> None:
    """WMT dev data of 2019, the first and the fourth of the five rows, and two that are equal."""
    from sacrebleu.metrics.ter import TER

    said = [
        "Sie können beispielsweise ein Dokument erstellen , das ein Auto über die Bühne enthält .",
        'wählen Sie im Dialogfeld " Neu aus Vorlage " eine Vorlage aus und klicken Sie auf " Neu . "',
    ]
    meant = [
        "Sie können beispielsweise ein Dokument erstellen , das ein Auto enthalt , das sich über die Bühne bewegt .",
        said[1],
    ]
    rows = [ter_statistics(*pair) for pair in zip(said, meant, strict=True)]
    edits, words = (sum(column) for column in zip(*rows, strict=True))
    assert 100 * edits / words == pytest.approx(TER().corpus_score(said, [meant]).score)


def test_ter_is_left_out_where_it_would_take_long_unless_asked_for() -> None:
    """By the references and the options, never by what a model said."""
    long = ["word " * 41, None]
    assert ter_fits("short", ["word " * 40, None], max_new_tokens=128)
    assert not ter_fits("short", long, max_new_tokens=96)
    assert not ter_fits("short", ["word"], max_new_tokens=129)
    assert ter_fits("always", long, max_new_tokens=512)
    assert not ter_fits("never", ["word"], max_new_tokens=1)
    asked = asked_of([row(reference="yes")])["r1"]
    assert "ter" in told("yes", asked)
    assert "ter" not in told("yes", asked, ter=False)


@pytest.mark.parametrize(  # mjpost/sacrebleu: test/test_bleu.py, its smoothing apart
    ("said", "reference", "wanted"),
    [
        ("this is a test", "this is a test", 100.0),
        ("", "The dog bit the man.", 0.0),
    ],
)
def test_bleu_is_that_of_sacrebleus_tests(said: str, reference: str, wanted: float) -> None:
    assert corpus_bleu([bleu_statistics(said, reference)]) == pytest.approx(wanted)


def test_what_bleu_sums_is_what_sacrebleus_tests_count() -> None:
    """test_bleu.py, test_case_statistics and test_case_scoring: 4, 2, 1 of 6, 5, 4; BLEU of sums 0.8376."""
    said, reference = "am I am a character sequence", "I am a symbol string sequence a a"
    assert bleu_statistics(said, reference) == [6, 8, 4, 2, 1, 0, 6, 5, 4, 3]
    assert corpus_bleu([[11, 11, 9, 7, 5, 3, 10, 8, 6, 4]]) == pytest.approx(83.75922397)


@pytest.mark.parametrize(  # test_chrf.py has beta = 3; where answer and reference are equal beta is none
    ("said", "reference", "wanted"),
    [
        ("a", "a", 100.0),
        ("a b c", "abc", 100.0),
        ("", "reference", 0.0),
        ("aa", "ab", 25.0),
        ("Niemand hat die Absicht, eine Mauer zu errichten", "Niemand hat die Absicht, eine Mauer zu errichten", 100.0),
    ],
)  # fmt: skip
def test_chrf_is_that_of_sacrebleus_tests(said: str, reference: str, wanted: float) -> None:
    assert corpus_chrf([chrf_statistics(said, reference)]) == pytest.approx(wanted)


def test_meteor_without_wordnet_by_hand() -> None:
    """ "The cats sat", "The cat is sitting": "the" is equal, "cats" and "cat" have one stem, "sat" none.

    Precision 2/3, recall 2/4: F = PR / (0.9 P + 0.1 R) = (1/3) / 0.65; one chunk of two matches takes
    half of (1/2)³, a sixteenth.
    """
    name, score = meteor_score("The cats sat", "The cat is sitting")
    assert name == "meteor_exact_stem"
    assert score == pytest.approx((1 / 3) / 0.65 * (15 / 16), abs=1e-6)
    assert meteor_score("", "The cat")[1] == 0


def test_meteor_without_wordnet_is_nltks_example() -> None:
    """Of nltk's own test 0.6944: all its matches are equal words, so WordNet adds none."""
    said = "It is a guide to action which ensures that the military always obeys the commands of the party"
    meant = (
        "It is a guide to action that ensures that the military will forever heed Party commands"
    )
    assert meteor_score(said, meant)[1] == pytest.approx(0.6944, abs=5e-5)


def test_squads_normalisation_and_f1_by_hand() -> None:
    """Shared are "big" and "cat", of 3 and 2 words: 2 · 2 / 5."""
    assert normalised("The  Cat!") == "cat"
    assert exact_match("an answer.", "Answer") == 1
    assert exact_match("an answer", "no answer") == 0
    assert token_f1("a big red cat", "the big cat") == pytest.approx(4 / 5)
    assert (token_f1("", ""), token_f1("", "cat"), token_f1("dog", "cat")) == (1, 0, 0)


def test_distinct_counts_within_an_answer() -> None:
    assert distinct("Yes yes, no.", 1) == [2, 3]
    assert distinct("yes no yes no", 2) == [2, 3]
    assert distinct("", 2) == [0, 0]


@pytest.mark.parametrize(
    "said",
    [
        "I'm sorry, but I can't help with that.",
        "I cannot assist with this request.",
        "As an AI language model, I have no opinion.",
        "Es tut mir leid, das geht nicht.",
        "Dabei kann ich leider nicht helfen.",
        "Ich darf Ihnen dazu keine Auskunft geben.",
    ],
)
def test_a_refusal_is_known_by_its_words(said: str) -> None:
    assert is_refusal(said)


@pytest.mark.parametrize(
    "said",
    [
        "You cannot divide by zero.",
        "Ich kann das: es sind 4.",
        "She said that she was sorry.",
        "x " * 150 + "I cannot say.",
    ],
)
def test_other_answers_are_no_refusals(said: str) -> None:
    assert not is_refusal(said)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("Positive", "positive"),
        ("It is very  positive!", "very positive"),
        ("positive or negative", None),
        ("positively", None),
        ("", None),
    ],
)
def test_the_label_of_an_answer(said: str, wanted: str | None) -> None:
    assert read_label(said, ["positive", "negative", "very positive"]) == wanted


def test_json_is_valid_by_its_schema_and_as_a_whole() -> None:
    checker = checker_of(SCHEMA)
    assert is_valid(' {"age": 4} ', checker)
    for said in ('{"age": "4"}', "{}", '{"age": 4', 'Here: {"age": 4}', "[" * 100_000):
        assert not is_valid(said, checker)


def test_json_that_is_nested_beyond_reason_is_not_valid() -> None:
    deep = checker_of({"$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"})
    assert is_valid("[[1]]", deep)
    assert not is_valid("[" * 900 + "]" * 900, deep)


def test_nothing_is_fetched_for_a_schema() -> None:
    checker = checker_of({"$ref": "http://127.0.0.1:9/schema.json"})
    with pytest.raises(LeadsOut, match="what is not in it"):
        is_valid("{}", checker)


def test_a_pattern_that_never_ends_says_nothing() -> None:
    endless, said = r"(a|a)+(?P<x>b)(?P=x)c", "a" * 40
    with pytest.raises(TooSlow):
        matches(said, pattern_of(endless))
    found = told(f'"{said}"', Asked(checker=checker_of({"pattern": endless})))
    assert found["valid_json"] is None
    assert too_slow(found)


def row(number: int = 1, reference: str | None = None, **judged: Any) -> Row:
    return Row(number, f"r{number}", "g", {"prompt": "?"}, reference, None, judged)


def test_only_what_a_row_carries_is_told() -> None:
    bare = told("Yes.", Asked())
    assert set(bare) == {"refused", "distinct1", "distinct2"}
    asked = asked_of([row(reference="yes", label="Yes", schema="true", pattern="^Y")])["r1"]
    full = told("Yes.", asked)
    assert (full["exact_match"], full["said_label"], full["pattern_found"]) == (1, "yes", 1)
    assert full["valid_json"] == 0


def test_labels_are_those_of_the_whole_set() -> None:
    asked = asked_of([row(1, label="No"), row(2, label="yes"), row(3, label="no")])
    assert asked["r3"].labels == ("no", "yes")
    assert (asked["r3"].texts, asked["r3"].right) == (("No", "yes"), 0)


@pytest.mark.parametrize("label", ["Paris", 1, "b", "B"])
def test_the_right_choice_is_said_in_several_ways(label: str | int) -> None:
    assert asked_of([row(choices=["Rome", "Paris"], label=label)])["r1"].right == 1


def test_a_number_is_the_place_also_among_choices_that_are_numbers() -> None:
    """Sums in MMLU's form; as text 2 may mean either."""
    choices = ["8", "2", "24", "120"]
    assert asked_of([row(choices=choices, label=2)])["r1"].right == 2
    assert asked_of([row(choices=choices, label="120")])["r1"].right == 3
    assert asked_of([row(choices=choices, label="c")])["r1"].right == 2
    with pytest.raises(InputError, match="give the place as a number"):
        asked_of([row(choices=choices, label="2")])


@pytest.mark.parametrize(
    ("judged", "why"),
    [
        ({"choices": ["a"], "label": 0}, "'choices' must be a list of two or more texts"),
        ({"choices": ["a", "a"], "label": 0}, "each choice must be another"),
        ({"choices": ["a", "b"]}, "'label' must say which of the choices is right"),
        ({"choices": ["a", "b"], "label": 2}, "'label' must say which"),
        ({"label": ["x"]}, "'label' is a list, but must be text"),
        ({"schema": {"type": "nothing"}}, "'schema' is no JSON schema"),
        ({"schema": {"patternProperties": {"(a+)+$": True}}}, "cannot be given a time limit"),
        ({"schema": "{"}, "'schema' is no JSON schema"),
        ({"pattern": "("}, "'pattern' is no regular expression"),
    ],
)
def test_a_faulty_column_is_named_with_row_and_remedy(judged: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match="row 4") as caught:
        asked_of([row(4, **judged)])
    assert why in str(caught.value)


PLUGIN = """
def thanks(answers, references):
    return [None if known is None else float("thank" in said) for said, known in zip(answers, references)]

def short(answers, references):
    return [1.0]

def long(answers, references):
    return [float(len(said)) for said in answers]

long.better = "lower"

def odd(answers, references):
    return [1.0 for said in answers]

odd.better = "more"
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, points: str) -> None:
    """A package as pip leaves it."""
    info = folder / "polite-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: polite\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[evalhub.metrics]\n{points}\n")
    (folder / "polite.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(folder)


def test_a_plug_in_gives_its_figure_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "politeness = polite:thanks")
    rows = values_of(installed(), ["thank you", "no", "thanks"], ["x", "x", None])
    assert rows == [{"plugin_politeness": 1.0}, {"plugin_politeness": 0.0}, {}]


def test_an_evaluation_remembers_the_packages_of_its_plug_ins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "plugins" not in describe(RunSpec(recipe="evaluate"))
    install(tmp_path, monkeypatch, "politeness = polite:thanks\nodd = polite:odd")
    told = describe(RunSpec(recipe="evaluate"))["plugins"]
    assert told == {"odd": "polite 1.0", "politeness": "polite 1.0"}
    assert "plugins" not in describe(RunSpec(recipe="sft"))


def test_a_plug_in_says_which_way_is_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "politeness = polite:thanks\nwords = polite:long")
    assert directions(installed()) == [
        {"figure": "plugin_politeness", "better": "neither"},
        {"figure": "plugin_words", "better": "lower"},
    ]


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ("Polite-1 = polite:thanks", "small letters"),
        ("polite = polite:missing", "cannot be imported"),
        ("polite = polite:short", "for each of the 2 answers"),
        ("polite = polite:odd", "'more' is better, but `better` must be one of higher, lower"),
    ],
)
def test_a_plug_in_that_fails_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, points: str, why: str
) -> None:
    install(tmp_path, monkeypatch, points)
    with pytest.raises(InputError, match=why):
        values_of(installed(), ["a", "b"], [None, None])
