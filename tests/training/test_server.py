"""Answers of a server elsewhere, and what servers do besides answering."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.chat_server import Server, Told, said
from tests.training.conftest import Run
from tests.training.runs import question
from training.__main__ import carry_out
from training.addresses import fault_of_host, fault_of_url
from training.backends import calling
from training.contract import (
    ENDPOINT_KEY_VARIABLE,
    EXIT_INTERRUPTED,
    PRIVATE_VARIABLE,
    RunResult,
)
from training.ledger import answers_in
from training.stopping import Stop

KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def operator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who allows this machine, and waits for nobody."""
    monkeypatch.setenv(PRIVATE_VARIABLE, "10.1.0.0/16, 127.0.0.1")
    monkeypatch.setattr(calling, "FIRST_PAUSE", 0.0)


def asked(
    run: Run, server: Server, *, prompts: int = 2, attempt: int = 1, secrets: list[str] | None = None,
    options: dict[str, Any] | None = None, **endpoint: Any,
) -> RunResult:  # fmt: skip
    rows = [{"id": f"p{at}", "prompt": question(f"q{at}")} for at in range(prompts)]
    run.ask(
        "generate", seed=3, inputs={"prompts": run.rows("prompts", rows)}, secrets=secrets or [],
        options={"n": 2} | (options or {}), endpoint={"url": server.url, "model": "theirs"} | endpoint,
    )  # fmt: skip
    return run.attempt(attempt)


