"""Servers that serve the adapter, leave it out, or read prompts otherwise: what the check says of each."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chat_server import Server, Told, said
from tests.training.conftest import CHAT, Run
from tests.training.runs import needs_transformers_serve, question, serving
from training.backends import calling
from training.contract import PRIVATE_VARIABLE, RunResult

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning"),
]
MOST = 24  # tokens of an answer
OTHER = CHAT.replace("{% for", "You are kind.{% for", 1)  # a server's own words ahead of all


@pytest.fixture(autouse=True)
def operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PRIVATE_VARIABLE, "127.0.0.1")
    monkeypatch.setattr(calling, "FIRST_PAUSE", 0.0)


def serves(
    base: Path, adapter: Path | None = None, *, template: str = CHAT
) -> Callable[[int, dict[str, Any]], Told]:
    """As a server of transformers would: its own template, its own way of writing, its own count."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base).eval()
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter).eval()

    def answer(nth: int, body: dict[str, Any]) -> Told:
        assert (body["temperature"], body["max_tokens"]) == (0.0, MOST)
        ids = tokenizer.apply_chat_template(
            body["messages"], chat_template=template, add_generation_prompt=True,
            return_tensors="pt", return_dict=True,
        )  # fmt: skip
        told = model.generate(**ids, do_sample=False, max_new_tokens=MOST)
        read = ids["input_ids"].shape[1]
        new = told[0, read:]
        content = tokenizer.decode(new, skip_special_tokens=True)
        return said(content, usage=(read, len(new)))

    return answer


def checked(run: Run, model: Path, adapter: Path, url: str, *, prompts: int = 6, served_name: str = "kind") -> RunResult:  # fmt: skip
    rows = [{"id": f"p{at}", "prompt": question(f"q{at}")} for at in range(prompts)]
    run.ask(
        "check_served", model=str(model), adapter=str(adapter), options={"max_new_tokens": MOST},
        inputs={"prompts": run.rows("prompts", rows)}, endpoint={"url": url, "model": served_name},
    )  # fmt: skip
    return run.attempt()


def codes(result: RunResult) -> list[str]:
    assert result.ok, result.error
    return [each["code"] for each in result.findings]


def test_a_server_with_the_adapter_answers_as_it_does_here(
    tiny_model: Path, trained: Run, run: Run, server: Server
) -> None:
    server.answer = serves(tiny_model, trained.adapter)
    result = checked(run, tiny_model, trained.adapter, server.url)
    assert codes(result) == []
    assert result.metrics == {
        "prompts": 6.0, "same_as_adapter": 1.0, "same_whole": 1.0, "prompts_apart": 6.0,
        "prompts_counted": 6.0, "same_as_base": 0.0, "prompt_tokens_alike": 1.0,
    }  # fmt: skip
    rows = run.artifact("served.jsonl")
    assert [row["id"] for row in rows] == [f"p{at}" for at in range(6)]
    assert all(row["served"] == row["adapter"] != row["base"] for row in rows)
    assert {(row["prompt_tokens"], row["prompt_tokens_served"]) for row in rows} == {(5, 5)}
    assert run.events("progress")[-1] == {"done": 6, "total": 6, "note": "the base answers"}


def test_a_server_that_left_the_adapter_out_is_found(
    tiny_model: Path, trained: Run, run: Run, server: Server
) -> None:
    """As vLLM did in silence: every answer is there, and every one is the base's."""
    server.answer = serves(tiny_model)
    result = checked(run, tiny_model, trained.adapter, server.url)
    assert codes(result) == ["served_is_base"]
    assert "of 6 prompts on which adapter and base part, the server answers 6 as the base" in result.findings[0]["told"]  # fmt: skip
    assert (result.metrics["same_as_adapter"], result.metrics["same_as_base"]) == (0.0, 1.0)
    assert result.metrics["prompt_tokens_alike"] == 1.0


