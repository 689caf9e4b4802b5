"""Label maps as files: ids, or the colours of their set; written as palette PNG, so that every id stays what it is."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from ..errors import ImageError, LabelError, OutputError
from ..labels import UNKNOWN, LabelMap, LabelSet
from .picture import Source
from .reading import check_kind, name, open_image, opened, reading
from .writing import check_output, store


def read_labels(source: Source, label_set: LabelSet) -> LabelMap:
    """A label map from a grey or palette picture of ids, coded as the files of the set, or from one in the set's colours.

    source: a path, the bytes of a file, or an open binary file.

    Returns (H, W) uint8 class ids, 255 = unknown. Raises LabelError where the file is missing or damaged, and names the first id
    or colour that the set does not have.
    """
    where = name(source)
    try:
        with opened(source) as file, reading(where):
            image = open_image(file, where)
            check_kind(image, where)
            image.load()
    except OSError as error:
        raise LabelError(f"label map {where} cannot be read: {error.strerror or error}") from None
    except ImageError as error:
        raise LabelError(f"label map {error}") from None
    if image.mode in ("RGB", "RGBA"):
        return label_set.from_colours(np.asarray(image)[:, :, :3], where=where)
    raw = np.asarray(image)
    if raw.ndim != 2 or raw.max() > UNKNOWN:
        raise LabelError(f"label map {where} is neither 8-bit ids (grey or palette) nor 8-bit RGB colours")
    return label_set.decode(raw.astype(np.uint8), where=where)


def write_labels(labels: LabelMap, label_set: LabelSet, path: str | Path, *, overwrite: bool = False) -> None:
    """Saves a label map (H, W) uint8 as a palette PNG, coded so that `read_labels` gives it back.

    Raises LabelError for an id that the set does not have, OutputError as `write` does and for another extension than .png.
    """
    path = Path(path)
    label_set.check(labels, where=str(path))
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path}: label maps are written as .png, so that every id stays what it is")
    check_output(path, overwrite=overwrite)
    store(path, lambda file: file.write(encode_labels(labels, label_set)))


def encode_labels(labels: LabelMap, label_set: LabelSet) -> bytes:
    """The file that `write_labels` makes, as bytes. Raises LabelError for an id that the set does not have."""
    label_set.check(labels)
    numbers = np.arange(256, dtype=np.uint8)
    colours = np.frombuffer(label_set.palette(), np.uint8).reshape(256, 3)
    palette = colours.copy()
    for number, target in (label_set.file_ids or {}).items():
        palette[number] = colours[target]
        if target != UNKNOWN:
            numbers[target] = number
    image = Image.fromarray(numbers[labels])
    image.putpalette(palette.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
