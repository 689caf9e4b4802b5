from typing import Any

import numpy as np
import pytest
import torch
from fakes import STREET
from numpy.typing import NDArray

from scenefill.errors import ConfigError
from scenefill.evaluation.segmenter import SIZE, Segmenter
from scenefill.experiments.plan import Row
from scenefill.experiments.subjects import SQUARE, Scale, Untouched, open_segmenter, subject
from scenefill.labels import LabelMap


@pytest.fixture
def photo() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


@pytest.fixture
def hole() -> NDArray[np.bool_]:
    mask = np.zeros((64, 64), bool)
    mask[16:48, 16:48] = True
    return mask


def reads_road(rgb: NDArray[np.uint8]) -> LabelMap:
    return np.full(rgb.shape[:2], STREET.id("road"), np.uint8)


def test_a_segmenter_reads_what_a_model_filled(photo: Any, hole: Any) -> None:
    model = subject(Row("x", weights="telea", reads="segmenter"), "telea", reads_road, STREET)
    result = model(photo, hole, intent="restore", detail="none")
    assert result.labels is not None
    assert set(np.unique(result.labels)) == {STREET.id("road")}
    assert np.array_equal(result.picture.rgb8()[~hole], photo[~hole])


def test_the_incomplete_picture_is_left_as_it_is(photo: Any, hole: Any) -> None:
    model = subject(Row("x", weights="incomplete"), "incomplete", None, STREET)
    assert isinstance(model, Untouched)
    assert np.array_equal(model(photo, hole, intent="restore", detail="none").picture.rgb8(), photo)


def test_a_row_that_is_read_by_a_segmenter_needs_one() -> None:
    with pytest.raises(ConfigError, match='model "x" is read by a segmenter, and there is none'):
        subject(Row("x", weights="telea", reads="segmenter"), "telea", None, STREET)


def test_a_segmenter_without_our_classes_is_refused() -> None:
    with pytest.raises(ConfigError, match='segmenter telea does not tell the classes of label set "street" apart'):
        open_segmenter("telea", STREET)


def test_scales_are_those_of_the_network(photo: Any, hole: Any) -> None:
    """Each fills the hole alone; the coarsest varies least from pixel to pixel."""
    with pytest.raises(ConfigError, match="has the scales 0 to 4, not 5"):
        Scale.open("sge-net-street", 5)
    steps = []
    for level in (0, 4):
        scale = Scale.open("sge-net-street", level)
        result = scale(photo, hole, intent="restore", detail="none")
        drawn = result.picture.rgb8()
        assert np.array_equal(drawn[~hole], photo[~hole])
        assert result.labels is not None
        assert result.labels.shape == hole.shape
        steps.append(np.abs(np.diff(drawn[18:46, 18:46].astype(float), axis=0)).mean())
    assert steps[0] > steps[1]


def test_the_segmenter_reads_squares_as_squares(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stretched to the 2:1 of its training, it is far from itself."""
    seen: list[tuple[int, ...]] = []

    def network(photo: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(photo.shape[2:]))
        return torch.zeros(1, 19, *photo.shape[2:])

    monkeypatch.setattr(Segmenter, "open", classmethod(lambda cls, target: cls(network, target)))
    segment = open_segmenter("espnetv2", STREET)
    for shape in ((64, 64, 3), (64, 128, 3)):
        segment(np.zeros(shape, np.uint8))
    assert seen == [SQUARE, SIZE]
