"""JPEG out of JPEG: what did not change comes back as it was."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import ExifTags, Image

from scenefill.pictures import images, jpeg


def scene(height: int = 96, width: int = 128, seed: int = 0) -> np.ndarray:
    """Edges, noise and strong colours, none near 0 or 255."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(40, 215, (-(-height // 12), -(-width // 12), 3)).repeat(12, 0).repeat(12, 1)[:height, :width]
    return np.clip(blocks + rng.normal(0, 6, blocks.shape), 30, 225).round().astype(np.uint8)


def compressed(array: np.ndarray, orientation: int = 1, **options: object) -> bytes:
    file, tags = io.BytesIO(), Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    Image.fromarray(array).save(file, "JPEG", exif=tags, **{"quality": 85, **options})
    return file.getvalue()


def filled(data: bytes, hole: tuple[slice, slice] | None) -> tuple[np.ndarray, np.ndarray]:
    """The photo as it was read, and as it is read after something was painted into it and it was saved."""
    picture = images.read(data)
    pixels = picture.pixels.copy()
    if hole:
        pixels[hole] = 255 - pixels[hole]
    return picture.pixels, images.read(images.encode(picture.replaced(pixels), "JPEG")).pixels


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("size", [(96, 128), (83, 101)])
def test_a_photo_without_a_change_comes_back_to_the_bit(subsampling: int, progressive: bool, size: tuple[int, int]) -> None:
    before, after = filled(compressed(scene(*size), subsampling=subsampling, progressive=progressive), None)
    moved = np.abs(before.astype(int) - after)
    if progressive and size == (83, 101):  # the outermost blocks hold what lies outside the picture, which nobody can decode
        moved = moved[:64, :80]
    assert (moved > 0).mean() <= (0.002 if subsampling == 1 else 0)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_blocks_away_from_the_hole_come_back_to_the_bit(subsampling: int) -> None:
    before, after = filled(compressed(scene(), subsampling=subsampling), (slice(37, 59), slice(42, 70)))
    moved = (before != after).any(-1)
    near = np.zeros_like(moved)
    near[32 - 1 : 64 + 1, 32 - 1 : 80 + 1] = True  # blocks of 16x16 with a changed pixel, and the pixel beside them
    assert (moved & ~near).sum() <= (20 if subsampling == 1 else 0)
    assert np.abs(after[40:56, 46:66].astype(int) - (255 - before[40:56, 46:66])).mean() < 20, "the hole is what was painted"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_keeps_its_blocks(orientation: int) -> None:
    before, after = filled(compressed(scene(), orientation), None)
    moved = np.abs(before.astype(int) - after)
    if orientation in (1, 4):
        assert not moved.any()
    # decoders round to the left when they enlarge colours, and then to the other side
    assert moved.max() <= 3
    assert (moved > 0).mean() < 0.1


def test_grey(tmp_path: object) -> None:
    before, after = filled(compressed(scene(83, 101)[:, :, 0]), (slice(3, 9), slice(4, 9)))
    moved = (before != after)[:, :, 0]
    assert not moved[16:].any()
    assert not moved[:, 16:].any()


def test_comments_and_thumbnails_are_not_kept_in_memory_with_the_file() -> None:
    data = compressed(scene(), comment=b"x" * 5000)
    coding = images.read(data).jpeg
    assert coding is not None
    assert coding.source is not None
    assert len(coding.source) < len(data) - 5000
    assert (np.asarray(Image.open(io.BytesIO(coding.source))) == np.asarray(Image.open(io.BytesIO(data)))).all()


def test_planes_that_cannot_be_used_leave_the_tables() -> None:
    for data in (
        compressed(scene(83, 101), 6),  # turned, and no whole number of blocks
        compressed(scene(), 6, subsampling=1),
        compressed(scene(), keep_rgb=True),
    ):
        picture = images.read(data)
        before = Image.open(io.BytesIO(data)).quantization  # type: ignore[attr-defined]
        after = Image.open(io.BytesIO(images.encode(picture, "JPEG"))).quantization  # type: ignore[attr-defined]
        assert sorted(after[0]) == sorted(before[0])
        assert picture.jpeg is not None
        assert jpeg.encoded(picture.pixels, picture.jpeg, images.upright) is None


@pytest.mark.parametrize("cut", [2, 20, 150, 200])
def test_headers_that_end_too_soon(cut: int) -> None:
    assert jpeg._frame(compressed(scene())[:cut]) is None
