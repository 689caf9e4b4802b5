"""scenefill inpaint: every option does what its help says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes import STREET, Draughtsman, Painter
from PIL import Image

from scenefill.filling import inpainter

Run = Callable[..., tuple[int, str, str]]
HOLE = (slice(4, 12), slice(8, 16))


def _pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def _colour(name: str) -> tuple[int, int, int]:
    return STREET.colours[STREET.id(name)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.png"


def test_only_the_hole_changes(run: Run, painter: Painter, photo: Path, mask: Path, street: np.ndarray, out: Path) -> None:
    assert run("inpaint", photo, mask, "-o", out, "-m", "painter", "--detail", "none") == (0, f"{out}\n", "")
    filled = _pixels(out)
    assert (filled[HOLE] == _colour("building")).all()
    filled = filled.copy()
    filled[HOLE] = street[HOLE]
    assert (filled == street).all()


def test_forbidden_classes_do_not_appear(run: Run, painter: Painter, photo: Path, mask: Path, out: Path) -> None:
    assert run("inpaint", photo, mask, "-o", out, "-m", "painter", "--detail", "none", "--forbid", "house, sky")[0] == 0
    assert (_pixels(out)[HOLE] == _colour("road")).all()


def test_a_label_map_decides(run: Run, painter: Painter, photo: Path, mask: Path, out: Path, tmp_path: Path) -> None:
    wanted = np.full((48, 64), 255, np.uint8)
    wanted[4:12, 8:12] = STREET.id("tree")
    Image.fromarray(wanted).save(tmp_path / "map.png")
    assert run("inpaint", photo, mask, "-o", out, "-m", "painter", "--detail", "none", "--labels", tmp_path / "map.png")[0] == 0
    assert (_pixels(out)[4:12, 8:11] == _colour("tree")).all()
    assert (_pixels(out)[4:12, 13:16] == _colour("building")).all()


def test_a_drawing_of_edges_leads(
    run: Run, photo: Path, mask: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inpainter, "load", lambda name, **computing: inpainter.Inpainter(Draughtsman()))
    drawing = np.zeros((48, 64), np.uint8)
    drawing[:, 12] = 255
    Image.fromarray(drawing).save(tmp_path / "edges.png")
    assert run("inpaint", photo, mask, "-o", out, "--detail", "none", "--edges", tmp_path / "edges.png")[0] == 0
    assert (_pixels(out)[4:12, 12] == 255).all()
    assert (_pixels(out)[4:12, 8:12] == 0).all()


def test_map_and_confidence_are_written(run: Run, painter: Painter, photo: Path, mask: Path, out: Path, tmp_path: Path) -> None:
    labels, confidence = tmp_path / "labels.png", tmp_path / "confidence.png"
    code, _, _ = run("inpaint", photo, mask, "-o", out, "-m", "painter", "--save-labels", labels, "--save-confidence", confidence)
    assert code == 0
    with Image.open(labels) as written:
        assert written.mode == "P"
    assert (_pixels(labels)[40:] == STREET.id("road")).all()
    assert (_pixels(labels)[5:11, 9:15] == STREET.id("building")).all()
    assert _pixels(confidence).dtype == np.uint8
    assert _pixels(confidence)[8, 12] < _pixels(confidence)[44, 4]


def test_grow_feather_and_size_reach_the_library(
    run: Run, painter: Painter, photo: Path, mask: Path, street: np.ndarray, out: Path
) -> None:
    assert (
        run("inpaint", photo, mask, "-o", out, "-m", "painter", "--detail", "none", "--grow", 3, "--feather", 2, "--size", 16)[0]
        == 0
    )
    filled = _pixels(out)
    assert (filled[1, 12] == _colour("building")).all()
    changed = (filled != street).any(axis=2)
    assert changed[0, 12]
    assert not changed[20:].any()
    assert {image.shape[-1] for image, *_ in painter.asked} == {16}


def test_masks_of_the_other_polarity_and_of_another_size(
    run: Run, painter: Painter, photo: Path, mask: Path, out: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.png"
    Image.fromarray(255 - _pixels(mask).repeat(2, axis=0).repeat(2, axis=1)).save(other)
    assert run("inpaint", photo, other, "-o", out, "-m", "painter", "--detail", "none", "--invert-mask", "--resize-mask")[0] == 0
    assert (_pixels(out)[HOLE] == _colour("building")).all()


def test_a_mask_without_a_hole_gives_the_photo_back_with_a_warning(
    run: Run, painter: Painter, photo: Path, street: np.ndarray, out: Path, tmp_path: Path
) -> None:
    Image.new("L", (64, 48)).save(tmp_path / "empty.png")
    code, _, said = run("inpaint", photo, tmp_path / "empty.png", "-o", out, "-m", "painter")
    assert code == 0
    assert said.startswith("scenefill: the mask has no hole")
    assert said.count("\n") == 1
    assert (_pixels(out) == street).all()


def test_jpeg_in_jpeg_out_without_a_network(run: Run, mask: Path, street: np.ndarray, tmp_path: Path) -> None:
    photo, out = tmp_path / "photo.jpg", tmp_path / "out.jpg"
    Image.fromarray(street).save(photo, quality=90)
    assert run("inpaint", photo, mask, "-o", out, "-m", "telea")[0] == 0
    with Image.open(photo) as given, Image.open(out) as written:
        assert written.format == "JPEG"
        assert written.quantization == given.quantization
    assert np.abs(_pixels(out)[16:].astype(int) - _pixels(photo)[16:]).mean() < 2


def test_an_existing_file_needs_overwrite(run: Run, photo: Path, mask: Path, out: Path) -> None:
    out.write_text("mine")
    code, _, said = run("inpaint", photo, mask, "-o", out, "-m", "telea")
    assert (code, out.read_text()) == (2, "mine")
    assert "--overwrite" in said
    assert run("inpaint", photo, mask, "-o", out, "-m", "telea", "--overwrite")[0] == 0
    assert _pixels(out).shape == (48, 64, 3)


def test_what_a_network_is_computed_with_reaches_it(
    run: Run, photo: Path, mask: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def load(name: str, **computing: object) -> inpainter.Inpainter:
        asked.append(computing)
        return inpainter.Inpainter(Painter())

    monkeypatch.setattr(inpainter, "load", load)
    words = ("--runtime", "openvino", "--precision", "bf16", "--device", "cpu")
    given, folder = {"runtime": "openvino", "precision": "bf16", "device": "cpu"}, out.parent / "folder"
    assert run("inpaint", photo, mask, "-o", out, *words)[0] == 0
    assert run("erase", photo, "--what", "car", "-o", out, "--overwrite", *words)[0] == 0
    assert run("segment", photo, "-o", out, "--overwrite", *words)[0] == 0
    assert run("demo", photo, mask, "-o", folder, *words)[0] == 0
    assert run("batch", photo.parent, mask, folder / "batch", "--glob", photo.name, *words)[0] == 0
    assert asked == [given] * 5


def test_a_device_that_is_not_there_is_said(run: Run, photo: Path, mask: Path, out: Path) -> None:
    code, _, said = run("inpaint", photo, mask, "-o", out, "--device", "directml")
    assert code == 2
    assert said.startswith("scenefill: the ONNX Runtime that is installed has no directml: install onnxruntime-directml")
    assert not out.exists()
