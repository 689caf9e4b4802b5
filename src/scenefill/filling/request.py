"""What is asked of a fill: photos, masks, label maps and wishes as users give them, read and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from ..errors import ImageError, InputError, LabelError, MaskError
from ..labels import UNKNOWN, LabelMap, LabelSet
from ..models.runtime import Backend
from ..pictures import images, masks
from ..pictures.images import Picture
from ..pictures.masks import Mask
from .notices import warn

Photo = images.Source | Picture
"""What a photo may be given as; the arrays are (H, W) or (H, W, 1|3|4), uint8 or uint16, RGB(A)."""
MaskSource = images.Source
LabelSource = images.Source

LED_BY = {"edges": "edge-connect"}
"""What a user can draw for a model (a name in `models.guides.GUIDES`) -> a model that follows it."""


@dataclass(frozen=True, eq=False)
class Request:
    """What is to be filled, and what a user wants there."""

    hole: Mask
    """(H, W): what is to be filled."""
    hints: LabelMap
    """(H, W): class ids inside the hole, UNKNOWN where the model decides; outside it what is known, for a model that wants it."""
    forbid: NDArray[np.bool_]
    """(K,): classes that may not appear in the hole; K = 0 for a model without semantics."""
    drawings: Mapping[str, Mask] = field(default_factory=dict)
    """What a user has drawn for a model that is led by it: name of the guide -> (H, W), True = drawn."""


def asked(
    backend: Backend,
    hole: Mask,
    labels: LabelSource | None = None,
    forbid: Iterable[str] = (),
    drawings: Mapping[str, MaskSource | None] | None = None,
) -> Request:
    """What `Inpainter.fill` was given, in the terms of its model.

    Raises LabelError for classes and maps that do not fit, InputError for a drawing that the model does not follow.
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
    wishes = {guide: drawing for guide, drawing in (drawings or {}).items() if drawing is not None}
    return Request(hole, hints, flags, {guide: _drawn(backend, guide, drawing, hole.shape) for guide, drawing in wishes.items()})


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
    """Warns (ScenefillWarning) of what reading has changed. Raises ImageError."""
    picture = image if isinstance(image, Picture) else images.read(image)
    for note in picture.notes:
        warn(note, 4)
    return picture


def read_both(image: Photo, mask: MaskSource | None, *, invert: bool = False) -> tuple[Picture, Mask]:
    """A photo and its hole. mask: None for the transparent part of the photo, which is opaque then.

    A mask of the size that a photo has before it is turned upright is turned with it, and a warning says so.
    Raises ImageError, MaskError.
    """
    picture = read_photo(image)
    if mask is None:
        return _cut_out(picture, invert)
    hole = masks.read(mask, invert=invert)
    size = picture.pixels.shape[:2]
    if picture.turn >= 5 and hole.shape != size and hole.shape == size[::-1]:
        hole = np.ascontiguousarray(images.upright(hole, picture.turn))
        warn("the mask lies as the photo's pixels are stored, not as the photo is shown, and was turned upright with it", 4)
    return picture, hole


def _cut_out(picture: Picture, invert: bool) -> tuple[Picture, Mask]:
    if picture.alpha is None or (picture.alpha == (most := np.iinfo(picture.alpha.dtype).max)).all():
        raise MaskError(
            "no mask was given and nothing in the photo is transparent: give a mask, or a photo whose hole was cut out"
        )
    hole = np.asarray((picture.alpha == most) if invert else (picture.alpha < most))
    return replace(picture, alpha=np.where(hole, most, picture.alpha).astype(picture.alpha.dtype)), hole


def array_shape(image: Photo) -> tuple[int, ...] | None:
    """That of an array, which a result then has too."""
    array = None if isinstance(image, Picture) else images.as_array(image)
    return None if array is None else array.shape


def listed(names: Iterable[str]) -> list[str]:
    """A single name counts as a list of one."""
    return [names] if isinstance(names, str) else list(names)


def read_labels(source: LabelSource, label_set: LabelSet) -> LabelMap:
    """A label map (H, W). Files are coded as those of the set, or in its colours; arrays and PIL images hold ids or colours."""
    if isinstance(source, Image):
        if source.mode in ("RGB", "RGBA"):
            return label_set.from_colours(np.asarray(source.convert("RGB")))
        array: NDArray[Any] | None = np.asarray(source)
    else:
        try:
            array = images.as_array(source)
        except ImageError as error:
            raise LabelError(str(error)) from None
    if array is None:
        return images.read_labels(source, label_set)
    label_set.check(array)
    return array


def _drawn(backend: Backend, guide: str, drawing: MaskSource, size: tuple[int, ...]) -> Mask:
    if backend.guide != guide:
        raise InputError(f"{backend.name} is not led by {guide} and cannot follow a drawing of them: take {LED_BY[guide]}")
    drawn = masks.read(drawing)
    if drawn.shape != size:
        (height, width), (rows, columns) = size, drawn.shape
        raise InputError(f"the drawing of {guide} is {columns}x{rows} and the photo {width}x{height} (width x height)")
    return drawn
