"""Checkpoints: the newest two, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from scenefill.training import checkpoint


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    for images in (8, 16, 100, 1000):
        path = checkpoint.save(tmp_path / "run", images, {"images_seen": images})
        assert path.name == f"{images:09d}.pt"
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["000000100.pt", "000001000.pt"]
    assert checkpoint.newest(tmp_path / "run") == {"images_seen": 1000}


def test_nothing_there(tmp_path: Path) -> None:
    assert checkpoint.newest(tmp_path) is None
    assert checkpoint.newest(tmp_path / "none") is None


@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_a_file_cut_short_is_skipped_for_the_one_before(tmp_path: Path, share: float) -> None:
    for images in (8, 16):
        checkpoint.save(tmp_path, images, {"images_seen": images, "weights": torch.randn(50, 50)})
    newest = tmp_path / "000000016.pt"
    whole = newest.read_bytes()
    newest.write_bytes(whole[: int(share * len(whole))])
    state = checkpoint.newest(tmp_path)
    assert state is not None
    assert state["images_seen"] == 8


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "sprung",))  # type: ignore[return-value]

    torch.save({"trap": Trap()}, tmp_path / "000000008.pt")
    assert checkpoint.newest(tmp_path) is None
    assert not (tmp_path / "sprung").exists()
