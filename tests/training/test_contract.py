from pathlib import Path

import pytest

from training.contract import ContractError, RunSpec, read_events, read_on
from training.events import EventLog


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    spec = RunSpec(recipe="dpo", model="tiny", inputs={"train": "d"}, options={"beta": 0.2})
    spec.write(tmp_path)
    assert RunSpec.read(tmp_path) == spec


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text("{")
    with pytest.raises(ContractError, match=r"spec\.json"):
        RunSpec.read(tmp_path)


@pytest.mark.parametrize(
    "spoilt",
    [
        '"seed": "7"',
        '"seed": true',
        '"schema": 2',
        '"nonsense": 1',
        '"options": {"beta": "high"}',
        '"options": {"betta": 0.1}',
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / "spec.json").write_text(f'{{"recipe": "dpo", "model": "tiny", {spoilt}}}')
    with pytest.raises(ContractError):
        RunSpec.read(tmp_path)


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    assert read_on(tmp_path / "nowhere") == ([], 0)
    log.write("progress", done=1, total=2)
    first = read_on(tmp_path)
    log.write("progress", done=2, total=2)
    second = read_on(tmp_path, at=first.end)
    assert [each.n for each in first.events + second.events] == [1, 2]
    assert read_on(tmp_path, at=second.end) == ([], second.end)
    log.close()


def test_a_half_written_line_waits(tmp_path: Path) -> None:
    log = EventLog(tmp_path)
    log.write("progress", done=1, total=1)
    whole = (tmp_path / "events.jsonl").read_bytes()
    (tmp_path / "events.jsonl").write_bytes(whole + whole[:-1])
    told = read_on(tmp_path)
    assert (len(told.events), told.end) == (1, len(whole))
    (tmp_path / "events.jsonl").write_bytes(whole + whole)
    assert len(read_on(tmp_path, at=told.end).events) == 1
    log.close()


def test_odd_ends_of_lines_in_an_answer_break_no_event(tmp_path: Path) -> None:
    """U+2028, U+2029 and U+0085 end a line for `str.splitlines`; models write them."""
    log = EventLog(tmp_path)
    log.write("sample", content="one\u2028two\u2029three\x85four")
    log.close()
    [event] = read_events(tmp_path)
    assert event.body["content"] == "one\u2028two\u2029three\x85four"
