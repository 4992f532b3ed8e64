"""Agreement and reliability on real people's answers, as each set's EXPECTED.json has them."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from evalhub.stats.agreement import Coded, Level, alpha, coded, coincidences
from evalhub.stats.reliability import dawid_skene
from tests.real.conftest import real_file


def alpha_of(answers: Coded, level: Level) -> float:
    return float(alpha(coincidences(answers.counts()), values_V=answers.values_V, level=level)[0])


def test_ratings_of_recipes() -> None:
    expected = json.loads(real_file("recipes_likert/EXPECTED.json").read_text())
    with real_file("recipes_likert/ratings.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    item = np.array([f"{row['recipeid']}/{row['condition']}" for row in rows])
    person = np.array([row["participant"] for row in rows])
    assert (len(rows), len(set(person)), len(set(item))) == (
        expected["rows"],
        expected["participants"],
        expected["items"],
    )
    for criterion in ("grammar", "fluency", "verbosity", "structure", "success", "overall"):
        answers = coded(item, person, np.array([float(row[criterion]) for row in rows]))
        for level in (Level.ORDINAL, Level.INTERVAL):
            wanted = expected[criterion][f"alpha_{level}"]
            assert alpha_of(answers, level) == pytest.approx(wanted, abs=1e-5), (criterion, level)


def test_factuality_of_summaries() -> None:
    expected = json.loads(real_file("xsum_hallucination/EXPECTED.json").read_text())
    name = "xsum_hallucination/factuality_annotations_xsum_summaries.csv"
    with real_file(name).open() as file:
        rows = list(csv.DictReader(file))
    said = {"yes": 1.0, "no": 0.0}
    answers = coded(
        np.array([f"{row['bbcid']}/{row['system']}" for row in rows]),
        np.array([row["worker_id"] for row in rows]),
        np.array([said.get(row["is_factual"], np.nan) for row in rows]),
    )
    assert len(rows) == expected["factuality_rows"]
    wanted = expected["factuality_alpha_nominal"]
    assert alpha_of(answers, Level.NOMINAL) == pytest.approx(wanted, abs=1e-5)


def test_labels_of_a_crowd() -> None:
    expected = json.loads(real_file("crowd_dev/EXPECTED.json").read_text())["bm"]
    rows = [line.split() for line in real_file("crowd_dev/bm_labels.txt").read_text().splitlines()]
    lines = real_file("crowd_dev/bm_evaluation.txt").read_text().splitlines()
    gold = dict(line.split() for line in lines)
    item = np.array([row[1] for row in rows])
    answers = coded(item, np.array([r[0] for r in rows]), np.array([float(r[2]) for r in rows]))
    assert (len(rows), answers.units, answers.raters) == (
        expected["labels"],
        expected["items"],
        expected["workers"],
    )
    found = dawid_skene(
        answers.unit_R,
        answers.rater_R,
        answers.code_R,
        units=answers.units,
        raters=answers.raters,
        values=2,
    )
    said = dict(zip(np.unique(item).tolist(), found.truth_UV.argmax(axis=1), strict=True))
    right = np.mean([str(said[name]) == answer for name, answer in gold.items()])
    assert right > expected["accuracy_crowdkit_1.4.2"]["MV"]
    assert right == pytest.approx(expected["accuracy_crowdkit_1.4.2"]["DawidSkene"], abs=0.015)
