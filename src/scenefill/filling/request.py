"""What is asked of a fill: photos, masks, label maps and wishes as users give them, read and checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ..errors import InputError, LabelError
from ..labels import UNKNOWN, LabelMap, LabelSet
from ..models.runtime import Backend
from ..pictures import images, masks
from ..pictures.images import Picture
from ..pictures.masks import Mask

Photo = images.Source | Picture
"""What a photo may be given as: a path, an open file, a PIL image, an array (H, W) or (H, W, 1|3|4), uint8 or uint16, RGB(A)."""
MaskSource = str | Path | Image | NDArray[Any]
LabelSource = str | Path | Image | LabelMap


@dataclass(frozen=True, eq=False)
class Request:
    """What is to be filled, and what a user wants there."""

    hole: Mask
    """(H, W): what is to be filled."""
    hints: LabelMap
    """(H, W): class ids inside the hole, UNKNOWN where the model decides; outside it what is known, for a model that wants it."""
    forbid: NDArray[np.bool_]
    """(K,): classes that may not appear in the hole; K = 0 for a model without semantics."""
    edges: Mask | None = None
    """(H, W): True = an edge is wanted there; None: no wishes."""


def asked(
    backend: Backend,
    hole: Mask,
    labels: LabelSource | None = None,
    forbid: Iterable[str] = (),
    edges: MaskSource | None = None,
) -> Request:
    """What `Inpainter.fill` was given, in the terms of its model.

    Raises LabelError for classes and maps that do not fit the model or the photo, InputError for edges that it has no use for.
    """
    hints, forbid = np.full(hole.shape, UNKNOWN, np.uint8), listed(forbid)
    if labels is not None:
        label_set = classes(backend, "be steered by a label map")
        given = read_labels(labels, label_set)
        if given.shape != hole.shape:
            (height, width), (rows, columns) = hole.shape, given.shape
            raise LabelError(f"the label map is {columns}x{rows} and the photo {width}x{height} (width x height)")
        counts = (given < len(label_set)) if backend.known_map else hole & (given < len(label_set))
        hints = np.where(counts, given, UNKNOWN).astype(np.uint8)
    flags = classes(backend, "avoid classes").flags(forbid) if forbid else np.zeros(len(backend.labels or ()), bool)
    if forbid and flags.all():
        raise LabelError("every class is forbidden, so nothing may be filled in: leave at least one")
    return Request(hole, hints, flags, None if edges is None else _drawn(backend, edges, hole.shape))


def classes(backend: Backend, purpose: str) -> LabelSet:
    """The classes that a model knows. Raises LabelError where it knows none, and says what it therefore cannot do."""
    if backend.labels is None:
        raise LabelError(f"{backend.name} knows no classes and cannot {purpose}: take a network with semantics")
    return backend.labels


def side(backend: Backend, size: int | None) -> int | None:
    """The side at which a model shall work: `size`, or its own. Raises InputError for what it does not take."""
    if size is None:
        return backend.working_size
    if backend.working_size is None:
        raise InputError(f"{backend.name} works on the photo as it is and takes no size, {size} was given")
    if size < backend.stride:
        raise InputError(f"{backend.name} works at sizes of {backend.stride} and more, {size} was given")
    return size


def read_photo(image: Photo) -> Picture:
    """Raises ImageError."""
    return image if isinstance(image, Picture) else images.read(image)


def array_shape(image: Photo) -> tuple[int, ...] | None:
    """That of an array, which a result then has too."""
    return image.shape if isinstance(image, np.ndarray) else None


def listed(names: Iterable[str]) -> list[str]:
    """A single name counts as a list of one."""
    return [names] if isinstance(names, str) else list(names)


def read_mask(source: MaskSource, *, invert: bool = False) -> Mask:
    """Raises MaskError."""
    return masks.read(source, invert=invert) if isinstance(source, str | Path) else masks.from_array(source, invert=invert)


def read_labels(source: LabelSource, label_set: LabelSet) -> LabelMap:
    """A label map (H, W). Files are coded as those of the set, or in its colours; arrays and PIL images hold ids or colours."""
    if isinstance(source, str | Path):
        return images.read_labels(source, label_set)
    if isinstance(source, Image) and source.mode in ("RGB", "RGBA"):
        return label_set.from_colours(np.asarray(source.convert("RGB")))
    labels = np.asarray(source)
    label_set.check(labels)
    return labels


def _drawn(backend: Backend, edges: MaskSource, size: tuple[int, ...]) -> Mask:
    if backend.guide != "edges":
        raise InputError(f"{backend.name} is not led by edges and cannot follow a drawing of them: take edge-connect")
    drawn = read_mask(edges)
    if drawn.shape != size:
        (height, width), (rows, columns) = size, drawn.shape
        raise InputError(f"the drawing of edges is {columns}x{rows} and the photo {width}x{height} (width x height)")
    return drawn
