from pathlib import Path

import pytest

from training.contract import ContractError, RunSpec


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
