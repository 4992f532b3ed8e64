from __future__ import annotations

from pathlib import Path

import pytest

from training.checkpoints import NEEDED, WEIGHTS, is_valid, newest_valid, publish


def written(run_dir: Path, step: int, weights: str = WEIGHTS[0]) -> Path:
    """What a trainer writes, before it is published."""
    folder = run_dir / "checkpoints" / "unfinished" / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    for name in (*NEEDED, weights):
        (folder / name).write_text(f"{name} of step {step}")
    return folder


def test_the_newest_whole_checkpoint_is_found(tmp_path: Path) -> None:
    for step in (2, 10):
        publish(written(tmp_path, step), tmp_path, step=step)
    newest = newest_valid(tmp_path)
    assert newest is not None
    assert newest.name == "step-00000010"


def test_a_whole_model_is_as_good_as_an_adapter_and_no_weights_are_no_checkpoint(
    tmp_path: Path,
) -> None:
    whole = publish(written(tmp_path, 1, "model.safetensors"), tmp_path, step=1)
    none = publish(written(tmp_path, 2, "README.md"), tmp_path, step=2)
    assert is_valid(whole)
    assert not is_valid(none)
    assert newest_valid(tmp_path) == whole


def test_without_one_a_run_begins_anew(tmp_path: Path) -> None:
    assert newest_valid(tmp_path) is None


def test_only_the_last_two_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        publish(written(tmp_path, step), tmp_path, step=step)
    kept = sorted(path.name for path in (tmp_path / "checkpoints").glob("step-*"))
    assert kept == ["step-00000002", "step-00000003"]


@pytest.mark.parametrize("name", [*NEEDED, WEIGHTS[0], "manifest.json"])
def test_one_that_lacks_a_file_is_passed_over(tmp_path: Path, name: str) -> None:
    for step in (1, 2):
        publish(written(tmp_path, step), tmp_path, step=step)
    (tmp_path / "checkpoints" / "step-00000002" / name).unlink()
    newest = newest_valid(tmp_path)
    assert newest is not None
    assert newest.name == "step-00000001"


def test_one_without_an_optimizer_is_never_valid(tmp_path: Path) -> None:
    folder = written(tmp_path, 1)
    (folder / "optimizer.pt").unlink()
    assert not is_valid(publish(folder, tmp_path, step=1))


def test_one_whose_bytes_changed_is_passed_over(tmp_path: Path) -> None:
    kept = publish(written(tmp_path, 1), tmp_path, step=1)
    assert is_valid(kept)
    (kept / "optimizer.pt").write_text("something else")
    assert newest_valid(tmp_path) is None


def test_one_that_was_not_renamed_is_not_seen(tmp_path: Path) -> None:
    written(tmp_path, 7)
    assert newest_valid(tmp_path) is None
