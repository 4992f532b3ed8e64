"""Tasks of lm-evaluation-harness: its figures, our rows, and what is said where something is missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from training.contract import EvaluateOptions
from training.errors import InputError, Interrupted
from training.stopping import Stop

pytest.importorskip(
    "lm_eval", reason='needs lm-evaluation-harness: pip install -e ".[train,harness]"'
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

Write = Callable[..., None]
QUESTIONS = [
    {"question": f"q{place}", "choices": ["yes", "no", "who knows"], "label": place % 3}
    for place in range(9)
]
CHOICE = {
    "output_type": "multiple_choice",
    "doc_to_text": "Question: {{question}} Answer:",
    "doc_to_choice": "{{choices}}",
    "doc_to_target": "label",
}
MEAN = {"aggregation": "mean", "higher_is_better": True}


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a task of the team's own into the folder that the operator names."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    monkeypatch.setenv("EVALHUB_HARNESS_TASKS", str(folder))

    def write(name: str, rows: list[dict[str, Any]] | None = None, **config: Any) -> None:
        data = folder / f"{name}.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows or QUESTIONS))
        kwargs = {"data_files": {"test": str(data)}, "cache_dir": str(tmp_path / "cache")}
        told = {
            "task": name,
            "dataset_path": "json",
            "dataset_kwargs": kwargs,
            "test_split": "test",
        }
        # JSON is YAML
        (folder / f"{name}.yaml").write_text(
            json.dumps(told | {"metadata": {"version": 1}} | config)
        )

    return write


def measured(run: Run, model: Path, *tasks: str, adapter: str = "", **options: Any) -> Run:
    options = {"harness": list(tasks), "batch_size": 4} | options
    run.ask("evaluate", model=str(model), adapter=adapter, options=options)
    result = run.attempt()
    assert result.ok, result.error
    return run


def refused(run: Run, model: Path, *tasks: str, **options: Any) -> str:
    result = run.ask("evaluate", model=str(model), options={"harness": list(tasks)} | options).attempt()  # fmt: skip
    assert (result.ok, result.fault) == (False, "input")
    return result.error


def test_the_likeliest_choice_by_the_harness_is_the_likeliest_by_our_own_reading(
    tiny_model: Path, run: Run, task: Write
) -> None:
    """Two ways to the same sums of log-probabilities: the harness's, and training.metrics.likelihood."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.device import choose_device
    from training.metrics.likelihood import completion_logps

    task("colours", **CHOICE, metric_list=[{"metric": "acc", **MEAN}])
    rows = measured(run, tiny_model, "colours").artifact("harness.jsonl")

    from trl.trainer.utils import add_fused_lm_head

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_model)
    add_fused_lm_head(model)
    for row, asked in zip(rows, QUESTIONS, strict=True):
        prompt = tokenizer(f"Question: {asked['question']} Answer:")["input_ids"]
        said = [tokenizer(f" {each}")["input_ids"] for each in asked["choices"]]
        logps = completion_logps(
            model, [(prompt, each) for each in said], device=choose_device(threads=1), pad_id=0,
            batch_size=3, beat=lambda _: None,
        )  # fmt: skip
        right = logps.index(max(logps)) == asked["label"]
        assert row["harness/colours/acc"] == float(right)
    assert {row["harness/colours/acc"] for row in rows} == {0.0, 1.0}
    assert run.result().metrics["harness_documents"] == 9
    mean = sum(row["harness/colours/acc"] for row in rows) / 9
    assert run.result().metrics["harness/colours/acc"] == pytest.approx(mean)
    (figure,) = run.artifact("figures.jsonl")
    assert figure == {"figure": "harness/colours/acc", "better": "higher", "value": pytest.approx(mean), "n": 9}  # fmt: skip


def test_the_same_document_has_the_same_id_in_every_run_and_another_one_another(
    tiny_model: Path, run: Run, another_run: Run, trained: Run, task: Write
) -> None:
    """So rows of two models are paired, and what was edited between them is not."""
    task("colours", **CHOICE)
    first = measured(run, tiny_model, "colours", batch_size=1).artifact("harness.jsonl")
    task("colours", [*QUESTIONS[:8], QUESTIONS[8] | {"question": "another"}], **CHOICE)
    again = measured(another_run, tiny_model, "colours", adapter=str(trained.adapter)).artifact("harness.jsonl")  # fmt: skip
    ids, others = ([row["id"] for row in rows] for rows in (first, again))
    assert ids[:8] == others[:8]
    assert ids[8] != others[8]
    assert len(set(ids)) == 9


