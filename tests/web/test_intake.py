"""What comes in is bounded, stays in memory and is checked."""

from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Iterator
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image
from web.conftest import Running, Start, encoded, png

MIB = 2**20


def _bomb(width: int, height: int) -> bytes:
    """A small PNG that claims to be huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))

    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_a_body_that_is_too_large_is_refused(start: Start) -> None:
    web = start(max_bytes=MIB)
    answer = web.client.post("/api/v1/sessions", files={"image": bytes(3 * MIB)})
    assert answer.status_code == 413
    assert "takes 1 MiB" in answer.json()["detail"]
    assert web.client.get("/api/v1/health").json()["max_bytes"] == MIB


def test_so_is_one_that_does_not_say_its_length(start: Start) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        for _ in range(3):
            yield bytes(MIB)

    answer = start(max_bytes=MIB).client.post(
        "/api/v1/sessions", content=pieces(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code == 413
    assert "takes 1 MiB" in answer.json()["detail"]


def test_all_that_is_arriving_is_bounded(start: Start, photo: bytes) -> None:
    web = start(max_bytes_arriving=100)
    answer = web.client.post("/api/v1/sessions", files={"image": photo})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("what", ["image", "mask", "labels"])
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(
    start: Start, photo: bytes, mask: bytes, what: str
) -> None:
    web = start(max_pixels=4000)
    files = {"image": photo, "mask": mask, "labels": mask} | {what: ("bomb.png", _bomb(8000, 5000))}
    for path in ("/api/v1/inpaint", "/api/v1/sessions"):
        answer = web.client.post(path, files=files)
        assert answer.status_code == 413
        assert "bomb.png has 40 million pixels (8000x5000)" in answer.json()["detail"]


def test_nothing_is_written_to_the_disk(web: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("a temporary file was made")

    monkeypatch.setattr(tempfile, "_mkstemp_inner", refuse)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    noise = np.random.default_rng(0).integers(0, 255, (1100, 1100, 3), np.uint8)
    large = png(noise)
    assert len(large) > 3 * MIB
    session = web.open(large)
    assert web.client.get(f"{session}/photo").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/inpaint", "/api/v1/erase", "/api/v1/segment", "/api/v1/sessions"])
@pytest.mark.parametrize(
    "sent", [{"json": {}}, {"data": {"image": "x"}}, {"content": b"x", "headers": {"Content-Type": "image/png"}}, {}]
)
def test_another_content_type_is_refused(idle: Running, path: str, sent: dict[str, object]) -> None:
    answer = idle.client.post(path, **sent)  # type: ignore[arg-type]
    assert answer.status_code == 415
    assert "multipart/form-data" in answer.json()["detail"]


def test_forms_are_refused_where_json_is_wanted(web: Running, photo: bytes) -> None:
    answer = web.client.post(f"{web.open(photo)}/erase", files={"image": b""})
    assert answer.status_code == 415
    assert "application/json" in answer.json()["detail"]


def test_a_form_that_is_cut_short(idle: Running) -> None:
    answer = idle.client.post(
        "/api/v1/sessions", content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=y"}
    )
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("no json", "options: Invalid JSON"),
        ("[]", "options: "),
        ('{"gro": 3}', "gro"),
        ('{"grow": -1}', "grow: Input should be greater than or equal to 0, given is -1"),
        ('{"size": 100000}', "size: Input should be less than or equal to 768"),
        ('{"format": "svg"}', "format"),
        ('{"model": "talea"}', 'did you mean "telea"?'),
        ('{"model": "/etc/passwd"}', 'there is no model "/etc/passwd"'),
        ('{"forbid": ["vehicel"], "model": "painter"}', 'did you mean "vehicle"?'),
        ('{"forbid": ["car"], "model": "telea"}', "knows no classes"),
    ],
)
def test_options_that_cannot_be_used(web: Running, photo: bytes, mask: bytes, options: str, said: str) -> None:
    answer = web.client.post("/api/v1/inpaint", files={"image": photo, "mask": mask}, data={"options": options})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert "\n" not in answer.json()["detail"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "holiday.png is empty"),
        (b"text", "holiday.png is not a picture"),
        (png(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8))[:1000], "holiday.png is damaged or cut short"),
        (_bomb(60_000, 50_000), "holiday.png has more than 160 million pixels"),
        (encoded(Image.new("F", (8, 8)), "TIFF"), "32-bit floats"),
        (encoded(Image.new("L", (8, 8)), "PNG", save_all=True, append_images=[Image.new("L", (8, 8), 9)]), "animated"),
    ],
)
def test_pictures_that_cannot_be_read(idle: Running, mask: bytes, data: bytes, said: str) -> None:
    for path, files in (("sessions", {}), ("inpaint", {"mask": mask})):
        answer = idle.client.post(f"/api/v1/{path}", files={"image": ("C:\\photos\\holiday.png", data), **files})
        assert answer.status_code == 422
        assert said in answer.json()["detail"]
        assert "photos" not in answer.json()["detail"], "paths of the client's machine are nobody's business"


def test_masks_and_maps_that_do_not_fit(web: Running, photo: bytes, mask: bytes) -> None:
    small, full = png(np.zeros((10, 20), np.uint8)), png(np.full((48, 64), 255, np.uint8))
    session = web.open(photo)
    for files, said in (
        ({"mask": small}, "20x10"),
        ({"mask": full}, "all hole"),
        ({"mask": mask, "labels": small}, "20x10"),
        ({"mask": mask, "edges": mask}, "not led by edges"),
        ({"mask": mask, "labels": png(np.full((48, 64), 99, np.uint8))}, "id 99"),
    ):
        named = {what: (f"{what}.png", data) for what, data in files.items()}
        for path, extra in (("/api/v1/inpaint", {"image": photo}), (f"{session}/fills", {})):
            answer = web.client.post(path, files={**named, **extra})
            assert answer.status_code == 422
            assert said in answer.json()["detail"]
    answer = web.client.post("/api/v1/sessions", files={"image": photo, "mask": small})
    assert answer.json() == {"detail": "the mask is 20x10 and the photo 64x48 (width x height)"}


def test_a_field_that_is_missing_is_named(idle: Running, photo: bytes) -> None:
    answer = idle.client.post("/api/v1/inpaint", files={"image": photo})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("mask: ")


def test_names_of_every_kind_come_back(web: Running, photo: bytes, mask: bytes) -> None:
    name = "Straße 42 街.png"
    session = web.open(photo, name)
    number = web.fill(session, mask).json()["id"]
    disposition = web.client.get(f"{session}/fills/{number}/save").headers["content-disposition"]
    assert disposition.isascii()
    assert unquote(disposition.partition("''")[2]) == "Straße 42 街-filled.png"
