"""What is measured, row by row, against other ways to reach the same number."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import answer, pairs, question, texts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

SAID = ["The cat sat on the mat.", "A dog barks", "Hello there, my friend!", ""]
MEANT = ["The cat is on the mat.", "The dog barks loudly", "Hello there, friend!", "Nothing said"]


def measured(run: Run, model: Path, *, adapter: str = "", batch_size: int = 16, **rows: Any) -> Run:
    inputs = {name: run.rows(name, each) for name, each in rows.items()}
    options = {"batch_size": batch_size, "max_new_tokens": 8}
    run.ask("evaluate", model=str(model), adapter=adapter, inputs=inputs, options=options)
    result = run.attempt()
    assert result.ok, result.error
    return run


def prompts(count: int, **columns: Any) -> list[dict[str, Any]]:
    return [{"id": f"p{i}", "group": "g", "prompt": question(f"q{i}" * (i + 1)), **columns} for i in range(count)]  # fmt: skip


def test_answers_that_are_given_are_measured_without_a_model(run: Run) -> None:
    """By the lines that measure what a model wrote; of one whose reference nobody knows nothing is likened."""
    rows = [
        {
            "id": str(at),
            "group": f"g{at % 2}",
            "completion": text,
            "finish": "stop",
            "reference": meant,
        }
        for at, (text, meant) in enumerate(zip(SAID, MEANT, strict=True))
    ]
    del rows[1]["reference"]
    rows[2]["finish"] = ""
    result = run.ask("evaluate", inputs={"answers": run.rows("answers", rows)}).attempt()
    assert result.ok, result.error
    assert result.metrics == {"answers": 4.0}
    told = run.artifact("predictions.jsonl")
    assert [(each["id"], each["group"], each["finish"], each["words"]) for each in told] == [
        ("0", "g0", "stop", 6), ("1", "g1", "stop", 3), ("2", "g0", "", 4), ("3", "g1", "stop", 0),
    ]  # fmt: skip
    assert told[0]["rouge1"] == pytest.approx(5 / 6)  # five of six words, both ways
    assert "rouge1" not in told[1]
    assert "bleu" not in told[1]
    assert (told[3]["rouge1"], told[3]["exact_match"]) == (0.0, 0.0)
    assert "content" not in told[0], "no copy of what people may want gone"


def test_no_figure_depends_on_the_batch_size(
    tiny_model: Path, run: Run, another_run: Run, trained: Run
) -> None:
    tie = pairs(14)[-1] | {"p_chosen": 0.5}  # of which no model can be right or wrong
    rows = {
        "texts": texts(13),
        "pairs": [*pairs(13), tie],
        "prompts": [
            *prompts(5, reference="yes yes", schema={"type": "object"}, pattern="e"),
            {
                "id": "m",
                "group": "g",
                "prompt": question("m"),
                "choices": ["a", "bb", "ccc"],
                "label": 2,
            },
            {"id": "l", "group": "g", "prompt": question("l"), "label": "Yes"},
            {"id": "n", "group": "g", "prompt": question("n"), "label": "no"},
        ],
    }
    adapter = str(trained.adapter)
    one = measured(run, tiny_model, adapter=adapter, batch_size=1, **rows)
    many = measured(another_run, tiny_model, adapter=adapter, batch_size=16, **rows)
    assert one.result().metrics == pytest.approx(many.result().metrics, abs=1e-4)
    assert one.result().metrics["pairs"] == 13
    (found,) = one.result().findings
    assert (found["code"], found["told"]) == ("ties_passed_over", "1 of 14 pairs")
    for name in ("texts.jsonl", "pairs.jsonl", "predictions.jsonl", "choices.jsonl"):
        for left, right in zip(one.artifact(name), many.artifact(name), strict=True):
            assert left.keys() == right.keys()
            for column, value in left.items():
                assert value == (
                    right[column]
                    if column in ("id", "group", "content", "finish") or "label" in column
                    else pytest.approx(right[column], abs=1e-4)
                )
    assert [row["id"] for row in one.artifact("choices.jsonl")] == ["m", "l", "n"]
    timed = one.artifact("timings.jsonl")
    assert len(timed) == 4
    assert all(row["seconds"] > 0 for row in timed)


def test_the_loss_of_a_row_is_what_the_model_itself_computes(tiny_model: Path, run: Run) -> None:
    """By hand with transformers: mean over the answer's tokens, times their number."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    (row,) = measured(run, tiny_model, texts=texts(1)).artifact("texts.jsonl")
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    prompt = tokenizer("<user>q0<eos><assistant>")["input_ids"]
    said = tokenizer("yes<eos>")["input_ids"]
    labels = torch.tensor([[-100] * len(prompt) + said])
    with torch.no_grad():
        model = AutoModelForCausalLM.from_pretrained(tiny_model)
        mean = model(input_ids=torch.tensor([prompt + said]), labels=labels).loss.item()
    assert row["tokens"] == len(said) == 4
    assert row["nll"] == pytest.approx(mean * len(said), abs=1e-4)


def test_perplexity_is_over_tokens_not_over_rows(tiny_model: Path, run: Run) -> None:
    rows = measured(run, tiny_model, texts=texts(7)).artifact("texts.jsonl")
    loss = sum(row["nll"] for row in rows) / sum(row["tokens"] for row in rows)
    found = run.result().metrics
    assert found["loss"] == pytest.approx(loss)
    assert found["perplexity"] == pytest.approx(math.exp(loss))


