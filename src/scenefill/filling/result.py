"""What a fill gives back."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import LabelError
from ..labels import LabelMap, LabelSet
from ..pictures import images
from ..pictures.images import Picture, Pixels
from ..pictures.masks import Mask

Scores = NDArray[np.float32]


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