PERPLEXITY = {
    "output_type": "loglikelihood",
    "doc_to_text": "{{question}}",
    "doc_to_target": "{{choices[label]}}",
    "metric_list": [{"metric": "perplexity", "aggregation": "perplexity", "higher_is_better": False}],
}  # fmt: skip


def test_a_figure_that_is_no_mean_is_told_with_draws_which_models_share(
    tiny_model: Path, run: Run, another_run: Run, trained: Run, task: Write
) -> None:
    """Perplexity of one-word answers; each draw is the figure of nine documents drawn anew."""
    task("words", **PERPLEXITY)
    (base,) = measured(run, tiny_model, "words").artifact("figures.jsonl")
    (tuned,) = measured(another_run, tiny_model, "words", adapter=str(trained.adapter)).artifact("figures.jsonl")  # fmt: skip
    assert (base["figure"], base["better"], base["n"]) == ("harness/words/perplexity", "lower", 9)
    assert len(base["draws"]) == 1000
    assert min(base["draws"]) < base["value"] < max(base["draws"])
    assert base["set"] == tuned["set"]
    assert tuned["value"] < base["value"]  # it learnt to say yes
    assert "harness/words/perplexity" not in run.artifact("harness.jsonl")[0]


def test_written_answers_are_compared_and_the_filter_stands_in_the_name(
    tiny_model: Path, run: Run, another_run: Run, task: Write
) -> None:
    task(
        "written",
        output_type="generate_until",
        doc_to_text="{{question}}",
        doc_to_target="{{choices[label]}}",
        generation_kwargs={"until": ["\n"], "max_gen_toks": 6},
        metric_list=[{"metric": "exact_match", **MEAN}],
        filter_list=[{"name": "first", "filter": [{"function": "take_first"}]}],
    )
    one = measured(run, tiny_model, "written", batch_size=1).artifact("harness.jsonl")
    many = measured(another_run, tiny_model, "written", batch_size=9).artifact("harness.jsonl")
    assert one == many
    assert set(one[0]) == {"id", "group", "harness/written/exact_match/first"}


def test_a_group_is_weighed_as_the_harness_weighs_it(
    tiny_model: Path, run: Run, task: Write, tmp_path: Path
) -> None:
    """By size it is a mean of documents; else a mean of tasks, which is drawn."""
    task("small", QUESTIONS[:3], **CHOICE, metric_list=[{"metric": "acc", **MEAN}])
    task("large", QUESTIONS, **CHOICE, metric_list=[{"metric": "acc", **MEAN}])
    for name, weighed in (("by_size", True), ("alike", False)):
        metric = {"metric": "acc", "aggregation": "mean", "weight_by_size": weighed}
        group = {"group": name, "task": ["small", "large"], "aggregate_metric_list": [metric]}
        (tmp_path / "tasks" / f"{name}.yaml").write_text(json.dumps(group))
    found = measured(run, tiny_model, "by_size", "alike").result().metrics
    small, large = found["harness/small/acc"], found["harness/large/acc"]
    assert found["harness/by_size/acc"] == pytest.approx((3 * small + 9 * large) / 12)
    assert found["harness/alike/acc"] == pytest.approx((small + large) / 2)
    rows = run.artifact("harness.jsonl")
    assert sum(row["harness/by_size/acc"] for row in rows) / 12 == pytest.approx(found["harness/by_size/acc"])  # fmt: skip
    alike = next(row for row in run.artifact("figures.jsonl") if row["figure"] == "harness/alike/acc")  # fmt: skip
    assert sum(alike["draws"]) / 1000 == pytest.approx(alike["value"], abs=0.05)
    assert alike["better"] == "higher"


