"""Label maps come back from files as they were, and what is none is refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from specimens import leftovers

from scenefill import labels
from scenefill.errors import LabelError, OutputError
from scenefill.pictures import images


@pytest.mark.parametrize("name", labels.available())
def test_label_maps_come_back(name: str, tmp_path: Path) -> None:
    label_set = labels.get(name)
    ids = [*range(len(label_set)), labels.UNKNOWN, *label_set.partial]
    if label_set.file_ids is not None:
        assert not label_set.partial
    expected = np.array(ids, np.uint8)[np.random.default_rng(0).integers(0, len(ids), (9, 13))]
    images.write_labels(expected, label_set, tmp_path / "map.png")
    assert (images.read_labels(tmp_path / "map.png", label_set) == expected).all()
    with Image.open(tmp_path / "map.png") as image:
        assert image.mode == "P"
        assert (np.asarray(image.convert("RGB")) == label_set.colourise(expected)).all()


def test_grey_and_colour_coded_label_maps(tmp_path: Path) -> None:
    street = labels.get("street")
    expected = np.array([[0, 1, 7], [4, labels.UNKNOWN, 5]], np.uint8)
    images.write_grey(expected, tmp_path / "grey.png")
    images.write_rgb(street.colourise(expected), tmp_path / "colours.png")
    for name in ("grey.png", "colours.png"):
        assert (images.read_labels(tmp_path / name, street) == expected).all()


def test_label_maps_that_cannot_be_used(tmp_path: Path) -> None:
    street = labels.get("street")
    with pytest.raises(LabelError, match=r"gone\.png cannot be read: No such file"):
        images.read_labels(tmp_path / "gone.png", street)
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(LabelError, match=r"text\.png is not a picture"):
        images.read_labels(tmp_path / "text.png", street)
    images.write_grey(np.array([[0, 1], [2, 99]], np.uint8), tmp_path / "ids.png")
    with pytest.raises(LabelError, match=r"ids\.png: id 99 at row 1, column 1 is not in label set street"):
        images.read_labels(tmp_path / "ids.png", street)
    images.write_rgb(np.array([[[70, 130, 180], [1, 2, 3]]], np.uint8), tmp_path / "colours.png")
    with pytest.raises(LabelError, match=r"colour \(1, 2, 3\) at row 0, column 1 is not in label set street"):
        images.read_labels(tmp_path / "colours.png", street)
    images.write(images.read(np.full((2, 2), 300, np.uint16)), tmp_path / "deep.png")
    with pytest.raises(LabelError, match="neither 8-bit ids"):
        images.read_labels(tmp_path / "deep.png", street)


def test_label_maps_are_written_as_png_and_checked(tmp_path: Path) -> None:
    street = labels.get("street")
    with pytest.raises(OutputError, match=r"written as \.png"):
        images.write_labels(np.zeros((2, 2), np.uint8), street, tmp_path / "map.jpg")
    with pytest.raises(LabelError, match="id 50"):
        images.write_labels(np.full((2, 2), 50, np.uint8), street, tmp_path / "map.png")
    assert leftovers(tmp_path) == []


def test_label_maps_from_open_files() -> None:
    street = labels.get("street")
    wanted = np.arange(8, dtype=np.uint8).reshape(2, 4)
    assert (images.read_labels(io.BytesIO(images.encode_labels(wanted, street)), street) == wanted).all()
