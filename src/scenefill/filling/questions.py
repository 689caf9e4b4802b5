"""Questions to a model: a request about a photo, put to it crop by crop; and what it says of the classes of a whole photo."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, LabelError
from ..labels import UNKNOWN, LabelMap
from ..models.guides import GUIDES
from ..models.runtime import Answer, Backend, Exported
from ..pictures import masks
from ..pictures.images import Pixels
from ..pictures.masks import Mask
from . import crops
from .backends import open_backend
from .crops import Crop, View
from .request import Request
from .result import Scores

_log = logging.getLogger(__name__)

LIKELY = 0.2
"""Probability from which pixels next to what was found belong to it for `erase`: a part that stays makes the whole grow back."""

Segmenter = Callable[[NDArray[np.uint8], Mask], LabelMap]
"""RGB (H, W, 3) uint8, hole (H, W) -> ids (H, W) of a model's label set; what it says of the hole itself is not used."""
SEGMENTER = "sge-net-street"
"""Who says what is known around a hole to a model that counts on it, where nobody else does."""


class Questions:
    """Asks one model.

    segmenter: says what is around a hole to a model that counts on it, where no label map does; None: the model SEGMENTER.
    """

    def __init__(self, backend: Backend, segmenter: Segmenter | None = None) -> None:
        self.backend = backend
        self._given_segmenter = segmenter

    def __getstate__(self) -> dict[str, object]:
        """Without the segmenter that was found: a copy finds it again."""
        return {name: value for name, value in vars(self).items() if name != "_segmenter"}

    def ask(self, view: View, request: Request) -> Answer:
        """What the model makes of a window (B = 1), which is a view of the request."""
        crop, image, hints, mask = view.crop, view.image, view.hints, view.hole.astype(np.float32)
        start = time.perf_counter()
        if self.backend.known_map:
            free = ~view.hole & (hints == UNKNOWN)
            rgb = np.rint((image * ~view.hole + 1) * 127.5).astype(np.uint8).transpose(1, 2, 0)
            hints = np.where(free, self._segmenter(rgb, view.hole), hints) if free.any() else hints
        inputs = image[None], mask[None, None]
        guide = None
        if self.backend.guide:
            drawing = request.drawings.get(self.backend.guide)
            drawn = None if drawing is None else crops.shrink_mask(drawing, crop).astype(np.float32)[None, None]
            guide = GUIDES[self.backend.guide](*inputs, drawn)
        answer = self.backend.run(*inputs, hints[None], request.forbid[None], guide)
        _log.info(
            "%s sees %dx%d pixels at (%d, %d) as %dx%d and takes %.2f s",
            *(self.backend.name, crop.width, crop.height, crop.left, crop.top, crop.columns, crop.rows),
            time.perf_counter() - start,
        )
        return answer

    def view(self, pixels: Pixels, crop: Crop, request: Request | None = None) -> View:
        """A window of a photo (H, W, 1|3) as a request shows it; without one, nothing is missing in it."""
        request = request or self._nothing(pixels.shape[:2])
        return View.of(pixels, request.hole, request.hints, len(request.forbid), crop)

    def scores(self, view: View) -> Scores:
        """What a model with classes says of them in a window in which nothing is missing: (K, *crop.frame)."""
        logits = self.ask(view, self._nothing(view.hole.shape)).logits
        assert logits is not None, f"{self.backend.name} has a label set and gives no scores"
        scores: Scores = logits[0]
        return scores

    def look(
        self, pixels: Pixels, size: int | None, request: Request | None = None, seen: Sequence[tuple[Crop, Scores]] = ()
    ) -> tuple[LabelMap, Scores]:
        """Label map and confidence (H, W) of a photo without holes.

        seen: what the model said of the classes in the crops that it filled on `request`; the rest is seen with the whole photo.
        """
        views = [(crop, scores, request) for crop, scores in seen if request]
        if not any(crop.hole.shape == pixels.shape[:2] for crop, _ in seen):
            everything, around, nothing = self._view(pixels, size)
            warmth = self.backend.temperature
            joined = [(c, crops.faded(s, c, wish.hole, around, everything, warmth), wish) for c, s, wish in views]
            views = [(everything, around, nothing), *joined]
        return self._read(views, pixels.shape[:2])

    def _read(self, views: Sequence[tuple[Crop, Scores, Request]], shape: tuple[int, ...]) -> tuple[LabelMap, Scores]:
        """Label map and confidence (H, W) from class scores in crops; where they overlap, a later one decides."""
        labels, confidence = np.empty(shape, np.uint8), np.empty(shape, np.float32)
        for crop, scores, wish in views:
            crops.paste_labels(labels, confidence, scores, crop, wish.hole, wish.hints, wish.forbid, self.backend.temperature)
        return labels, confidence

    def _view(self, pixels: Pixels, size: int | None) -> tuple[Crop, Scores, Request]:
        """What the model says of the classes in a photo without holes, all of which it sees."""
        height, width = pixels.shape[:2]
        everything = crops.whole(height, width, size, self.backend.stride)
        return everything, self.scores(self.view(pixels, everything)), self._nothing(pixels.shape[:2])

    def _nothing(self, shape: tuple[int, ...]) -> Request:
        """A request that wants nothing filled, of which each plane is one value (read-only)."""
        nowhere, free = np.broadcast_to(np.zeros((), bool), shape), np.broadcast_to(np.full((), UNKNOWN, np.uint8), shape)
        return Request(nowhere, free, np.zeros(len(self.backend.labels or ()), bool))

    def find(self, pixels: Pixels, ids: Sequence[int], size: int | None) -> tuple[Mask, float]:
        """Where some classes are (H, W), and how many pixels of the photo are one of the segmentation."""
        view = crop, scores, _ = self._view(pixels, size)
        labels, _ = self._read([view], pixels.shape[:2])
        found = np.isin(labels, ids)
        chance = crops.chances(scores, self.backend.temperature)[list(ids)].sum(axis=0, keepdims=True)
        near = found.copy()
        for rows, band in crops.enlarge(chance, crop, cv2.INTER_LINEAR):
            near[rows] |= band[:, :, 0] > LIKELY
        return masks.connected(found, near), crop.scale

    @cached_property
    def _segmenter(self) -> Segmenter:
        if self._given_segmenter is not None:
            return self._given_segmenter
        backend = open_backend(SEGMENTER, self.backend.computing if isinstance(self.backend, Exported) else None)
        if backend.labels != self.backend.labels:
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
            free, forbid = np.full((1, *hole.shape), UNKNOWN, np.int64), np.zeros((1, len(self.backend.labels or ())), bool)
            logits = backend.run(image, hole[None, None].astype(np.float32), free, forbid).logits
            assert logits is not None
            labels: LabelMap = logits[0].argmax(axis=0).astype(np.uint8)
            return labels

        return segment
