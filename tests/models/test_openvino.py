"""An exported network on OpenVINO: the same contract, its nearness to ONNX Runtime, and what is kept in the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fakes import write_network
from models.contract import RuntimeContract

import scenefill
from scenefill.errors import ScenefillWarning
from scenefill.filling.inpainter import Inpainter
from scenefill.models import openvino
from scenefill.models.openvino import OpenVinoBackend
from scenefill.models.runtime import OnnxBackend

pytest.importorskip("openvino", reason='the extra "openvino" is not installed')

EXAMPLES = Path(__file__).parents[2] / "examples"
PHOTO, MASK = EXAMPLES / "photos" / "red-car.jpg", EXAMPLES / "masks" / "red-car.png"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("SCENEFILL_CACHE", str(folder))
    return folder / "openvino"


HELD: list[object] = []


def _forget() -> None:
    """As in a new process; what was compiled lives on, since a child of `fork` would wait for the threads of what is freed."""
    HELD.append(dict(openvino._COMPILED))
    openvino._COMPILED.clear()


class TestOpenVino(RuntimeContract):
    kind = OpenVinoBackend


@pytest.fixture(scope="module")
def exact() -> np.ndarray:
    return scenefill.load("sge-net-street", threads=1)(PHOTO, MASK, intent="restore", detail="none").image.astype(int)


def _levels(exact: np.ndarray, fill: Inpainter) -> tuple[np.ndarray, np.ndarray]:
    """By how much each pixel of the picture differs, and each of the hole."""
    result = fill(PHOTO, MASK, intent="restore", detail="none")
    difference = np.abs(result.image.astype(int) - exact)
    return difference, difference[result.mask]


def test_a_real_photo_at_fp32_is_that_of_onnx_runtime(exact: np.ndarray) -> None:
    picture, hole = _levels(exact, scenefill.load("sge-net-street", threads=1, runtime="openvino"))
    assert picture.max() <= 1
    assert hole.mean() < 0.01


def test_a_real_photo_at_bf16_is_near_and_the_difference_is_told(exact: np.ndarray) -> None:
    if not openvino.has_bf16():
        pytest.skip("this processor has no bf16")
    with pytest.warns(ScenefillWarning, match=r"sge-net-street at bf16 fills a test hole \d\.\d levels of 255 away from fp32"):
        fill = scenefill.load("sge-net-street", threads=1, precision="bf16")
    picture, hole = _levels(exact, fill)
    assert picture.mean() < 0.5
    assert 0 < hole.mean() < 2.5


def test_what_was_compiled_is_read_from_the_cache(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_network(tmp_path)
    _forget()
    first = OpenVinoBackend.open(path, threads=1)
    (kept,) = cache.iterdir()
    monkeypatch.setattr(openvino, "_made", lambda *given: pytest.fail("compiled again"))
    assert OpenVinoBackend.open(path, threads=1)._running is first._running, "once in a process"
    _forget()
    assert OpenVinoBackend.open(path, threads=1)._running is not first._running
    monkeypatch.undo()
    monkeypatch.setenv("SCENEFILL_CACHE", str(cache.parent))
    head, _, data = kept.read_bytes().partition(b"\n")
    for broken in (b"", head, head + b"\n" + data[: len(data) // 2], b"0" * 64 + b" 0\n" + data):
        kept.write_bytes(broken)
        _forget()
        assert OpenVinoBackend.open(path, threads=1).working_size == 64
        assert kept.read_bytes().startswith(head), "made anew"


def test_a_difference_is_remembered_and_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, made = write_network(tmp_path), openvino._made
    monkeypatch.setattr(openvino, "_made", lambda *given: (made(*given)[0], 0.7))
    for _ in range(2):
        _forget()
        with pytest.warns(ScenefillWarning, match=r"tiny at fp32 fills a test hole 0\.7 levels of 255 away .* more than 0\.5"):
            OpenVinoBackend.open(path, threads=1)
    _forget()


def test_a_cache_that_cannot_be_written_makes_no_difference(cache: Path, tmp_path: Path) -> None:
    _forget()
    cache.parent.write_text("a file where the folder should be")
    path = write_network(tmp_path)
    asked = np.zeros((1, 3, 8, 8), np.float32), np.ones((1, 1, 8, 8), np.float32)
    rest = np.full((1, 8, 8), 255, np.int64), np.zeros((1, 8), bool)
    ours, theirs = (kind.open(path, threads=1).run(*asked, *rest).image for kind in (OpenVinoBackend, OnnxBackend))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