def test_tasks_stand_beside_other_figures_and_progress_counts_both(
    tiny_model: Path, run: Run, task: Write
) -> None:
    task("colours", **CHOICE)
    texts = [{"id": "t", "prompt": [{"role": "user", "content": "q"}], "completion": [{"role": "assistant", "content": "yes"}]}]  # fmt: skip
    options = {"harness": ["colours"], "harness_limit": 4, "harness_chat": True}
    run.ask("evaluate", model=str(tiny_model), inputs={"texts": run.rows("texts", texts)}, options=options)  # fmt: skip
    assert run.attempt().ok
    assert len(run.artifact("harness.jsonl")) == 4
    assert "loss" in run.result().metrics
    last = run.events("progress")[-1]
    assert (last["done"], last["total"]) == (13, 13)  # one text, four documents of three choices


def test_what_does_not_fit_is_counted(tiny_model: Path, run: Run, task: Write) -> None:
    task("long", [QUESTIONS[0] | {"question": "x" * 300}, QUESTIONS[1]], **CHOICE)
    (found,) = measured(run, tiny_model, "long").result().findings
    assert found["code"] == "harness_cut"
    assert found["told"] == "3 of 6 requests have more than 256 tokens"


def test_a_stop_is_noticed_while_the_model_reads(tiny_model: Path, task: Write) -> None:
    from training.harness.asking import ask
    from training.harness.wanted import tasks_wanted

    loaded = _loaded(tiny_model)
    task("colours", **CHOICE)
    options = EvaluateOptions(harness=["colours"], batch_size=3)
    stop = Stop()

    def beat(done: int, known: int) -> None:
        assert known == 27
        if done == 6:
            stop.request()

    with pytest.raises(Interrupted):
        ask(
            tasks_wanted(options), loaded.model, loaded, options=options, limit=256, stop=stop, beat=beat
        )  # fmt: skip


def _loaded(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.device import choose_device
    from training.models import Loaded

    model = AutoModelForCausalLM.from_pretrained(folder)
    return Loaded(model, AutoTokenizer.from_pretrained(folder), choose_device(threads=1), 256, (1,), 0)  # fmt: skip


def test_without_the_extra_the_error_names_it(
    tiny_model: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    assert '".[train,harness]"' in refused(run, tiny_model, "arc_easy")


def test_a_task_that_is_not_there_is_named_with_its_neighbours(
    tiny_model: Path, run: Run, task: Write, tmp_path: Path
) -> None:
    """The harness passes over a file that it cannot read; whoever looks for its task is told."""
    (tmp_path / "tasks" / "broken.yaml").write_text("task: [arc_eesy")
    told = refused(run, tiny_model, "arc_eesy")
    assert "no task 'arc_eesy'" in told
    assert "arc_easy" in told
    assert "broken.yaml (while parsing" in told


def test_data_that_are_not_here_are_told_with_the_remedy(
    tiny_model: Path, run: Run, task: Write, tmp_path: Path
) -> None:
    task("colours", **CHOICE)
    (tmp_path / "tasks" / "colours.jsonl").unlink()
    told = refused(run, tiny_model, "colours")
    assert "'colours' cannot be loaded (FileNotFoundError" in told
    assert "EVALHUB_ALLOW_HUB=on" in told


def test_a_task_that_runs_what_the_model_writes_is_refused(
    tiny_model: Path, run: Run, task: Write
) -> None:
    task("programs", **CHOICE, unsafe_code=True)
    assert "'programs' runs the programs that the model writes" in refused(run, tiny_model, "programs")  # fmt: skip


def test_a_task_that_fails_is_named(tiny_model: Path, run: Run, task: Write) -> None:
    rows = [QUESTIONS[0], {"question": "q", "choices": None, "label": 0}]
    task("odd", rows, **CHOICE)
    assert "lm-evaluation-harness failed on odd" in refused(run, tiny_model, "odd")


@pytest.mark.parametrize("name", ["/elsewhere/task.yaml", "../task", "a b", "~/x", ""])
def test_only_names_are_taken_and_no_paths(name: str) -> None:
    """A path would run the Python that a task's file names."""
    assert "names of tasks" in EvaluateOptions(harness=[name]).faults()[0]


def test_without_tasks_nothing_of_the_harness_is_needed() -> None:
    from training.harness import Harness

    assert Harness.of(EvaluateOptions()).documents == 0


def test_an_unknown_folder_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHUB_HARNESS_TASKS", "/nowhere/at/all")
    from training.harness.wanted import tasks_wanted

    with pytest.raises(InputError, match="there is no such folder"):
        tasks_wanted(EvaluateOptions(harness=["colours"]))
