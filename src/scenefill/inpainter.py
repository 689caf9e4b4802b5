"""Inpainter: the one object that fills holes. Command line, web service, batches and evaluation all go through it.

It decides where to look (crops.py), asks a model (runtime.Backend) and pastes the answer: nothing else composites.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from . import crops, images, masks, weights
from . import detail as details
from .crops import Crop, Texture
from .detail import Detail
from .errors import InputError, LabelError, ScenefillWarning
from .guides import GUIDES
from .images import Picture, Pixels
from .labels import UNKNOWN, LabelMap, LabelSet
from .masks import Mask
from .runtime import Answer, Backend

_log = logging.getLogger(__name__)

Photo = images.Source | Picture
"""What a photo may be given as: a path, an open file, a PIL image, an array (H, W) or (H, W, 1|3|4), uint8 or uint16, RGB(A)."""
MaskSource = str | Path | Image | NDArray[Any]
LabelSource = str | Path | Image | LabelMap

Scores = NDArray[np.float32]

Progress = Callable[[int, int], None]
"""(crops done, crops in all)"""

LARGE_HOLE = 0.6
"""Share of a photo above which a hole draws a warning."""
LEFTOVER = 1.5
"""A segmentation is that uncertain about outlines: `erase` grows its mask by at least so many of its pixels."""
LIKELY = 0.2
"""Probability from which pixels next to what was found belong to it for `erase`: a part that stays makes the whole grow back."""


Segmenter = Callable[[NDArray[np.uint8], Mask], LabelMap]
"""RGB (H, W, 3) uint8, hole (H, W) -> ids (H, W) of a model's label set; what it says of the hole itself is not used."""
SEGMENTER = "sge-net-street"
"""Who says what is known around a hole to a model that counts on it, where nobody else does."""


def load(name_or_path: str | Path, *, threads: int | None = None, segmenter: Segmenter | None = None) -> Inpainter:
    """The model of that name (`list_models` has them all), or the one in a weights file.

    threads: how many to compute with; None leaves it to the runtime (one per core).
    segmenter: as in `Inpainter`.
    Raises WeightsError for an unknown name and for files that are missing or damaged.
    """
    if name_or_path in weights.CLASSICAL:
        from .classical import BACKENDS

        return Inpainter(BACKENDS[str(name_or_path)], segmenter)
    from .runtime import OnnxBackend

    return Inpainter(OnnxBackend.open(weights.find(name_or_path), threads=threads), segmenter)


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