def test_a_server_with_another_template_is_found_by_what_it_counts(
    tiny_model: Path, trained: Run, run: Run, server: Server
) -> None:
    """It reads 13 more tokens, a byte each, whatever it answers."""
    server.answer = serves(tiny_model, trained.adapter, template=OTHER)
    result = checked(run, tiny_model, trained.adapter, server.url)
    assert "template_differs" in codes(result)
    found = next(each for each in result.findings if each["code"] == "template_differs")
    assert "6 of 6 prompts" in found["told"]
    assert "the first is p0: 18 for the server, 5 here" in found["told"]
    assert result.metrics["prompt_tokens_alike"] == 0.0


def test_a_server_with_something_else_is_neither(
    tiny_model: Path, trained: Run, run: Run, server: Server
) -> None:
    server.answer = lambda nth, body: said("I am another model.", usage=None)
    result = checked(run, tiny_model, trained.adapter, server.url)
    assert codes(result) == ["served_differs"]
    assert "0 of 6 answers begin alike" in result.findings[0]["told"]
    assert result.metrics["prompts_counted"] == 0.0
    assert "prompt_tokens_alike" not in result.metrics, "what nobody counted is not 0"


def test_long_answers_may_part_late(
    tiny_model: Path, trained: Run, run: Run, server: Server
) -> None:
    """Here at the last of 24 tokens; an adapter that does nothing shows that base and adapter may be one."""
    from safetensors.torch import load_file, save_file

    exact = serves(tiny_model)

    def late(nth: int, body: dict[str, Any]) -> Told:
        status, headers, told = exact(nth, body)
        message = told["choices"][0]["message"]
        message["content"] = message["content"][:-1] + "~"
        return status, headers, told

    inert = run.folder.with_name("inert")
    shutil.copytree(trained.adapter, inert)
    weights = load_file(inert / "adapter_model.safetensors")
    save_file({name: each * 0 for name, each in weights.items()}, inert / "adapter_model.safetensors")  # fmt: skip
    server.answer = late
    result = checked(run, tiny_model, inert, server.url)
    assert (result.metrics["same_as_adapter"], result.metrics["same_whole"]) == (1.0, 0.0)
    assert codes(result) == ["nothing_to_tell"]
    assert "same_as_base" not in result.metrics


def test_what_the_server_refuses_is_told_and_left_out(
    tiny_model: Path, trained: Run, run: Run, another_run: Run, server: Server
) -> None:
    exact = serves(tiny_model, trained.adapter)
    server.answer = lambda nth, body: (400, {}, "no") if body["messages"] == question("q1") else exact(nth, body)  # fmt: skip
    result = checked(run, tiny_model, trained.adapter, server.url)
    assert codes(result) == ["answers_refused"]
    assert result.metrics["prompts"] == 5.0
    server.answer = lambda nth, body: (400, {}, "no")
    result = checked(another_run, tiny_model, trained.adapter, server.url)
    assert "6 of 6 answers were refused" in result.error
    assert result.fault == "input"


def test_it_needs_an_adapter_and_an_endpoint(tiny_model: Path, trained: Run, run: Run, another_run: Run) -> None:  # fmt: skip
    endpoint = {"url": "http://127.0.0.1:9/v1", "model": "kind"}
    result = run.ask("check_served", model=str(tiny_model), endpoint=endpoint).attempt()
    assert result.error == "A check of what is served needs an adapter; name one."
    asked = another_run.ask("check_served", model=str(tiny_model), adapter=str(trained.adapter))
    assert asked.attempt().error == "A check of what is served needs an endpoint; name one."


@needs_transformers_serve
def test_a_server_that_is_not_ours_serves_the_base(
    tiny_model: Path, trained: Run, run: Run, tmp_path: Path
) -> None:
    with serving(tiny_model, tmp_path / "log") as url:
        result = checked(run, tiny_model, trained.adapter, url, served_name=str(tiny_model))
    assert codes(result) == ["served_is_base"]
    assert result.metrics["same_as_base"] == 1.0
    assert result.metrics["prompt_tokens_alike"] == 1.0
