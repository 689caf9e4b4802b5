"""The independent segmenter: what its network is shown, what comes back, and how right the public weights are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from scenefill import labels as label_sets
from scenefill.data import public
from scenefill.errors import ImageError, WeightsError
from scenefill.evaluation.segmenter import CITYSCAPES, FILE, SIZE, Segmenter
from scenefill.labels import UNKNOWN
from scenefill.metrics.semantic import Confusion
from scenefill.networks.espnetv2 import CLASSES, ESPNetv2

STREET = label_sets.get("street")
ROAD, CAR, TERRAIN = (CITYSCAPES.id(name) for name in ("road", "car", "terrain"))


class Bright(nn.Module):
    """Calls dark pixels one class and bright ones another, and background likelier than both."""

    def __init__(self, dark: int = ROAD, bright: int = CAR) -> None:
        super().__init__()
        self.dark, self.bright = dark, bright
        self.seen = torch.empty(0)

    def forward(self, rgb: Tensor) -> Tensor:
        self.seen = rgb
        scores = torch.full((len(rgb), CLASSES, *rgb.shape[2:]), -5.0)
        scores[:, self.dark], scores[:, self.bright] = -rgb.mean(dim=1), rgb.mean(dim=1)
        scores[:, -1] = 9
        return scores


def halves(height: int, width: int) -> np.ndarray:
    """Dark on the left, bright on the right."""
    photo = np.zeros((height, width, 3), np.uint8)
    photo[:, width // 2 :] = 255
    return photo


@settings(max_examples=8, deadline=None)
@given(height=st.integers(8, 90), half=st.integers(8, 60))
def test_a_map_is_as_large_as_its_photo_and_lies_over_it(height: int, half: int) -> None:
    labels = Segmenter(Bright(), STREET).segment(halves(height, 2 * half))
    assert labels.dtype == np.uint8
    assert labels.shape == (height, 2 * half)
    assert (labels[:, :half] == STREET.id("road")).all()
    assert (labels[:, half:] == STREET.id("vehicle")).all()


def test_the_network_sees_the_published_size_in_minus_one_to_one() -> None:
    network = Bright()
    photo = np.zeros((64, 64, 3), np.uint8)
    photo[..., 0], photo[..., 2] = 255, 51
    photo.flags.writeable = False
    Segmenter(network, STREET).segment(photo)
    assert network.seen.shape == (1, 3, *SIZE)
    torch.testing.assert_close(network.seen[0, :, 100, 500], torch.tensor([1.0, -1.0, -0.6]))


def test_a_large_photo_is_averaged_and_not_sampled() -> None:
    network = Bright()
    stripes = np.zeros((1024, 2048, 3), np.uint8)
    stripes[:, ::2] = 255
    Segmenter(network, STREET).segment(stripes)
    assert network.seen[..., 10:-10].abs().max() < 0.1


@pytest.mark.parametrize(
    ("target", "road", "terrain"),
    [("street", "road", "vegetation"), ("idd-lite", "drivable", None), ("cityscapes", "road", "terrain")],
)
def test_labels_are_those_of_the_target(target: str, road: str, terrain: str | None) -> None:
    classes = label_sets.get(target)
    labels = Segmenter(Bright(ROAD, TERRAIN), classes).segment(halves(8, 16))
    assert labels[4, 2] == classes.id(road)
    assert labels[4, 13] == (UNKNOWN if terrain is None else classes.id(terrain))


@pytest.mark.parametrize(("shape", "kind"), [((8, 8), np.uint8), ((8, 8, 4), np.uint8), ((8, 8, 3), np.float32)])
def test_only_rgb_is_a_photo(shape: tuple[int, ...], kind: type) -> None:
    with pytest.raises(ImageError, match=r"is RGB, uint8 \(H, W, 3\); this one is"):
        Segmenter(Bright(), STREET).segment(np.zeros(shape, kind))


def test_a_missing_file_is_named_with_where_to_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCENEFILL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SCENEFILL_DATA", str(tmp_path))
    with pytest.raises(WeightsError, match=rf"{FILE} was not found: put it into .*cache, or name its folder in SCENEFILL_DATA"):
        Segmenter.open(STREET)


@pytest.mark.parametrize(("variable", "folder"), [("SCENEFILL_CACHE", "."), ("SCENEFILL_DATA", "weights")])
def test_the_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, folder: str) -> None:
    monkeypatch.delenv("SCENEFILL_DATA", raising=False)
    monkeypatch.setenv("SCENEFILL_CACHE", str(tmp_path / "none"))
    monkeypatch.setenv(variable, str(tmp_path))
    (tmp_path / folder).mkdir(exist_ok=True)
    torch.save(ESPNetv2().state_dict(), tmp_path / folder / FILE)
    assert isinstance(Segmenter.open(STREET).network, ESPNetv2)


@pytest.mark.skipif("SCENEFILL_DATA" not in os.environ, reason="SCENEFILL_DATA does not name the folder of the data sets")
def test_the_public_weights_know_a_street() -> None:
    photos = public.open("camvid", os.environ["SCENEFILL_DATA"], "test")
    segmenter = Segmenter.open(STREET)
    counts = []
    for index in np.linspace(0, len(photos) - 1, 3).astype(int):
        photo, truth = photos.load(index, STREET)
        counts.append(Confusion.of(segmenter.segment(photo), truth, STREET).counts)
    found = Confusion(STREET, np.sum(counts, axis=0))
    assert found.accuracy() > 0.8
    assert found.miou() > 0.55
