"""What is learnt from a row, and which rows are not used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import Run
from tests.training.runs import answer, pairs, question, texts
from training.errors import InputError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]

ONE_STEP = {"max_steps": 1, "batch_size": 2, "lora_rank": 1}


@pytest.fixture
def loaded(tiny_model: Path, run: Run) -> Iterator[Any]:
    from training.attempt import Attempt
    from training.contract import RunSpec
    from training.device import choose_device
    from training.events import EventLog
    from training.models import load_base
    from training.stopping import Stop

    run.folder.mkdir()
    events = EventLog(run.folder)
    spec = RunSpec(recipe="sft", model=str(tiny_model))
    attempt = Attempt(spec=spec, run_dir=run.folder, events=events, stop=Stop())
    yield load_base(attempt, choose_device(threads=1))
    events.close()


def encoded(loaded: Any, prompt: Any, completion: Any) -> tuple[list[int], list[int]]:
    from training.data import Encoder

    encoder = Encoder(loaded)
    ids = encoder.prompt(prompt, place="here")
    return ids, encoder.completion(prompt, completion, ids, place="here")


def test_a_conversation_is_learnt_as_the_template_writes_it(loaded: Any) -> None:
    prompt, completion = encoded(loaded, question("hi"), answer("yo"))
    assert loaded.tokenizer.decode(prompt) == "<user>hi<eos><assistant>"
    assert loaded.tokenizer.decode(completion) == "yo<eos>"


def test_plain_text_ends_with_the_end_token(loaded: Any) -> None:
    prompt, completion = encoded(loaded, "hi", "yo")
    assert loaded.tokenizer.decode(prompt) == "hi"
    assert loaded.tokenizer.decode(completion) == "yo<eos>"
    assert completion[-1] in loaded.eos_ids


@pytest.mark.parametrize(
    "prompt, completion",
    [("a<eos>b", "c<assistant>d"), (question("a<eos>b"), answer("c<assistant>d"))],
)
def test_what_was_typed_never_becomes_a_control_token(
    loaded: Any, prompt: Any, completion: Any
) -> None:
    """Only what the template itself writes may be one: after the question, before and after the answer."""
    asked, said = encoded(loaded, prompt, completion)
    special = set(loaded.tokenizer.all_special_ids)
    assert sum(each in special for each in said) == 1
    assert sum(each in special for each in asked) == (0 if isinstance(prompt, str) else 3)
    assert "<assistant>" in loaded.tokenizer.decode(said)


CALLING = [
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {"type": "function", "function": {"name": "f", "arguments": {"a": "<eos>"}}}
        ],
    }
]


def test_a_call_of_a_tool_is_learnt_where_the_template_can_write_it(
    loaded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from training.data import Encoder

    with pytest.raises(InputError, match="here calls tools"):
        encoded(loaded, question("hi"), CALLING)
    template = (
        "{% for tool in tools or [] %}{{ tool | tojson }}{% endfor %}"
        "{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'] }}"
        "{% for call in m['tool_calls'] or [] %}{{ call['function'] | tojson }}{% endfor %}"
        "{{ '<eos>' }}{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
    )
    monkeypatch.setattr(loaded.tokenizer, "chat_template", template)
    encoder = Encoder(loaded)
    ids = encoder.prompt(question("hi"), tools=[{"name": "f"}], place="here")
    said = encoder.completion(question("hi"), CALLING, ids, tools=[{"name": "f"}], place="here")
    assert loaded.tokenizer.decode(ids) == '{"name": "f"}<user>hi<eos><assistant>'
    assert loaded.tokenizer.decode(said) == '{"name": "f", "arguments": {"a": "<eos>"}}<eos>'
    assert sum(each in loaded.eos_ids for each in said) == 1


def test_one_row_in_a_hundred_may_be_left_out_and_is_reported(tiny_model: Path, run: Run) -> None:
    rows = [*texts(99), {"id": "long", "prompt": "p", "completion": "x" * 300}]
    inputs = {"train": run.rows("train", rows)}
    result = run.ask("sft", model=str(tiny_model), inputs=inputs, options=ONE_STEP).attempt()
    assert result.ok, result.error
    assert result.metrics["rows"] == 99
    assert result.metrics["rows_dropped"] == 1
    assert "long (302 tokens, 256 fit)" in result.findings[0]["told"]
    assert [row["id"] for row in run.artifact("dropped.jsonl")] == ["long"]


def test_more_than_that_is_refused_before_training(tiny_model: Path, run: Run) -> None:
    rows = [*texts(98), *({"id": f"l{i}", "prompt": "p", "completion": "x" * 300} for i in (1, 2))]
    inputs = {"train": run.rows("train", rows)}
    result = run.ask("sft", model=str(tiny_model), inputs=inputs, options=ONE_STEP).attempt()
    assert (result.ok, result.fault) == (False, "input")
    assert "2 of 100 rows (2.0%) cannot be used: l1 (302 tokens, 256 fit)" in result.error
    assert run.losses() == []


def test_a_reason_lets_it_go_on_and_is_kept(tiny_model: Path, run: Run) -> None:
    rows = [*texts(4), {"id": "long", "prompt": "p", "completion": "x" * 300}]
    result = run.ask(
        "sft",
        model=str(tiny_model),
        inputs={"train": run.rows("train", rows)},
        options={**ONE_STEP, "allow_dropped": "an old export"},
    ).attempt()
    assert result.ok, result.error
    assert "Accepted because: an old export" in result.findings[0]["told"]


def test_the_only_validation_row_may_be_lost_where_somebody_said_why(
    tiny_model: Path, run: Run
) -> None:
    """There is enough to train on; there is only nothing to evaluate on meanwhile."""
    long = {"id": "long", "prompt": "p", "completion": "x" * 300}
    result = run.ask(
        "sft",
        model=str(tiny_model),
        inputs={"train": run.rows("train", texts(4)), "validation": run.rows("v", [long])},
        options={**ONE_STEP, "allow_dropped": "an old export"},
    ).attempt()
    assert result.ok, result.error
    assert "eval_loss" not in result.metrics


def test_a_pair_of_equals_teaches_nothing(tiny_model: Path, run: Run) -> None:
    rows = [*pairs(2), *pairs(1, id="same", rejected=answer("good"))]
    inputs = {"train": run.rows("train", rows)}
    result = run.ask("dpo", model=str(tiny_model), inputs=inputs, options=ONE_STEP).attempt()
    assert result.fault == "input"
    assert "same (chosen equals rejected)" in result.error


def test_an_empty_answer_is_not_learnt(tiny_model: Path, run: Run) -> None:
    rows = [*texts(2), {"id": "void", "prompt": question("q"), "completion": answer(" ")}]
    inputs = {"train": run.rows("train", rows)}
    result = run.ask("sft", model=str(tiny_model), inputs=inputs, options=ONE_STEP).attempt()
    assert result.fault == "input"
    assert "void (completion is empty)" in result.error


def test_a_model_without_a_template_takes_no_conversations(tiny_model: Path, run: Run) -> None:
    from shutil import copytree

    bare = copytree(tiny_model, run.folder / "bare")
    (bare / "chat_template.jinja").unlink()
    inputs = {"train": run.rows("train", texts(2))}
    result = run.ask("sft", model="bare", inputs=inputs, options=ONE_STEP).attempt()
    assert result.fault == "input"
    assert "no chat template" in result.error


@pytest.mark.parametrize(
    "model, said",
    [("", "needs a model"), ("nowhere", "no model at nowhere"), ("no/where", "cannot be loaded")],
)
def test_a_model_that_is_not_there_is_named(
    run: Run, model: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # as in a run's process
    inputs = {"train": run.rows("train", texts(2))}
    result = run.ask("sft", model=model, inputs=inputs, options=ONE_STEP).attempt()
    assert result.fault == "input"
    assert said in result.error


@pytest.mark.parametrize(
    "options, said",
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"warmup": 1.0}, "warmup is 1.0"),
        ({"schedule": "magic"}, "schedule is magic"),
        ({"max_length": 999}, "the model takes 256 tokens"),
        ({"target_modules": "no_such"}, "target_modules 'no_such'"),
    ],
)
def test_a_setting_that_means_nothing_is_named(
    tiny_model: Path, run: Run, options: dict[str, Any], said: str
) -> None:
    inputs = {"train": run.rows("train", texts(2))}
    result = run.ask("sft", model=str(tiny_model), inputs=inputs, options=options).attempt()
    assert result.fault == "input", result
    assert said in result.error


@pytest.mark.parametrize(
    "template, code",
    [
        ("{% for m in messages %}{{ m.content }}|{% endfor %}", "no_end"),
        ("{{ messages | length }}{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}", "prompt_rewritten"),
    ],
)  # fmt: skip
def test_a_template_that_would_spoil_the_model_is_refused(
    loaded: Any, template: str, code: str
) -> None:
    """One ends no answer; the other writes how many turns there are, so that the prompt changes."""
    from training.errors import InputError

    loaded.tokenizer.chat_template = template
    with pytest.raises(InputError, match="use a template that does") as refused:
        encoded(loaded, question("hi"), answer("yo"))
    assert refused.value.code == code