def apart(work: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: this one may have a loop already, of a browser that is driven."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work).result()


def test_a_server_answers_as_a_model_would(run: Run, server: Server) -> None:
    result = asked(
        run, server, prices=[2.0, 10.0], options={"temperature": 0.5, "max_new_tokens": 7}
    )
    assert result.ok, result.error
    rows = run.artifact("completions.jsonl")
    assert [(row["prompt"], row["index"], row["finish"], row["tokens"]) for row in rows] == [
        ("p0", 0, "stop", 4), ("p0", 1, "stop", 4), ("p1", 0, "stop", 4), ("p1", 1, "stop", 4),
    ]  # fmt: skip
    assert [row["content"] for row in rows] == [str(row["seed"]) for row in rows]
    first = next(body for body in server.asked if body["seed"] == rows[0]["seed"])
    assert first == {
        "model": "theirs", "messages": question("q0"), "temperature": 0.5, "top_p": 1.0,
        "max_tokens": 7, "seed": rows[0]["seed"], "stream": False,
    }  # fmt: skip
    assert {each["path"] for each in server.headers} == {"/v1/chat/completions"}
    assert (result.metrics["tokens_read"], result.metrics["tokens_written"]) == (40, 16)
    assert result.metrics["cost"] == pytest.approx((40 * 2 + 16 * 10) / 1e6)


REFUSES = {"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "param": "max_tokens"}}  # fmt: skip


def test_a_server_that_wants_another_bound_is_asked_with_that_from_its_refusal_on(
    run: Run, server: Server
) -> None:
    """As hosted models do that reason; each request that was under way by then is sent once more."""
    server.answer = lambda nth, body: (400, {}, REFUSES) if "max_tokens" in body else said("x")
    result = asked(run, server, at_once=1, options={"max_new_tokens": 7})
    assert result.ok, result.error
    assert (result.metrics["completions"], result.metrics["requests"]) == (4, 5)
    assert [body.get("max_completion_tokens") for body in server.asked] == [None, 7, 7, 7, 7]
    assert result.environment["endpoint_bounds_by"] == "max_completion_tokens"


def test_who_is_known_to_want_it_is_not_asked_otherwise(run: Run, server: Server) -> None:
    server.answer = lambda nth, body: (400, {}, REFUSES) if "max_tokens" in body else said("x")
    result = asked(run, server, bounds_by="max_completion_tokens")
    assert (result.ok, len(server.asked)) == (True, 4)
    assert "endpoint_bounds_by" not in result.environment


def test_one_that_refuses_both_refuses(run: Run, server: Server) -> None:
    """Its words are those of the answer, and nothing is asked for ever."""
    server.answer = lambda nth, body: (400, {}, REFUSES)
    result = asked(run, server, at_once=1)
    assert not result.ok
    assert len(server.asked) == 5
    bounded = {"most_requests": 1}
    server.asked.clear()
    assert (
        not asked(run, server, at_once=1, attempt=2, options=bounded).ok or len(server.asked) <= 1
    )


def test_the_cost_is_of_what_was_counted_and_earlier_attempts_are_in_it(
    run: Run, server: Server
) -> None:
    server.answer = lambda nth, body: (
        said("x", usage=None) if nth == 1 else said("y") if nth < 4 else (401, {}, "no")
    )
    assert not asked(run, server, at_once=1, prices=[1.0, 1.0]).ok
    server.answer = lambda nth, body: said("z")
    result = asked(run, server, at_once=1, prices=[1.0, 1.0], attempt=2)
    assert len(server.asked) == 5, "what was written is not asked for again"
    assert (result.metrics["answers_uncounted"], result.metrics["tokens_read"]) == (1, 30)


def test_the_caller_may_have_an_event_loop_of_its_own(run: Run, server: Server) -> None:
    """As in a notebook, or beside a browser that is driven."""

    async def within() -> RunResult:
        return asked(run, server)

    assert apart(within()).ok


def test_without_prices_there_is_no_cost(run: Run, server: Server) -> None:
    assert "cost" not in asked(run, server).metrics


@pytest.mark.parametrize("fault", [429, 500, 503, 0])
def test_what_may_pass_is_tried_again(run: Run, server: Server, fault: int) -> None:
    server.answer = lambda nth, body: (fault, {}, "later") if nth in (1, 2) else said("x")
    result = asked(run, server, at_once=1)
    assert result.ok, result.error
    assert (result.metrics["completions"], result.metrics["retries"]) == (4, 2)


def test_it_waits_as_long_as_the_server_says(run: Run, server: Server) -> None:
    server.answer = lambda nth, body: (429, {"Retry-After": "1"}, "") if nth == 1 else said("x")
    assert asked(run, server, at_once=1).ok
    assert server.moments[1] - server.moments[0] >= 1.0


def test_retry_after_may_be_a_date() -> None:
    from email.utils import formatdate

    waits = calling._asked_to_wait(formatdate(time.time() + 30, usegmt=True))
    assert waits is not None
    assert 28 <= waits <= 30
    assert calling._asked_to_wait("soon") is None
    assert calling._asked_to_wait("-4") == 0.0


def test_it_gives_up_in_words(run: Run, server: Server) -> None:
    server.answer = lambda nth, body: (503, {}, "")
    result = asked(run, server, at_once=1)
    assert result.fault == "input"
    assert "answered 503, 8 times in a row" in result.error
    assert len(server.asked) == 8


def test_no_more_are_asked_than_a_minute_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that only sleeping moves: four requests at once, a tenth of a second apart."""
    now, sent = [100.0], []

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(calling.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(calling.asyncio, "sleep", sleep)
    pace = calling.Pace(per_minute=600)
    for _ in range(4):
        apart(pace.wait())
        sent.append(now[0])
    assert sent == pytest.approx([100.0, 100.1, 100.2, 100.3])


def test_no_more_are_asked_at_once_than_is_allowed(run: Run, server: Server) -> None:
    now, most = 0, 0
    server.lock = threading.Semaphore(9)  # type: ignore[assignment]  # this test counts by itself

    def answer(nth: int, body: dict[str, Any]) -> Told:
        nonlocal now, most
        now += 1
        most = max(most, now)
        threading.Event().wait(0.05)
        now -= 1
        return said("x")

    server.answer = answer
    assert asked(run, server, at_once=3, options={"n": 6}).ok
    assert most == 3


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, "refuses the key (401): set it anew"),
        (404, "knows no such model or path (404)"),
        (302, "sends us elsewhere (302)"),
        (418, "answered 418"),
    ],
)
def test_what_will_not_pass_is_told_at_once(
    run: Run, server: Server, status: int, told: str
) -> None:
    server.answer = lambda nth, body: (status, {"Location": server.url}, {"error": "so it is"})
    result = asked(run, server, at_once=1)
    assert told in result.error
    assert len(server.asked) == 1


def test_a_prompt_that_is_refused_is_left_out_where_somebody_said_why(
    run: Run, server: Server
) -> None:
    server.answer = lambda nth, body: (400, {}, "too long") if body["messages"] == question("q1") else said("x")  # fmt: skip
    result = asked(run, server)
    assert "2 of 4 answers were refused, the first to p1: 400: " in result.error
    result = asked(run, server, attempt=2, options={"allow_dropped": "they are long"})
    assert result.ok, result.error
    assert [row["prompt"] for row in run.artifact("completions.jsonl")] == ["p0", "p0"]
    assert {each["why"] for each in run.artifact("refused.jsonl")} == {'400: "too long"'}


def test_how_an_answer_ended_is_kept(run: Run, server: Server) -> None:
    ends = {1: "length", 2: "content_filter", 3: "odd", 4: "stop"}
    server.answer = lambda nth, body: said("x", finish=ends[nth])
    result = asked(run, server, at_once=1, options={"allow_dropped": "to see"})
    assert [row["finish"] for row in run.artifact("completions.jsonl")] == ["length", "", "stop"]
    assert result.metrics["refused"] == 1


@pytest.mark.parametrize("told", [b"<html>", {"choices": []}, [1], {"choices": [{"message": {"content": 4}}]}])  # fmt: skip
def test_an_answer_that_is_none_is_told(run: Run, server: Server, told: Any) -> None:
    server.answer = lambda nth, body: (200, {}, told)
    result = asked(run, server)
    assert result.fault == "input", result.error


def test_the_key_goes_to_the_server_and_nowhere_else(
    run: Run, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT_KEY_VARIABLE, KEY)
    server.answer = lambda nth, body: (401, {}, f"bad key {KEY}")
    result = asked(run, server, secrets=[ENDPOINT_KEY_VARIABLE])
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert "set it anew" in result.error
    left = [path for path in run.folder.rglob("*") if path.is_file() and KEY in path.read_text("utf-8")]  # fmt: skip
    assert left == []


def test_no_part_of_a_key_is_told_where_words_are_cut(
    run: Run, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENDPOINT_KEY_VARIABLE, KEY)
    server.answer = lambda nth, body: (401, {}, "x" * (calling.SAID - 8) + KEY)
    assert KEY[:6] not in asked(run, server, secrets=[ENDPOINT_KEY_VARIABLE]).error


def test_what_no_database_takes_is_replaced(run: Run, server: Server) -> None:
    server.answer = lambda nth, body: said(f"a\x00b\ud800c{nth}")
    result = asked(run, server)
    assert result.ok, result.error
    assert {row["content"][:5] for row in run.artifact("completions.jsonl")} == {"a\ufffdb\ufffdc"}


def test_an_encoding_that_cannot_be_read_is_tried_again(run: Run, server: Server) -> None:
    broken = (200, {"Content-Encoding": "gzip"}, b"no gzip at all")
    server.answer = lambda nth, body: broken if nth == 1 else said(str(nth))
    result = asked(run, server)
    assert result.ok, result.error
    assert result.metrics["retries"] == 1


def test_a_key_that_is_missing_is_told(run: Run, server: Server) -> None:
    result = asked(run, server, secrets=[ENDPOINT_KEY_VARIABLE])
    assert ENDPOINT_KEY_VARIABLE in result.error
    assert server.asked == []


def test_private_machines_are_reached_only_where_the_operator_named_them(
    run: Run, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PRIVATE_VARIABLE, "10.1.0.0/16")
    result = asked(run, server)
    assert "inside the operator's own network" in result.error
    assert "EVALHUB_ENDPOINT_PRIVATE" in result.error
    assert server.asked == []


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
     "224.0.0.1", "240.0.0.1", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::"],
)  # fmt: skip
def test_private_addresses_are_known(address: str) -> None:
    assert fault_of_host("somewhere", address, private=[])


def test_public_and_named_addresses_are_allowed() -> None:
    assert not fault_of_host("example.org", "93.184.215.14", private=[])
    assert not fault_of_host("example.org", "2606:2800:21f::1", private=[])
    assert not fault_of_host("box", "10.1.2.3", private=["10.1.0.0/16"])
    assert not fault_of_host("box", "::ffff:10.1.2.3", private=["10.1.0.0/16"])
    assert not fault_of_host("Box.internal", "10.9.9.9", private=["box.internal"])
    assert fault_of_host("other", "10.9.9.9", private=["box.internal", "10.1.0.0/16"])


@pytest.mark.parametrize(
    "url",
    ["ftp://host/v1", "host/v1", "https:///v1", "https://user:key@host/v1", "https://host/v1?key=1",
     "https://host/../v1", "https://host/v 1", "https://host:0/v1", "https://[::1/v1"],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    assert fault_of_url(url)
    assert not fault_of_url("https://host.example:8443/openai/v1/")


def test_a_budget_of_requests_stops_asking_and_keeps_what_came(run: Run, server: Server) -> None:
    """A retry is a request: of five, one is lost to a 500, so four answers come of eight."""
    server.answer = lambda nth, body: (500, {}, {}) if nth == 1 else said("Yes.")
    result = asked(run, server, prompts=4, options={"most_requests": 5, "allow_dropped": "a budget"}, at_once=1)  # fmt: skip
    assert result.ok, result.error
    assert len(server.asked) == 5
    assert len(run.artifact("completions.jsonl")) == 4
    assert (result.metrics["unasked"], result.metrics["refused"]) == (4.0, 0.0)
    assert [each["code"] for each in result.findings] == ["budget_spent"]
    assert {row["why"] for row in run.artifact("refused.jsonl")} == {"the budget is spent"}


def test_a_budget_of_money_is_never_passed_whatever_is_under_way(run: Run, server: Server) -> None:
    """Each answer may cost as much as its limit allows, and that must fit beside those under way."""
    server.answer = lambda nth, body: said("Yes.", usage=(10, 100))
    options = {"most_cost": 0.0055, "max_new_tokens": 100}
    result = asked(run, server, prompts=10, prices=[0.0, 10.0], options=options, at_once=8)
    assert result.ok, result.error
    assert result.metrics["cost"] == pytest.approx(0.005), (
        "five answers of 0.001; a sixth did not fit"
    )
    assert result.metrics["unasked"] == 15.0


def test_an_attempt_that_goes_on_counts_what_the_one_before_has_spent(run: Run, server: Server) -> None:  # fmt: skip
    """Uncounted answers cost what they could: 100 tokens each, so three fit into 0.003."""
    server.answer = lambda nth, body: (
        said("Yes.", usage=None) if nth < 3 else (401, {}, {"error": {"message": "no"}})
    )
    bound = {"most_cost": 0.003, "max_new_tokens": 100}
    assert not asked(run, server, prompts=4, prices=[0.0, 10.0], options=bound, at_once=1).ok
    server.answer = lambda nth, body: said("Yes.", usage=(1, 100))
    result = asked(run, server, prompts=4, attempt=2, prices=[0.0, 10.0], options=bound, at_once=1)
    assert result.ok, result.error
    assert len(run.artifact("completions.jsonl")) == 3


def test_an_answer_that_nobody_heard_may_have_been_paid(run: Run, server: Server) -> None:
    """Three answers of 0.001 fit. The first is lost on the way and asked for again: then one more fits."""
    server.answer = lambda nth, body: (0, {}, "") if nth == 1 else said("Yes.", usage=(0, 100))
    bound = {"most_cost": 0.003, "max_new_tokens": 100, "allow_dropped": "a budget"}
    result = asked(run, server, prices=[0.0, 10.0], options=bound, at_once=1)
    assert result.ok, result.error
    assert (len(server.asked), len(run.artifact("completions.jsonl"))) == (3, 2)
    assert (result.metrics["requests"], result.metrics["unasked"]) == (3.0, 2.0)


def test_many_at_once_never_pass_a_bound_of_requests(run: Run, server: Server) -> None:
    """Every third is tried again, which is a request as well."""
    server.answer = lambda nth, body: (503, {}, "") if nth % 3 == 0 else said("Yes.")
    options = {"most_requests": 11, "allow_dropped": "a budget"}
    result = asked(run, server, prompts=10, options=options, at_once=8)
    assert result.ok, result.error
    assert len(server.asked) == result.metrics["requests"] == 11


def test_a_budget_that_means_nothing_is_refused(run: Run, server: Server) -> None:
    result = asked(run, server, options={"most_cost": 1.0})
    assert "most_cost needs the endpoint's prices" in result.error
    assert server.asked == []


def test_what_was_sent_beside_a_failure_is_kept(run: Run, server: Server) -> None:
    """Two are under way: the first is declined, and the second, which comes later, was paid for."""
    server.answer = lambda nth, body: (401, {}, "no") if nth == 1 else said("Yes.")
    assert not asked(run, server, prompts=1, at_once=2).ok
    server.answer = lambda nth, body: said("Yes.")
    assert asked(run, server, prompts=1, at_once=2, attempt=2).ok
    assert len(server.asked) == 3


def test_what_was_sent_before_a_stop_is_kept(run: Run, server: Server) -> None:
    """The stop comes while the first of four is answered; of the other three the one under way is heard."""
    stop = Stop()

    def answer(nth: int, body: dict[str, Any]) -> Told:
        stop.request()
        return said("Yes.")

    server.answer = answer
    rows = [{"id": f"p{at}", "prompt": question(f"q{at}")} for at in range(4)]
    prompts = {"prompts": run.rows("prompts", rows)}
    endpoint = {"url": server.url, "model": "theirs", "at_once": 2}
    run.ask("generate", seed=3, inputs=prompts, options={"n": 1}, endpoint=endpoint)
    assert carry_out(run.folder, number=1, stop=stop) == EXIT_INTERRUPTED
    assert len(answers_in(run.folder)) == len(server.asked) == 2


def test_answers_are_read_without_what_a_kill_left_of_a_line(run: Run, server: Server) -> None:
    assert asked(run, server, prompts=1).ok
    with (run.folder / "answers.jsonl").open("ab") as stream:
        stream.write(b'{"key": ["p9", 0, 0], "content": "cut o')
    known = answers_in(run.folder)
    assert sorted(known) == [("p0", 0, 0), ("p0", 1, 0)]
    assert {each["finish"] for each in known.values()} == {"stop"}
    assert answers_in(run.folder / "inputs") == {}
