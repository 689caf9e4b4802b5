"""Pictures that tests of many rooms make: smooth and noisy ones, files of them, and what a camera writes into a file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms

from scenefill.pictures import images

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def noise(*shape: int, dtype: type = np.uint8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def photo(height: int = 64, width: int = 96) -> np.ndarray:
    """Smooth colours, (H, W, 3) uint8."""
    rows, columns = np.indices((height, width))
    waves = [128 + 100 * np.sin(rows / 9 + k) * np.cos(columns / 13 - k) for k in range(3)]
    return np.stack(waves, -1).round().astype(np.uint8)


def box(height: int, width: int, top: int, left: int, rows: int, columns: int) -> np.ndarray:
    """A mask (height, width) with one hole of rows x columns."""
    mask = np.zeros((height, width), bool)
    mask[top : top + rows, left : left + columns] = True
    return mask


def described(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[ExifTags.Base.Make], tags[ExifTags.Base.Orientation] = "A camera", orientation
    tags[ExifTags.IFD.Exif] = {ExifTags.Base.ISOSpeedRatings: 400}
    tags[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N"}
    return tags


def samples(picture: images.Picture) -> np.ndarray:
    return picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha])


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
