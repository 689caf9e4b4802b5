"""Inpainter: the one object that fills holes. Command line, web service, batches and evaluation all go through it.

It decides where to look (crops.py), asks a model (questions.py) and pastes the answer: nothing else composites.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, LabelError
from ..labels import LabelMap, LabelSet
from ..models.runtime import Answer, Backend, Computing, Device, Precision, Runtime
from ..pictures import masks
from ..pictures.images import Picture, Pixels
from ..pictures.masks import Mask
from . import crops, selection
from . import detail as details
from . import removal as removals
from .backends import open_backend
from .crops import Texture, View
from .detail import Detail
from .notices import warn
from .questions import Questions, Segmenter
from .removal import Intent, Removal
from .request import LabelSource, MaskSource, Photo, Request, array_shape, asked, classes, listed, read_both, read_photo, side
from .result import Result, Scores

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""(crops done, crops in all)"""

LARGE_HOLE = 0.6
"""Share of a photo above which a hole draws a warning."""
LEFTOVER = 1.5
"""A segmentation is that uncertain about outlines: `erase` grows its mask by at least so many of its pixels."""


def load(
    name_or_path: str | Path,
    *,
    threads: int | None = None,
    runtime: Runtime = "auto",
    precision: Precision = "fp32",
    device: Device = "cpu",
    segmenter: Segmenter | None = None,
) -> Inpainter:
    """The model of that name (`list_models` has them all), or the one in a weights file.

    threads: how many to compute with; None leaves it to the runtime (one per core).
    runtime: "onnxruntime", "openvino", or "auto": ONNX Runtime at fp32, OpenVINO at bf16.
    precision: "fp32", or "bf16": half the time on processors that have it, and fills that differ a little.
    device: "cpu", or "cuda", "coreml", "directml" where ONNX Runtime has them.   segmenter: as in `Inpainter`.
    Raises WeightsError for an unknown name and for files that are missing or damaged, InputError for a runtime, a precision or a
    device that this machine does not have or that do not go together, MissingExtraError where OpenVINO is not installed.
    """
    return Inpainter(open_backend(name_or_path, Computing(runtime, precision, device, threads)), segmenter)


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
        self._questions = Questions(backend, segmenter)

    @property
    def labels(self) -> LabelSet | None:
        """The classes that the model knows, or None for a model without semantics."""
        return self.backend.labels

    def fill(
        self,
        image: Photo,
        mask: MaskSource | None = None,
        *,
        labels: LabelSource | None = None,
        forbid: Iterable[str] = (),
        edges: MaskSource | None = None,
        intent: Intent = "remove",
        grow: int | Literal["auto"] = "auto",
        feather: int = 0,
        invert_mask: bool = False,
        resize_mask: bool = False,
        size: int | None = None,
        detail: Detail = "auto",
        progress: Progress | None = None,
    ) -> Result:
        """Fill the holes of a photo. Pixels outside the hole grown by `grow` and `feather` come back bit-identical.

        mask: of the photo's size, white or True = hole (masks.read); a path, a file, a PIL image or an array.
            None: what is transparent in the photo, and opaque in the result.
        labels: what shall be where: a label map of the photo's size; 255 = the model decides. Only what lies in the hole counts,
            but for a model that wants to know what is around it.
        forbid: names of classes that may not appear in the hole; a hint beats them.
        edges: a drawing of the photo's size, read as a mask is: strokes of any width, white or True, along which the picture in
            the hole shall have edges. Elsewhere in the hole the model decides. For models led by edges (edge-connect).
        intent: "remove" looks at the photo before it is masked (`removal`): movable things that the mask takes away are forbidden
            in the hole. "restore" is for scratches and lost areas: what lies under the mask has no influence on anything.
        grow: the hole is made larger all round by so many pixels; "auto" is 0, and for a removal grows it over what belongs to
            the things under it: forgotten parts, the soft edge, the contact shadow.
        feather: the fill fades into the photo over so many pixels.
        invert_mask: black is the hole.   resize_mask: stretch a mask of another size.
        size: side in pixels at which the model works, in place of its own working size.
        detail: texture of the known surroundings for what a network leaves blurred: "patchmatch"; "none"; "auto", which is the
            first for every network and the second for methods that are none.
        progress: hears of each crop before it is filled, and of the end; what it raises ends the fill.

        Warns (ScenefillWarning) of a mask without a hole, and of one that leaves little to go by.
        Raises ImageError, MaskError, LabelError for what cannot be used, InputError for a size that the model does not take and
        for edges that it has no use for.
        """
        removals.check(intent)
        working_size = side(self.backend, size)
        picture, hole = read_both(image, mask, invert=invert_mask)
        if resize_mask:
            hole = masks.resize(hole, *picture.pixels.shape[:2])
        masks.check(hole, picture.pixels.shape[:2])
        if not hole.any():
            warn("the mask has no hole, so there is nothing to fill: white is the hole (--invert-mask turns it round)")
        forbidden = set(listed(forbid))
        if intent == "remove":
            found = removals.look(self._questions, picture.pixels, hole, working_size, grow=grow == "auto")
            hole, forbidden = found.mask, forbidden | set(found.things)
        request = asked(self.backend, hole if grow == "auto" else masks.dilate(hole, grow), labels, forbidden, {"edges": edges})
        return self._fill(picture, request, feather, working_size, detail, array_shape(image), progress)

    __call__ = fill

    def removal(self, image: Photo, mask: MaskSource, *, size: int | None = None) -> Removal:
        """What `fill` with its defaults will fill where this is the mask, and the movable things that it finds there.

        size: as in `fill`.   Raises ImageError, MaskError, InputError.
        """
        picture, hole = read_both(image, mask)
        masks.check(hole, picture.pixels.shape[:2])
        return removals.look(self._questions, picture.pixels, hole, side(self.backend, size))

    def select(
        self, image: Photo, at: Sequence[tuple[int, int]], *, size: int | None = None, known: LabelMap | None = None
    ) -> Mask:
        """The things at some points (x, y) of a photo, as a mask (H, W) for `fill`: what a click selects.

        size: as in `fill`.   known: what `segment` said of this photo, (H, W), which spares a look at it.
        Raises ImageError, InputError for a point outside the photo, LabelError for a model without semantics.
        """
        return selection.select(self._questions, read_photo(image).pixels, at, side(self.backend, size), known)

    def segment(self, image: Photo, *, size: int | None = None) -> tuple[LabelMap, Scores]:
        """Label map (H, W) uint8 and confidence (H, W) in 0..1 of a photo: the network with an empty hole, as a segmenter.

        size: as in `fill`.   Raises ImageError, InputError, and LabelError for a model without semantics.
        """
        classes(self.backend, "segment a photo")
        return self._questions.look(read_photo(image).pixels, side(self.backend, size))

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
        names = listed(names)
        ids = classes(self.backend, "find what to erase").ids(names)
        if not ids:
            raise LabelError("no class was named: say what is to be erased")
        picture, working_size = read_photo(image), side(self.backend, size)
        found, scale = self._questions.find(picture.pixels, ids, working_size)
        if not found.any():
            warn(f"no {' or '.join(names)} was found, so there is nothing to erase")
        hole = masks.dilate(found, max(grow, math.ceil(LEFTOVER * scale)))
        return self._fill(
            picture, asked(self.backend, hole, None, names), feather, working_size, detail, array_shape(image), progress
        )

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
            warn(f"{masks.ratio(hole):.0%} of the photo is hole: is the mask meant the other way round (--invert-mask)?", 4)
        pixels = picture.pixels.copy()
        seen = []
        planned = crops.plan(hole, size, self.backend.stride, margin=feather)
        for done, crop in enumerate(planned):
            if progress:
                progress(done, len(planned))
            view = self._questions.view(picture.pixels, crop, request)
            answer = self._questions.ask(view, request)
            drawn, texture = answer.image[0], None
            if detail in ("exemplars", "patchmatch") or (detail == "auto" and self.backend.working_size):
                drawn, texture = self._detailed(answer, picture.pixels, request, view, detail)
            crops.paste(pixels, drawn, hole, crop, feather, texture)
            if answer.logits is not None:
                seen.append((crop, answer.logits[0]))
        if progress:
            progress(len(planned), len(planned))
        look = (lambda: self._questions.look(pixels, size, request, seen)) if self.labels else None
        return Result(picture.replaced(pixels), hole, shape=shape, label_set=self.labels, look=look)

    def _detailed(
        self, answer: Answer, pixels: Pixels, request: Request, view: View, how: Detail
    ) -> tuple[NDArray[np.float32], Texture | None]:
        labels = None
        if answer.logits is not None:
            labels = details.classes(answer.logits[0], view.hints, request.forbid)
        start = time.perf_counter()
        movable = self.labels.ids(self.labels.movable) if self.labels else ()
        detailed = details.transfer(answer.image[0], pixels, request.hole, view, labels, how=how, movable=movable)
        _log.info("detail of %dx%d pixels takes %.2f s", view.crop.width, view.crop.height, time.perf_counter() - start)
        return detailed
