"""Scripts get what the command line writes, to the byte."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import STREET, write_network
from PIL import Image, ImageCms
from pillow_heif import register_heif_opener
from typer.testing import CliRunner
from web.conftest import HOLE, Gated, Running, Start, decoded, encoded, until

from scenefill.cli import app
from scenefill.pictures import images

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _exif() -> Image.Exif:
    tags = Image.Exif()
    tags[0x010F], tags[0x0112] = "A camera", 6
    return tags


def _noise(dtype: type, channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (100, 140, channels), dtype)


PHOTOS: dict[str, Callable[[], bytes]] = {
    "photo.png": lambda: encoded(Image.fromarray(_noise(np.uint8, 4)), "PNG", icc_profile=PROFILE),
    "photo.jpg": lambda: encoded(Image.fromarray(_noise(np.uint8, 3)), "JPEG", quality=71, exif=_exif(), icc_profile=PROFILE),
    "photo.tiff": lambda: images.encode(images.read(_noise(np.uint16, 3)), "TIFF"),
    "deep.png": lambda: images.encode(images.read(_noise(np.uint16, 4)), "PNG"),
    "photo.bmp": lambda: encoded(Image.fromarray(_noise(np.uint8, 3)), "BMP"),
    "photo.gif": lambda: encoded(Image.fromarray(_noise(np.uint8, 1)[..., 0]), "GIF"),
    "photo.avif": lambda: encoded(Image.fromarray(_noise(np.uint8, 3)), "AVIF"),
    "photo.webp": lambda: encoded(Image.fromarray(_noise(np.uint8, 3)), "WEBP", quality=50),
}


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return write_network(tmp_path)


@pytest.fixture
def tiny(start: Start, network: Path) -> Running:
    """A service whose model is a small network in a file."""
    return start(model=str(network))


def _cli(*arguments: object) -> None:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("name", PHOTOS)
def test_a_fill_is_the_command_lines(tiny: Running, network: Path, tmp_path: Path, name: str) -> None:
    (photo := tmp_path / name).write_bytes(PHOTOS[name]())
    hole = np.zeros(images.read(photo).pixels.shape[:2], np.uint8)
    hole[20:50, 30:70] = 255
    Image.fromarray(hole).save(mask := tmp_path / "mask.png")
    wanted = np.full(hole.shape, 255, np.uint8)
    wanted[25:35, 30:60] = STREET.id("tree")
    Image.fromarray(wanted).save(labels := tmp_path / "labels.png")
    _cli("inpaint", photo, mask, "-o", out := tmp_path / f"out{photo.suffix}", "-m", network, "--forbid", "car,sky",
         "--grow", 3, "--feather", 4, "--labels", labels, "--save-labels", tmp_path / "seen.png",
         "--save-confidence", tmp_path / "sure.png")  # fmt: skip
    options = {"forbid": ["car", "sky"], "grow": 3, "feather": 4}

    files = {"image": (name, photo.read_bytes()), "mask": mask.read_bytes(), "labels": labels.read_bytes()}
    answer = tiny.client.post("/api/v1/inpaint", files=files, data={"options": json.dumps(options)})
    assert answer.status_code == 200
    assert answer.content == out.read_bytes()
    assert answer.headers["x-scenefill-model"] == "tiny"

    session = tiny.open(photo.read_bytes(), name)
    number = tiny.fill(session, mask.read_bytes(), labels.read_bytes(), detail="auto", **options).json()["id"]
    saved = tiny.client.get(f"{session}/fills/{number}/save?format=original")
    assert saved.content == out.read_bytes()
    assert saved.headers["content-disposition"] == f"attachment; filename*=utf-8''{photo.stem}-filled{photo.suffix}"
    for which, file in (("labels-palette", "seen.png"), ("confidence", "sure.png")):
        assert tiny.client.get(f"{session}/fills/{number}/{which}.png").content == (tmp_path / file).read_bytes()


def test_maps_and_erased_photos_are_the_command_lines(tiny: Running, network: Path, tmp_path: Path) -> None:
    (photo := tmp_path / "photo.png").write_bytes(PHOTOS["photo.png"]())
    files = {"image": ("photo.png", photo.read_bytes())}
    _cli("segment", photo, "-o", tmp_path / "map.png", "-m", network)
    assert tiny.client.post("/api/v1/segment", files=files).content == (tmp_path / "map.png").read_bytes()
    present = STREET.classes[int(np.bincount(decoded((tmp_path / "map.png").read_bytes()).ravel()).argmin())]
    _cli("erase", photo, "--what", present, "-o", tmp_path / "out.png", "-m", network, "--grow", 1)
    answer = tiny.client.post("/api/v1/erase", files=files, data={"options": json.dumps({"what": [present], "grow": 1})})
    assert answer.content == (tmp_path / "out.png").read_bytes()


def test_the_answer_can_have_another_format(web: Running, photo: bytes, mask: bytes) -> None:
    for kind, media in (("jpeg", "image/jpeg"), ("webp", "image/webp"), ("tiff", "image/tiff")):
        answer = web.client.post(
            "/api/v1/inpaint", files={"image": photo, "mask": mask}, data={"options": json.dumps({"format": kind})}
        )
        assert answer.headers["content-type"] == media
        assert images.read(np.asarray(decoded(answer.content))).pixels.shape == (48, 64, 3)


def test_what_a_format_cannot_hold(web: Running) -> None:
    photo = images.encode(images.read(np.zeros((48, 64, 3), np.uint16)), "PNG")
    answer = web.client.post("/api/v1/erase", files={"image": photo}, data={"options": '{"what": ["sky"], "format": "jpeg"}'})
    assert answer.status_code == 422
    assert "8 bits" in answer.json()["detail"]


def test_every_kind_of_photo_comes_back_as_it_came(web: Running, street: np.ndarray, mask: bytes) -> None:
    register_heif_opener()
    for kind, media in (("BMP", "bmp"), ("GIF", "gif"), ("AVIF", "avif"), ("HEIF", "heic")):
        answer = web.client.post(
            "/api/v1/inpaint",
            files={"image": encoded(Image.fromarray(street), kind), "mask": mask},
            data={"options": '{"detail": "none"}'},
        )
        assert answer.headers["content-type"] == f"image/{media}"
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert (picture.format, picture.size) == (kind, (64, 48))
            filled = np.asarray(picture.convert("RGB"))[HOLE].astype(int)
        assert np.abs(filled - STREET.colours[STREET.id("building")]).max() <= (0 if kind == "BMP" else 30)


def test_warnings_travel_in_a_header(web: Running, photo: bytes) -> None:
    empty = encoded(Image.new("L", (64, 48)), "PNG")
    answer = web.client.post("/api/v1/inpaint", files={"image": photo, "mask": empty})
    assert answer.status_code == 200
    (said,) = json.loads(answer.headers["x-scenefill-warnings"])
    assert said.startswith("the mask has no hole")


def test_masks_of_the_other_polarity_and_of_another_size(web: Running, photo: bytes, mask: bytes) -> None:
    other = encoded(Image.fromarray(255 - decoded(mask)).resize((128, 96), Image.Resampling.NEAREST), "PNG")
    options = {"invert_mask": True, "resize_mask": True, "size": 16}
    answer = web.client.post("/api/v1/inpaint", files={"image": photo, "mask": other}, data={"options": json.dumps(options)})
    plain = web.client.post("/api/v1/inpaint", files={"image": photo, "mask": mask}, data={"options": '{"size": 16}'})
    assert answer.content == plain.content


def test_models_are_listed_with_their_classes(web: Running) -> None:
    cards = {card["name"]: card for card in web.client.get("/api/v1/models").json()}
    assert [name for name, card in cards.items() if card["default"]] == ["painter"]
    assert cards["telea"]["labels"] is None
    street = cards["sge-net-street"]["labels"]
    assert street["name"] == "street"
    assert street["classes"][4] == {"id": 4, "name": "vegetation", "colour": [107, 142, 35]}
    assert street["aliases"]["tree"] == "vegetation"
    assert not any("/" in str(card["name"]) for card in cards.values())


def test_many_at_once_get_what_one_gets(tiny: Running) -> None:
    hole = np.zeros((100, 140), np.uint8)
    hole[20:50, 30:70] = 255
    files = {"image": ("photo.png", PHOTOS["photo.png"]()), "mask": encoded(Image.fromarray(hole), "PNG")}

    def ask() -> None:
        answer = tiny.client.post("/api/v1/inpaint", files=files)
        answers.append((answer.status_code, answer.content))

    answers: list[Any] = []
    ask()
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 9
    assert set(answers) == {answers[0]}
    assert answers[0][0] == 200


def test_a_client_that_goes_away_takes_its_fill_along(start: Start, painter: Gated, photo: bytes, mask: bytes) -> None:
    web = start(workers=1)
    painter.gate.clear()
    blocking = threading.Thread(target=web.client.post, args=("/api/v1/segment",), kwargs={"files": {"image": photo}})
    blocking.start()
    assert painter.begun.acquire(timeout=10)
    with pytest.raises(Exception, match="timed out"):
        web.client.post("/api/v1/inpaint", files={"image": photo, "mask": mask}, timeout=0.5)
    until(lambda: web.service.fills.waiting() == 0)
    painter.gate.set()
    blocking.join()
    until(lambda: web.service.fills.running() == 0)
    assert len(painter.asked) == 1
