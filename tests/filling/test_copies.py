"""An Inpainter elsewhere: copied, pickled, in threads, after fork and spawn."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fakes import write_network

from scenefill.errors import ImageError, LabelError, MaskError, WeightsError
from scenefill.filling import inpainter
from scenefill.filling.inpainter import Inpainter

PHOTO = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
HOLE = np.zeros((64, 64), bool)
HOLE[20:40, 20:40] = True


@pytest.fixture(params=["telea", "tiny", "tiny on openvino", "sge-net-street", "spg-net-street"])
def fill(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inpainter:
    if request.param == "tiny on openvino":
        pytest.importorskip("openvino", reason='the extra "openvino" is not installed')
        monkeypatch.setenv("SCENEFILL_CACHE", str(tmp_path / "cache"))
        return inpainter.load(write_network(tmp_path), threads=1, runtime="openvino")
    return inpainter.load(write_network(tmp_path) if request.param == "tiny" else request.param, threads=1)


def _filled(fill: Inpainter) -> np.ndarray:
    return fill(PHOTO, HOLE).image


def test_copies_and_pickles_fill_as_the_first_does(fill: Inpainter) -> None:
    expected = _filled(fill)  # and what it has looked up for itself meanwhile is no part of a copy
    for other in (copy.copy(fill), copy.deepcopy(fill), pickle.loads(pickle.dumps(fill))):
        assert (_filled(other) == expected).all()
    assert len(pickle.dumps(fill)) < 10_000, "a path, not the weights"


def test_a_copy_whose_file_is_gone_says_so(tmp_path: Path) -> None:
    path = write_network(tmp_path)
    data = pickle.dumps(inpainter.load(path))
    path.unlink()
    with pytest.raises(WeightsError, match="there is no weights file"):
        pickle.loads(data)


def test_threads(fill: Inpainter) -> None:
    expected = _filled(fill)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(_filled, [fill] * 8):
            assert (found == expected).all()


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_other_processes(fill: Inpainter, start: str) -> None:
    expected = _filled(fill)
    with ProcessPoolExecutor(1, multiprocessing.get_context(start)) as pool:
        assert (pool.submit(_filled, fill).result(120) == expected).all()


def test_a_fork_that_takes_it_along(tmp_path: Path) -> None:
    fill = inpainter.load(write_network(tmp_path))
    expected = _filled(fill)
    context = multiprocessing.get_context("fork")
    given, taken = context.Pipe(duplex=False)
    child = context.Process(target=lambda: taken.send(_filled(fill)))  # not pickled: the object of this process itself
    child.start()
    assert given.poll(60)
    assert (given.recv() == expected).all()
    child.join(60)
    assert child.exitcode == 0
    assert (_filled(fill) == expected).all()


@pytest.mark.parametrize("wrong", [3, [1], {}, object()])
def test_wrong_kinds_are_errors_of_ours(wrong: object) -> None:
    fill = inpainter.load("telea")
    with pytest.raises(ImageError, match="a picture is a path"):
        fill(wrong, HOLE)  # type: ignore[arg-type]
    with pytest.raises(MaskError, match="mask: a picture is a path"):
        fill(PHOTO, wrong)  # type: ignore[arg-type]
    with pytest.raises(LabelError, match="a picture is a path"):
        inpainter.load("sge-net-street")(PHOTO, HOLE, labels=wrong)  # type: ignore[arg-type]
