"""What users get wrong: one sentence, exit code 2, and nothing lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes import Painter, write_network
from PIL import Image

Run = Callable[..., tuple[int, str, str]]
Spoil = Callable[[Path], None]


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _animate(path: Path) -> None:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])


@pytest.fixture
def folder(tmp_path: Path, photo: Path, mask: Path) -> Path:
    """photo.png and mask.png, and nothing else that matters."""
    return tmp_path


def _refused(result: tuple[int, str, str]) -> str:
    """The one sentence that was said."""
    code, printed, said = result
    assert code == 2
    assert printed == ""
    assert said.startswith("scenefill: ")
    assert said.count("\n") == 1
    return said


def _fill(run: Run, folder: Path, *options: object, photo: str = "photo.png", mask: str = "mask.png") -> str:
    before = sorted(folder.rglob("*"))
    said = _refused(run("inpaint", folder / photo, folder / mask, "-o", folder / "out.png", *options))
    assert sorted(folder.rglob("*")) == before, "nothing may be left behind"
    return said


PICTURES: dict[str, tuple[Spoil, str]] = {
    "missing": (lambda path: path.unlink(), "no such file"),
    "zero bytes": (lambda path: path.write_bytes(b""), "empty"),
    "text": (lambda path: path.write_text("not a picture"), "not a picture"),
    "truncated": (_truncate, "damaged or cut short"),
    "animated": (_animate, "animated"),
    "floats": (lambda path: Image.new("F", (64, 48)).save(path, "TIFF"), "32-bit floats"),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "cannot be read"),  # type: ignore[arg-type,return-value]
}


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("which", ["photo.png", "mask.png"])
def test_a_picture_that_cannot_be_used(run: Run, folder: Path, which: str, kind: str) -> None:
    spoil, sentence = PICTURES[kind]
    spoil(folder / which)
    said = _fill(run, folder, "-m", "telea")
    assert which in said
    assert sentence in said


def test_a_mask_of_another_size_names_both(run: Run, folder: Path) -> None:
    Image.new("L", (65, 48)).save(folder / "mask.png")
    said = _fill(run, folder, "-m", "telea")
    assert "65x48" in said
    assert "64x48" in said
    assert "--resize-mask" in said


def test_a_mask_that_is_all_hole(run: Run, folder: Path) -> None:
    Image.new("L", (64, 48), 255).save(folder / "mask.png")
    assert "all hole" in _fill(run, folder, "-m", "telea")


def test_a_mask_that_can_be_meant_in_two_ways(run: Run, folder: Path) -> None:
    Image.fromarray(np.arange(48 * 64, dtype=np.int64).reshape(48, 64).astype(np.uint8) % 3).save(folder / "mask.png")
    assert "several values and none that reaches half of 255" in _fill(run, folder, "-m", "telea")
    two = Image.new("RGB", (64, 48), "white")
    two.paste("red", (10, 10, 40, 40))
    two.save(folder / "mask.png")
    assert "holds white and (255, 0, 0), and either could be the hole" in _fill(run, folder, "-m", "telea")


def test_a_hole_that_is_given_twice_or_not_at_all(run: Run, folder: Path) -> None:
    out = ("-o", folder / "out.png", "-m", "telea")
    assert "nothing in the photo is transparent" in _refused(run("inpaint", folder / "photo.png", *out))
    assert "leave" in _refused(run("inpaint", folder / "photo.png", folder / "mask.png", "--mask", "alpha", *out))


def test_a_page_that_is_not_there(run: Run, folder: Path) -> None:
    assert "photo.png has 1 page, and page 2 was asked for" in _fill(run, folder, "-m", "telea", "--page", 2)


def test_an_unknown_class_gets_the_near_one_and_the_list(run: Run, painter: Painter, folder: Path) -> None:
    said = _fill(run, folder, "-m", "painter", "--forbid", "vehicel")
    assert 'did you mean "vehicle"?' in said
    assert "pavement" in said
    said = _refused(run("erase", folder / "photo.png", "--what", "unicorn", "-o", folder / "out.png", "-m", "painter"))
    assert '"unicorn"' in said


def test_a_label_map_that_does_not_fit(run: Run, painter: Painter, folder: Path) -> None:
    Image.new("L", (64, 48), 99).save(folder / "map.png")
    assert "id 99" in _fill(run, folder, "-m", "painter", "--labels", folder / "map.png")
    Image.new("RGB", (64, 48), (1, 2, 3)).save(folder / "map.png")
    assert "colour (1, 2, 3)" in _fill(run, folder, "-m", "painter", "--labels", folder / "map.png")
    Image.new("L", (10, 10), 0).save(folder / "map.png")
    assert "10x10" in _fill(run, folder, "-m", "painter", "--labels", folder / "map.png")


def test_steering_a_model_without_semantics(run: Run, folder: Path) -> None:
    assert "knows no classes" in _fill(run, folder, "-m", "telea", "--forbid", "car")
    assert "knows no classes" in _refused(run("segment", folder / "photo.png", "-o", folder / "map.png", "-m", "telea"))
    assert "knows no classes" in _refused(
        run("erase", folder / "photo.png", "--what", "car", "-o", folder / "o.png", "-m", "telea")
    )


def test_segment_of_a_folder(run: Run, painter: Painter, folder: Path) -> None:
    photos = folder / "photos"
    photos.mkdir()
    assert "holds no pictures" in _refused(run("segment", photos, "-o", folder / "maps", "-m", "painter"))
    (photos / "a.png").write_bytes((folder / "photo.png").read_bytes())
    assert "among the photos" in _refused(run("segment", photos, "-o", photos / "labels", "-m", "painter"))
    overlay = ("--overlay", folder / "look.png")
    assert "--overlay is for one photo" in _refused(run("segment", photos, "-o", folder / "maps", "-m", "painter", *overlay))
    assert "knows no classes" in _refused(run("segment", photos, "-o", folder / "maps", "-m", "telea"))
    assert sorted(path.name for path in photos.iterdir()) == ["a.png"]
    Image.new("RGB", (64, 48)).save(photos / "a.jpg")
    assert "differ in their suffix alone" in _refused(run("segment", photos, "-o", folder / "maps", "-m", "painter"))


def test_an_unknown_model_gets_the_near_one(run: Run, folder: Path) -> None:
    assert 'did you mean "telea"?' in _fill(run, folder, "-m", "talea")
    assert "no weights file" in _fill(run, folder, "-m", folder / "missing.safetensors")


def test_damaged_weights(run: Run, folder: Path) -> None:
    path = write_network(folder)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "damaged" in _fill(run, folder, "-m", path)
    path.write_bytes(whole[:50])
    assert "not a whole safetensors file" in _fill(run, folder, "-m", path)
    path.write_bytes(whole)
    path.with_suffix(".onnx").unlink()
    assert "is missing" in _fill(run, folder, "-m", path)


@pytest.mark.parametrize("out", ["out.xyz", "out", "missing/out.png"])
def test_an_output_that_cannot_be_written(run: Run, folder: Path, out: str) -> None:
    said = _refused(run("inpaint", folder / "photo.png", folder / "mask.png", "-o", folder / out, "-m", "telea"))
    assert out.split("/")[0] in said


def test_a_folder_that_is_read_only(run: Run, folder: Path) -> None:
    locked = Path("/sys") if os.geteuid() == 0 else folder / "locked"  # root may write everywhere else
    locked.mkdir(mode=0o555, exist_ok=True)
    said = _refused(run("inpaint", folder / "photo.png", folder / "mask.png", "-o", locked / "out.png", "-m", "telea"))
    assert f"{locked / 'out.png'} cannot be written" in said


def test_a_full_disk(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    (folder / "out.png").write_text("what stood there")
    said = _refused(
        run("inpaint", folder / "photo.png", folder / "mask.png", "-o", folder / "out.png", "-m", "telea", "--overwrite")
    )
    assert "No space left" in said
    assert (folder / "out.png").read_text() == "what stood there"
    assert sorted(path.name for path in folder.iterdir()) == ["mask.png", "out.png", "photo.png"]


def test_the_inputs_stay_as_they_were(run: Run, folder: Path, tmp_path: Path) -> None:
    kept = {path: path.read_bytes() for path in (folder / "photo.png", folder / "mask.png")}
    shutil.copy(folder / "photo.png", folder / "out.png")
    _refused(run("inpaint", folder / "photo.png", folder / "mask.png", "-o", folder / "photo.png", "-m", "telea"))
    assert {path: path.read_bytes() for path in kept} == kept