class Result:
    """A filled photo. `labels` and `confidence` are computed when they are first asked for."""

    def __init__(
        self,
        picture: Picture,
        mask: Mask,
        *,
        shape: tuple[int, ...] | None = None,
        label_set: LabelSet | None = None,
        look: Callable[[], tuple[LabelMap, Scores]] | None = None,
    ) -> None:
        self.picture = picture
        """The filled photo with all that saving it needs."""
        self.mask = mask
        """(H, W) bool: what was filled."""
        self._shape = shape
        self._label_set = label_set
        self._look = look

    @cached_property
    def image(self) -> Pixels:
        """The filled photo as an array like the one given; for files and PIL images (H, W) or (H, W, 2|3|4), alpha last."""
        pixels, alpha = self.picture.pixels, self.picture.alpha
        samples = pixels if alpha is None else np.dstack([pixels, alpha])
        return samples.reshape(self._shape or (samples.shape[:2] if samples.shape[2] == 1 else samples.shape))

    @property
    def labels(self) -> LabelMap | None:
        """(H, W) uint8: the class of every pixel of the filled photo; None for a model without semantics."""
        return self._semantics and self._semantics[0]

    @property
    def confidence(self) -> Scores | None:
        """(H, W) in 0..1: the probability of that class, 1 where a hint decided; None for a model without semantics."""
        return self._semantics and self._semantics[1]

    @cached_property
    def _semantics(self) -> tuple[LabelMap, Scores] | None:
        return self._look() if self._look else None

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Writes the photo in the format of the extension, with the metadata it came with. Raises OutputError."""
        images.write(self.picture, path, overwrite=overwrite)

    def save_labels(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Writes the label map as a palette PNG. Raises OutputError; LabelError for a model without semantics."""
        if self._label_set is None or self.labels is None:
            raise LabelError("this model has no semantics, so there is no label map to save")
        images.write_labels(self.labels, self._label_set, path, overwrite=overwrite)

    def save_confidence(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Writes the confidence as a grey picture, 255 = certain. Raises as `save_labels` does."""
        if self.confidence is None:
            raise LabelError("this model has no semantics, so there is no confidence to save")
        images.write_grey(np.rint(self.confidence * 255).astype(np.uint8), path, overwrite=overwrite)


class Inpainter:
    """Fills holes with one model. Calls are independent of each other and never modify what they are given.

    >>> import numpy as np, scenefill
    >>> photo, mask = np.full((60, 80, 3), 90, np.uint8), np.zeros((60, 80), bool)
    >>> mask[20:30, 30:40] = True
    >>> scenefill.load("navier-stokes")(photo, mask).image[25, 35]
    array([90, 90, 90], dtype=uint8)

    segmenter: says what is around a hole to a model that counts on it (SPG-Net), where no label map does; None: the model
    SEGMENTER. Other models never ask.
    """

    def __init__(self, backend: Backend, segmenter: Segmenter | None = None) -> None:
        self.backend = backend
        self._given_segmenter = segmenter

    @property
    def labels(self) -> LabelSet | None:
        """The classes that the model knows, or None for a model without semantics."""
        return self.backend.labels

    def fill(
        self,
        image: Photo,
        mask: MaskSource,
        *,
        labels: LabelSource | None = None,
        forbid: Iterable[str] = (),
        edges: MaskSource | None = None,
        grow: int = 0,
        feather: int = 0,
        invert_mask: bool = False,
        resize_mask: bool = False,
        size: int | None = None,
        detail: Detail = "auto",
        progress: Progress | None = None,
    ) -> Result:
        """Fill the holes of a photo. Pixels outside the hole grown by `grow` and `feather` come back bit-identical.

        mask: of the photo's size, white or True = hole (masks.read); a path, a PIL image or an array.
        labels: what shall be where: a label map of the photo's size; 255 = the model decides. Only what lies in the hole counts,
            but for a model that wants to know what is around it.
        forbid: names of classes that may not appear in the hole; a hint beats them.
        edges: a drawing of the photo's size, read as a mask is: strokes of any width, white or True, along which the picture in
            the hole shall have edges. Elsewhere in the hole the model decides. For models led by edges (edge-connect).
        grow: the hole is made larger all round by so many pixels.   feather: the fill fades into the photo over so many pixels.
        invert_mask: black is the hole.   resize_mask: stretch a mask of another size.
        size: side in pixels at which the model works, in place of its own working size.
        detail: texture of the known surroundings for what a network leaves blurred: "patchmatch"; "none"; "auto", which is the
            first for every network and the second for methods that are none.
        progress: hears of each crop before it is filled, and of the end; what it raises ends the fill.

        Warns (ScenefillWarning) of a mask without a hole, and of one that leaves little to go by.
        Raises ImageError, MaskError, LabelError for what cannot be used, InputError for a size that the model does not take and
        for edges that it has no use for.
        """
        picture = _picture(image)
        hole = _read_mask(mask, invert=invert_mask)
        if resize_mask:
            hole = masks.resize(hole, *picture.pixels.shape[:2])
        masks.check(hole, picture.pixels.shape[:2])
        if not hole.any():
            _warn("the mask has no hole, so there is nothing to fill: white is the hole (--invert-mask turns it round)")
        request = self._request(masks.dilate(hole, grow), labels, forbid, edges)
        return self._fill(picture, request, feather, self._working_size(size), detail, _shape(image), progress)

    __call__ = fill

    def segment(self, image: Photo, *, size: int | None = None) -> tuple[LabelMap, Scores]:
        """Label map (H, W) uint8 and confidence (H, W) in 0..1 of a photo: the network with an empty hole, as a segmenter.

        size: as in `fill`.   Raises ImageError, InputError, and LabelError for a model without semantics.
        """
        self._classes("segment a photo")
        return self._look(_picture(image).pixels, self._working_size(size))

    def erase(
        self,
        image: Photo,
        names: Iterable[str],
        *,
        grow: int = 6,
        feather: int = 0,
        size: int | None = None,
        detail: Detail = "auto",
        progress: Progress | None = None,
    ) -> Result:
        """Find everything of some classes and remove it: segment, grow what was found, fill it with these classes forbidden.

        What was found reaches as far as the classes are likely (LIKELY), beyond where they are the most probable.
        grow: pixels, but at least LEFTOVER pixels of the segmentation.   feather, size, detail, progress: as in `fill`.
        Warns (ScenefillWarning) where nothing is found; the photo then comes back as it is, with an empty mask.
        Raises LabelError for unknown classes and for a model without semantics, MaskError where nothing else is in the photo.
        """
        names = _listed(names)
        ids = self._classes("find what to erase").ids(names)
        if not ids:
            raise LabelError("no class was named: say what is to be erased")
        picture, working_size = _picture(image), self._working_size(size)
        found, scale = self._find(picture.pixels, ids, working_size)
        if not found.any():
            _warn(f"no {' or '.join(names)} was found, so there is nothing to erase")
        hole = masks.dilate(found, max(grow, math.ceil(LEFTOVER * scale)))
        return self._fill(picture, self._request(hole, None, names), feather, working_size, detail, _shape(image), progress)

    def _fill(
        self,
        picture: Picture,
        request: Request,
        feather: int,
        size: int | None,
        detail: Detail,
        shape: tuple[int, ...] | None,
        progress: Progress | None,
    ) -> Result:
        hole = request.hole
        masks.check(hole, picture.pixels.shape[:2])
        if feather < 0:
            raise InputError(f"a feather is 0 pixels wide or more, not {feather}")
        details.check(detail)
        if masks.ratio(hole) > LARGE_HOLE:
            _warn(f"{masks.ratio(hole):.0%} of the photo is hole: is the mask meant the other way round (--invert-mask)?", 4)
        pixels = picture.pixels.copy()
        seen = []
        planned = crops.plan(hole, size, self.backend.stride, margin=feather)
        for done, crop in enumerate(planned):
            if progress:
                progress(done, len(planned))
            answer = self._ask(picture.pixels, request, crop)
            drawn, texture = answer.image[0], None
            if detail == "patchmatch" or (detail == "auto" and self.backend.working_size):
                drawn, texture = self._detailed(answer, picture.pixels, request, crop)
            crops.paste(pixels, drawn, hole, crop, feather, texture)
            if answer.logits is not None:
                seen.append((crop, answer.logits[0]))
        if progress:
            progress(len(planned), len(planned))
        look = (lambda: self._look(pixels, size, request, seen)) if self.labels else None
        return Result(picture.replaced(pixels), hole, shape=shape, label_set=self.labels, look=look)

    def _look(
        self, pixels: Pixels, size: int | None, request: Request | None = None, seen: Sequence[tuple[Crop, Scores]] = ()
    ) -> tuple[LabelMap, Scores]:
        """Label map and confidence (H, W) of a photo without holes.

        seen: what the model said of the classes in the crops that it filled on `request`; the rest is seen with the whole photo.
        """
        views = [(crop, scores, request) for crop, scores in seen if request]
        if not any(crop.hole.shape == pixels.shape[:2] for crop, _ in seen):
            everything, around, nothing = self._view(pixels, size)
            warmth = self.backend.temperature
            joined = [(c, crops.faded(s, c, asked.hole, around, everything, warmth), asked) for c, s, asked in views]
            views = [(everything, around, nothing), *joined]
        return self._read(views, pixels.shape[:2])

    def _read(self, views: Sequence[tuple[Crop, Scores, Request]], shape: tuple[int, ...]) -> tuple[LabelMap, Scores]:
        """Label map and confidence (H, W) from class scores in crops; where they overlap, a later one decides."""
        labels, confidence = np.empty(shape, np.uint8), np.empty(shape, np.float32)
        for crop, scores, asked in views:
            crops.paste_labels(labels, confidence, scores, crop, asked.hole, asked.hints, asked.forbid, self.backend.temperature)
        return labels, confidence

    def _view(self, pixels: Pixels, size: int | None) -> tuple[Crop, Scores, Request]:
        """What the model says of the classes in a photo without holes, all of which it sees."""
        height, width = pixels.shape[:2]
        everything = crops.whole(height, width, size, self.backend.stride)
        nothing = self._request(np.zeros((height, width), bool), None, ())
        logits = self._ask(pixels, nothing, everything).logits
        assert logits is not None, f"{self.backend.name} has a label set and gives no scores"
        return everything, logits[0], nothing

    def _find(self, pixels: Pixels, ids: Sequence[int], size: int | None) -> tuple[Mask, float]:
        """Where some classes are (H, W), and how many pixels of the photo are one of the segmentation."""
        view = crop, scores, _ = self._view(pixels, size)
        labels, _ = self._read([view], pixels.shape[:2])
        found = np.isin(labels, ids)
        chance = crops.chances(scores, self.backend.temperature)[list(ids)].sum(axis=0, keepdims=True)
        near = found.copy()
        for rows, band in crops.enlarge(chance, crop, cv2.INTER_LINEAR):
            near[rows] |= band[:, :, 0] > LIKELY
        return masks.connected(found, near), crop.scale

    def _ask(self, pixels: Pixels, request: Request, crop: Crop) -> Answer:
        mask = crops.shrink_mask(request.hole, crop).astype(np.float32)
        hints = crops.shrink_hints(request.hints, len(request.forbid), crop)
        image = crops.shrink(pixels, crop)
        start = time.perf_counter()
        if self.backend.known_map:
            free = (mask == 0) & (hints == UNKNOWN)
            rgb = np.rint((image * (mask == 0) + 1) * 127.5).astype(np.uint8).transpose(1, 2, 0)
            hints = np.where(free, self._segmenter(rgb, mask > 0), hints) if free.any() else hints
        asked = (image[None], mask[None, None])
        guide = None
        if self.backend.guide:
            drawn = None if request.edges is None else crops.shrink_mask(request.edges, crop).astype(np.float32)[None, None]
            guide = GUIDES[self.backend.guide](*asked, drawn)
        answer = self.backend.run(*asked, hints[None], request.forbid[None], guide)
        _log.info(
            "%s sees %dx%d pixels at (%d, %d) as %dx%d and takes %.2f s",
            *(self.backend.name, crop.width, crop.height, crop.left, crop.top, crop.columns, crop.rows),
            time.perf_counter() - start,
        )
        return answer

    def _detailed(
        self, answer: Answer, pixels: Pixels, request: Request, crop: Crop
    ) -> tuple[NDArray[np.float32], Texture | None]:
        labels = None
        if answer.logits is not None:
            hints = crops.shrink_hints(request.hints, len(request.forbid), crop)
            labels = details.classes(answer.logits[0], hints, request.forbid)
        start = time.perf_counter()
        detailed = details.transfer(answer.image[0], pixels, request.hole, crop, labels)
        _log.info("detail of %dx%d pixels takes %.2f s", crop.width, crop.height, time.perf_counter() - start)
        return detailed

    def _request(self, hole: Mask, labels: LabelSource | None, forbid: Iterable[str], edges: MaskSource | None = None) -> Request:
        hints, forbid = np.full(hole.shape, UNKNOWN, np.uint8), _listed(forbid)
        if labels is not None:
            label_set = self._classes("be steered by a label map")
            given = _read_labels(labels, label_set)
            if given.shape != hole.shape:
                (height, width), (rows, columns) = hole.shape, given.shape
                raise LabelError(f"the label map is {columns}x{rows} and the photo {width}x{height} (width x height)")
            counts = (given < len(label_set)) if self.backend.known_map else hole & (given < len(label_set))
            hints = np.where(counts, given, UNKNOWN).astype(np.uint8)
        flags = self._classes("avoid classes").flags(forbid) if forbid else np.zeros(len(self.labels or ()), bool)
        if forbid and flags.all():
            raise LabelError("every class is forbidden, so nothing may be filled in: leave at least one")
        return Request(hole, hints, flags, None if edges is None else self._drawn(edges, hole.shape))

    def _drawn(self, edges: MaskSource, shape: tuple[int, ...]) -> Mask:
        if self.backend.guide != "edges":
            raise InputError(f"{self.backend.name} is not led by edges and cannot follow a drawing of them: take edge-connect")
        drawn = _read_mask(edges)
        if drawn.shape != shape:
            (height, width), (rows, columns) = shape, drawn.shape
            raise InputError(f"the drawing of edges is {columns}x{rows} and the photo {width}x{height} (width x height)")
        return drawn

    def _classes(self, purpose: str) -> LabelSet:
        if self.labels is None:
            raise LabelError(f"{self.backend.name} knows no classes and cannot {purpose}: take a network with semantics")
        return self.labels

    @cached_property
    def _segmenter(self) -> Segmenter:
        if self._given_segmenter is not None:
            return self._given_segmenter
        backend = load(SEGMENTER).backend
        if backend.labels != self.labels:
            raise LabelError(
                f"{self.backend.name} must be told what is around a hole, in its own classes, and {SEGMENTER} knows others: "
                "give a label map of the whole photo, or a segmenter"
            )
        if self.backend.stride % backend.stride:
            raise InputError(
                f"{SEGMENTER} takes multiples of {backend.stride} and {self.backend.name} of {self.backend.stride}: "
                "give a label map of the whole photo, or a segmenter"
            )

        def segment(rgb: NDArray[np.uint8], hole: Mask) -> LabelMap:
            image = rgb.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(127.5) - np.float32(1)
            free, forbid = np.full((1, *hole.shape), UNKNOWN, np.int64), np.zeros((1, len(self.labels or ())), bool)
            logits = backend.run(image, hole[None, None].astype(np.float32), free, forbid).logits
            assert logits is not None
            labels: LabelMap = logits[0].argmax(axis=0).astype(np.uint8)
            return labels

        return segment

    def _working_size(self, size: int | None) -> int | None:
        if size is None:
            return self.backend.working_size
        if self.backend.working_size is None:
            raise InputError(f"{self.backend.name} works on the photo as it is and takes no size, {size} was given")
        if size < self.backend.stride:
            raise InputError(f"{self.backend.name} works at sizes of {self.backend.stride} and more, {size} was given")
        return size


def _picture(image: Photo) -> Picture:
    return image if isinstance(image, Picture) else images.read(image)


def _shape(image: Photo) -> tuple[int, ...] | None:
    return image.shape if isinstance(image, np.ndarray) else None


def _listed(names: Iterable[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _read_mask(source: MaskSource, *, invert: bool = False) -> Mask:
    return masks.read(source, invert=invert) if isinstance(source, str | Path) else masks.from_array(source, invert=invert)


def _read_labels(source: LabelSource, label_set: LabelSet) -> LabelMap:
    """A label map (H, W). Files are coded as those of the set, or in its colours; arrays and PIL images hold ids or colours."""
    if isinstance(source, str | Path):
        return images.read_labels(source, label_set)
    if isinstance(source, Image) and source.mode in ("RGB", "RGBA"):
        return label_set.from_colours(np.asarray(source.convert("RGB")))
    labels = np.asarray(source)
    label_set.check(labels)
    return labels


_kept: ContextVar[list[str] | None] = ContextVar("_kept", default=None)


@contextlib.contextmanager
def warnings_kept() -> Iterator[list[str]]:
    """Inside, what fills of this thread warn of is put into the list and nowhere else: `warnings` is one for all threads."""
    kept: list[str] = []
    token = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(token)


def _warn(text: str, stacklevel: int = 3) -> None:
    if (kept := _kept.get()) is not None:
        kept.append(text)
    else:
        warnings.warn(text, ScenefillWarning, stacklevel=stacklevel)