def test_the_base_of_an_adapter_is_measured_as_the_base_itself(
    tiny_model: Path, run: Run, another_run: Run, trained: Run
) -> None:
    ours = measured(run, tiny_model, adapter=str(trained.adapter), pairs=pairs(5)).artifact("pairs.jsonl")  # fmt: skip
    base = measured(another_run, tiny_model, pairs=pairs(5)).artifact("pairs.jsonl")
    for left, right in zip(ours, base, strict=True):
        assert left["base_chosen_logp"] == pytest.approx(right["chosen_logp"], abs=1e-4)
        assert left["base_rejected_logp"] == pytest.approx(right["rejected_logp"], abs=1e-4)
        assert left["chosen_logp"] != pytest.approx(right["chosen_logp"], abs=1e-2)
        assert left["base_chosen_tokens"] == left["chosen_tokens"] == 5
    assert "preference_accuracy_implicit" in run.result().metrics
    assert "preference_accuracy_implicit" not in another_run.result().metrics


def test_a_tie_counts_one_half() -> None:
    from training.metrics.pairs import share_won

    assert share_won([1.0, 2.0, 3.0], [1.0, 1.0, 5.0]) == 0.5


def test_bleu_and_chrf_of_all_rows_follow_from_sums_of_the_rows() -> None:
    from sacrebleu.metrics import BLEU, CHRF

    from training.metrics.overlap import bleu_statistics, chrf_statistics, corpus_bleu, corpus_chrf

    pairs_of_texts = list(zip(SAID, MEANT, strict=True))
    bleu = [bleu_statistics(said, meant) for said, meant in pairs_of_texts]
    chrf = [chrf_statistics(said, meant) for said, meant in pairs_of_texts]
    assert {len(row) for row in bleu} == {10}
    assert {len(row) for row in chrf} == {18}
    assert corpus_bleu(bleu) == pytest.approx(BLEU().corpus_score(SAID, [MEANT]).score)
    assert corpus_chrf(chrf) == pytest.approx(CHRF().corpus_score(SAID, [MEANT]).score)


def test_bleu_is_made_of_the_sums_by_the_published_formula() -> None:
    """exp(min(0, 1 - references / answers)) times the geometric mean of the four precisions."""
    from training.metrics.overlap import bleu_statistics, corpus_bleu

    rows = [bleu_statistics(said, meant) for said, meant in zip(SAID[:3], MEANT[:3], strict=True)]
    said, meant, *grams = (sum(column) for column in zip(*rows, strict=True))
    assert min(grams[:4]) > 0
    precisions = [math.log(hit / all_) for hit, all_ in zip(grams[:4], grams[4:], strict=True)]
    by_hand = 100 * math.exp(min(0.0, 1 - meant / said) + sum(precisions) / 4)
    assert corpus_bleu(rows) == pytest.approx(by_hand)


def test_rouge_by_hand() -> None:
    """Two of three words are shared both ways: F = 2/3; one of two bigrams: 1/2."""
    from training.metrics.overlap import rouge_scores

    assert rouge_scores("red big house", "red big tree") == pytest.approx(
        {"rouge1": 2 / 3, "rouge2": 1 / 2, "rougeL": 2 / 3, "rougeLsum": 2 / 3}, abs=1e-6
    )


def test_without_references_there_is_no_score_rather_than_zero(tiny_model: Path, run: Run) -> None:
    found = measured(run, tiny_model, prompts=prompts(3, reference=None))
    assert found.result().metrics["references"] == 0
    assert not {"bleu", "chrf", "rouge1"} & set(found.result().metrics)
    assert not {"bleu", "chrf", "rouge1"} & set(found.artifact("predictions.jsonl")[0])


def test_a_choice_is_as_likely_as_the_answer_that_it_would_be(
    tiny_model: Path, run: Run, another_run: Run
) -> None:
    """Read as a reference answer it has the same log-probability."""
    row = {
        "id": "m",
        "group": "g",
        "prompt": question("q0"),
        "choices": ["yes", "no"],
        "label": "yes",
    }
    (choice,) = measured(run, tiny_model, prompts=[row]).artifact("choices.jsonl")
    (text,) = measured(another_run, tiny_model, texts=texts(1)).artifact("texts.jsonl")
    assert choice["logps"][0] == pytest.approx(-text["nll"], abs=1e-4)
    assert (choice["right"], choice["tokens"]) == (0, [text["tokens"], 3])


LONG = {"id": "long", "prompt": question("q"), "completion": answer("x" * 300)}


def test_a_row_too_long_is_left_out_and_named_where_somebody_said_why(
    tiny_model: Path, run: Run
) -> None:
    inputs = {"texts": run.rows("texts", [*texts(3), LONG])}
    options = {"allow_dropped": "an old export"}
    found = run.ask("evaluate", model=str(tiny_model), inputs=inputs, options=options).attempt()
    assert [row["id"] for row in run.artifact("texts.jsonl")] == ["text-0", "text-1", "text-2"]
    assert "long (" in found.findings[0]["told"]


def test_more_than_one_row_in_a_hundred_left_out_is_refused(tiny_model: Path, run: Run) -> None:
    """Figures over what happened to fit would be compared as if they were over the whole set."""
    inputs = {"texts": run.rows("texts", [*texts(3), LONG])}
    result = run.ask("evaluate", model=str(tiny_model), inputs=inputs).attempt()
    assert (result.ok, result.fault) == (False, "input")
    assert "1 of 4 rows (25.0%) cannot be used: long" in result.error


def test_nothing_to_measure_is_an_error(tiny_model: Path, run: Run) -> None:
    result = run.ask("evaluate", model=str(tiny_model)).attempt()
    assert result.fault == "input"
    assert "texts, pairs, prompts" in result.error
